import { createHash } from 'node:crypto';
import { keptNote, type Note } from '../stack/kept-note.ts';
import type { ImportSource } from './sources.ts';

/** That an import has begun and is not complete: what is in the pool is its own. */
export interface ImportRecord extends Note {
  /** For people. */
  readonly from: string;
}

export const importRecord = keptNote<ImportRecord>('import.json');

/** The same for the same sources into the same ring. No password is in it. */
export function importMark(sources: readonly ImportSource[], routing: string): string {
  const ways = sources.map(({ at, lanes }) => [
    at.place,
    lanes.map(({ pool, from, to }) => [pool.name, from, to]),
  ]);
  return createHash('sha256')
    .update(JSON.stringify([ways, routing]))
    .digest('hex');
}
