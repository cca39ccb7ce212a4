import { createHash } from 'node:crypto';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Home } from '../../stack/home.ts';
import { readIfPresent, writePrivate } from '../../stack/private-file.ts';
import type { Manifest } from '../manifest.ts';

/** How far a restore has come; kept until it is whole, so that the same command goes on. */
export interface RestoreProgress {
  /** Tells which backup goes where. */
  readonly mark: string;
  /** For people. */
  readonly backup: string;
  /** Keys of each file that are done, by shard of the backup. */
  readonly done: Readonly<Record<string, number>>;
}

const progressFile = (home: Home, stack: string): string => join(home.stack(stack), 'restore.json');

/** The same for the same backup into the same ring. */
export const restoreMark = (manifest: Manifest, routing: string): string =>
  createHash('sha256')
    .update(JSON.stringify([manifest, routing]))
    .digest('hex');

/** What an interrupted restore left; a damaged file is as good as none. */
export function readProgress(home: Home, stack: string): RestoreProgress | undefined {
  try {
    const found = JSON.parse(readIfPresent(progressFile(home, stack)) ?? 'null') as RestoreProgress | null;
    return found?.mark === undefined ? undefined : found;
  } catch {
    return undefined;
  }
}

export function writeProgress(home: Home, stack: string, progress: RestoreProgress): void {
  home.privateDir(home.stack(stack));
  // Should the machine go down, some keys are written once more.
  writePrivate(progressFile(home, stack), `${JSON.stringify(progress)}\n`, { durable: false });
}

export const forgetProgress = (home: Home, stack: string): void =>
  rmSync(progressFile(home, stack), { force: true });
