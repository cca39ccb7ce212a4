import { execFileSync } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { findProgram } from '../../scripts/prepare/platform.ts';

/**
 * Compiles the library that gives processes a time of day of their own.
 *
 * @returns its path, in that folder; undefined: there is no compiler here
 */
export function buildSettableClock(folder: string): string | undefined {
  if (findProgram('cc') === undefined) return undefined;
  const library = join(folder, 'settable-clock.so');
  const source = 'test/support/settable-clock.c';
  execFileSync('cc', ['-shared', '-fPIC', '-O1', '-Wall', '-Werror', '-o', library, source]);
  return library;
}

/** Environment of a process, and of those it starts, whose clock is to go by a file; makes the file when it is not there. */
export function settableClock(library: string, file: string): NodeJS.ProcessEnv {
  if (!existsSync(file)) setClock(file, 0);
  return { LD_PRELOAD: library, SETTABLE_CLOCK: file };
}

/** Whole seconds away from the machine's clock, for everything that goes by the file, at once. */
export function setClock(file: string, seconds: number): void {
  const bytes = Buffer.alloc(8);
  bytes.writeBigInt64LE(BigInt(seconds));
  // Into the file that is there: it is mapped into the processes. Eight bytes are written at once.
  writeFileSync(file, bytes, { flag: existsSync(file) ? 'r+' : 'w' });
}
