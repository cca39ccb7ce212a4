import { EXIT } from '../scripts/errors.ts';
import { startStackRun } from '../test/support/stack-run.ts';

/**
 * Brings a stack up on an engine of its own, runs a program of these tools where its networks are, and ends both. What
 * either says on stderr is said here; what the program says on stdout, too.
 *
 * @param program file, from the checkout on; @param words its arguments
 * @param text the stack file's; the tests' usual one where it is not given
 * @returns the exit code: of `up` when that fails, else the program's
 */
export async function runOnOwnStack(
  program: string,
  words: readonly string[],
  text?: string,
): Promise<number> {
  const stack = await startStackRun(text);
  try {
    const up = stack.start('up');
    up.stderr?.pipe(process.stderr);
    const { exitCode: begun } = await up;
    if (begun !== EXIT.done) return begun ?? EXIT.notSo;
    const run = stack.begin(process.execPath, '--import=tsx', program, ...words);
    run.stderr?.pipe(process.stderr);
    const { exitCode, stdout } = await run;
    process.stdout.write(`${String(stdout)}\n`);
    return exitCode ?? EXIT.notSo;
  } finally {
    await stack.end();
  }
}
