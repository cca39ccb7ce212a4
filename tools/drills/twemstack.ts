import { join } from 'node:path';
import { execa } from 'execa';
import { EXIT } from '../../scripts/errors.ts';
import { CHECKOUT } from '../../scripts/stack/home.ts';

/** How a verb ended. */
export interface Ended {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a verb of this checkout as an operator types it, in this process' environment. @param isShown what it says on stderr is said here */
export async function twemstack(words: readonly string[], isShown = false): Promise<Ended> {
  const { exitCode, stdout, stderr } = await execa(
    process.execPath,
    [join(CHECKOUT, 'scripts/twemstack.mjs'), ...words],
    { reject: false, stdin: 'ignore', stderr: isShown ? 'inherit' : 'pipe' },
  );
  return { exitCode: exitCode ?? EXIT.notSo, stdout, stderr: stderr ?? '' };
}
