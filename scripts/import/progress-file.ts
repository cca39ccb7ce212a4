import { createHash } from 'node:crypto';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Home } from '../stack/home.ts';
import { readIfPresent, writePrivate } from '../stack/private-file.ts';
import type { ImportSource } from './sources.ts';

/** That an import has begun and is not complete: what is in the pool is its own. */
export interface ImportRecord {
  /** Tells what comes from where and goes where. */
  readonly mark: string;
  /** For people. */
  readonly from: string;
}

const recordFile = (home: Home, stack: string): string => join(home.stack(stack), 'import.json');

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

/** What an interrupted import left; a damaged file is as good as none. */
export function readRecord(home: Home, stack: string): ImportRecord | undefined {
  try {
    const found = JSON.parse(readIfPresent(recordFile(home, stack)) ?? 'null') as ImportRecord | null;
    return found?.mark === undefined ? undefined : found;
  } catch {
    return undefined;
  }
}

export function writeRecord(home: Home, stack: string, record: ImportRecord): void {
  home.privateDir(home.stack(stack));
  writePrivate(recordFile(home, stack), `${JSON.stringify(record)}\n`);
}

export const forgetRecord = (home: Home, stack: string): void =>
  rmSync(recordFile(home, stack), { force: true });
