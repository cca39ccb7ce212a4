import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import type { Home } from './home.ts';
import { readIfPresent, writePrivate } from './private-file.ts';

const instanceFile = (home: Home, stack: string): string => join(home.stack(stack), 'instance');

/** What tells this deployment from one of the same name made from another checkout; undefined before the first one. */
export function readInstance(home: Home, stack: string): string | undefined {
  return readIfPresent(instanceFile(home, stack))?.trim();
}

export function ensureInstance(home: Home, stack: string): string {
  const existing = readInstance(home, stack);
  if (existing !== undefined) return existing;
  const drawn = randomBytes(8).toString('hex');
  home.privateDir(home.stack(stack));
  writePrivate(instanceFile(home, stack), `${drawn}\n`);
  return drawn;
}
