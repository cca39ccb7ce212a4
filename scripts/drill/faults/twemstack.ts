import { join } from 'node:path';
import { execa } from 'execa';
import { NotSoError } from '../../errors.ts';
import { CHECKOUT, homeFolder } from '../../stack/home.ts';

const LINES = 12;

export type Running = ReturnType<typeof twemstack>;

/** A verb of `twemstack` as an operator types it beside the drill, with the home that the stack was deployed from. */
export function twemstack(words: readonly string[], stackFile: string, home: string = homeFolder(stackFile)) {
  const command = [join(CHECKOUT, 'scripts/twemstack.mjs'), ...words, '--file', stackFile];
  return execa(process.execPath, command, {
    cwd: home,
    env: { TWEMSTACK_HOME: home },
    reject: false,
    all: true,
    stdin: 'ignore',
  });
}

/** @throws NotSoError with the end of what it said when it did not end with that code */
export async function endsWith(wanted: number, running: Running, what: string): Promise<void> {
  const { exitCode, all } = await running;
  if (exitCode === wanted) return;
  const end = all.trimEnd().split('\n').slice(-LINES).join('\n');
  throw new NotSoError(`${what} ended with ${exitCode}:\n${end}`, { remedy: 'run `twemstack up`' });
}
