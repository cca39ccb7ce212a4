/** `npm run attack`: a stack of its own on an engine of its own, and every hostile client there is against it. */
import { EXIT, tellOperator } from '../../scripts/errors.ts';
import { runOnOwnStack } from '../own-stack.ts';
import { chooseAttacks, loadAttacks } from './catalogue.ts';

const USAGE = `usage: npm run attack [-- --only NAME]… [--thin] [--json]

Tries what a hostile client with the application's password, or without one, can try, from an application's container
on a stack of its own (an engine of its own, as in npm test; root and the Debian packages of npm test). While each
attack goes on another application wants to be served. An attack succeeds when that one waits too long or fails, when
anything restarts or is killed for memory, keeps memory or descriptors, when data of others changes, when a password
is disclosed, or when the stack is not whole by itself afterwards. Bounded: each attack has its seconds.

  --only NAME   this one; may be given several times
  --thin        those that npm test runs
  --json        one document on stdout: attacks[] with what each did and in what it succeeded
  --list        names all of them
  --help

Exit codes: 0 all beaten off, 1 one succeeded, 2 bad input.
`;

async function main(args: readonly string[]): Promise<number> {
  if (args.includes('--help')) {
    process.stdout.write(USAGE);
    return EXIT.done;
  }
  const all = await loadAttacks();
  if (args.includes('--list')) {
    const lines = all.map(({ name, as, tries }) => `${name.padEnd(24)} ${as.join(', ').padEnd(22)} ${tries}`);
    process.stdout.write(`${lines.join('\n')}\n`);
    return EXIT.done;
  }
  // Before a stack is started for nothing.
  chooseAttacks(
    all,
    args.flatMap((arg, n) => (args[n - 1] === '--only' ? [arg] : [])),
    false,
  );
  return await runOnOwnStack('tools/attack/on-stack.ts', args);
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  process.exitCode = tellOperator(error);
}
