import type { Command } from 'commander';
import { InputError } from '../errors.ts';

/** The verbs are loaded on demand, so that `--help` and `status` do not pay for cdktf. */
export type Verb<O> = (options: O, ...args: string[]) => Promise<number>;

/**
 * Adds a verb, with the options that all of them have; what it gives is the exit code.
 *
 * @param parent the program, or the verb in front of this one
 * @param name as it is typed, with its arguments: `secret <name>`
 */
export function verb<O>(
  parent: Command,
  name: string,
  description: string,
  load: () => Promise<Verb<O>>,
): Command {
  return ask(parent, name, description)
    .option('--json', 'one JSON document on stdout, nothing else')
    .action(async (...args: unknown[]) => {
      // commander passes the arguments, then the options, then the command.
      const [options, command] = args.slice(-2) as [O, Command];
      demandValues(command);
      const run = await load();
      process.exitCode = await run(options, ...(args.slice(0, -2) as string[]));
    });
}

/** A command that reads a stack file; whoever mistypes it is told where it is explained. */
export function ask(parent: Command, name: string, description: string): Command {
  return group(parent, name, description).option('-f, --file <path>', 'the stack file', undefined);
}

/** A command, or a word in front of several. */
export function group(parent: Command, name: string, description: string): Command {
  const command = parent.command(name).description(description);
  const words = [command.name()];
  for (let above: Command | null = parent; above !== null; above = above.parent) words.unshift(above.name());
  return command.showHelpAfterError(`(${words.join(' ')} --help explains it)`);
}

/** @throws InputError for an option whose value is empty, as a variable of a shell is that was never set */
export function demandValues(command: Command): void {
  for (const option of command.options) {
    if (![command.getOptionValue(option.attributeName())].flat().includes('')) continue;
    throw new InputError(`${option.long} has an empty value`, {
      where: option.flags,
      remedy: 'write one behind it, or leave the option out',
    });
  }
}
