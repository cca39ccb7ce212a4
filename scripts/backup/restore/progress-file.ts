import { createHash } from 'node:crypto';
import { keptNote, type Note } from '../../stack/kept-note.ts';
import type { Manifest } from '../manifest.ts';

/** How far a restore has come; kept until it is whole, so that the same command goes on. */
export interface RestoreProgress extends Note {
  /** For people. */
  readonly backup: string;
  /** Keys of each file that are done, by shard of the backup. */
  readonly done: Readonly<Record<string, number>>;
}

/** What an interrupted restore left. */
export const restoreProgress = keptNote<RestoreProgress>('restore.json');

/** The same for the same backup into the same ring. */
export const restoreMark = (manifest: Manifest, routing: string): string =>
  createHash('sha256')
    .update(JSON.stringify([manifest, routing]))
    .digest('hex');
