import type { Command } from 'commander';

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
  return parent
    .command(name)
    .description(description)
    .option('-f, --file <path>', 'the stack file', undefined)
    .option('--json', 'one JSON document on stdout, nothing else')
    .action(async (...args: unknown[]) => {
      // commander passes the arguments, then the options, then the command.
      const options = args.at(-2) as O;
      const run = await load();
      process.exitCode = await run(options, ...(args.slice(0, -2) as string[]));
    });
}
