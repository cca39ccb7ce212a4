import { join } from 'node:path';
import type { BackupSettings } from '../../topology/types.ts';
import type { Home } from '../stack/home.ts';
import { readIfPresent, writePrivate } from '../stack/private-file.ts';
import { formatAge } from './age.ts';

/** How the last backups that were taken from here went. Times are milliseconds since 1970. */
export interface BackupRecord {
  /** When the last whole one was finished. */
  readonly lastGood?: number;
  /** The last one that could not be taken whole, and why, in a line. */
  readonly lastFailure?: { readonly at: number; readonly why: string };
}

/** What there is to say of a stack's backups. */
export interface BackupState {
  /** `none`: nobody asked for any, and none was taken. `never`: some should be, and none was. */
  readonly kind: 'none' | 'good' | 'never' | 'stale' | 'failed';
  readonly text: string;
}

/** Two in a row that are not there are no accident of timing. */
export const STALE_AFTER = 2;

const recordFile = (home: Home, stack: string): string => join(home.stack(stack), 'backup.json');

/** What is noted down; a file that is damaged, or not there, notes nothing down. */
export function readBackupRecord(home: Home, stack: string): BackupRecord {
  let found: Partial<BackupRecord>;
  try {
    found = Object(JSON.parse(readIfPresent(recordFile(home, stack)) ?? '{}')) as Partial<BackupRecord>;
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    found = {};
  }
  const { lastGood, lastFailure } = found;
  return {
    ...(typeof lastGood === 'number' ? { lastGood } : {}),
    ...(typeof lastFailure?.at === 'number'
      ? { lastFailure: { at: lastFailure.at, why: String(lastFailure.why) } }
      : {}),
  };
}

/** Notes down that one is whole. @returns all that is noted down then */
export const noteGood = (home: Home, stack: string, at: number): BackupRecord =>
  write(home, stack, { ...readBackupRecord(home, stack), lastGood: at });

/** Notes down that one could not be taken. @returns all that is noted down then */
export const noteFailure = (home: Home, stack: string, at: number, why: string): BackupRecord =>
  write(home, stack, { ...readBackupRecord(home, stack), lastFailure: { at, why: why.split('\n')[0] } });

/** Puts the last failure back that was noted down before another one. @returns all that is noted down then */
export function forgetFailure(home: Home, stack: string, before: BackupRecord['lastFailure']): BackupRecord {
  const { lastGood } = readBackupRecord(home, stack);
  return write(home, stack, { lastGood, lastFailure: before });
}

function write(home: Home, stack: string, record: BackupRecord): BackupRecord {
  home.privateDir(home.stack(stack));
  writePrivate(recordFile(home, stack), `${JSON.stringify(record, null, 2)}\n`);
  return record;
}

/** Judges the backups of a stack, as of `now`. Pure. */
export function judgeBackups(
  { everyMs }: Pick<BackupSettings, 'everyMs'>,
  record: BackupRecord,
  now: number,
): BackupState {
  const { lastGood, lastFailure } = record;
  const newest =
    lastGood === undefined ? 'there is none from here' : `the newest is ${formatAge(now - lastGood)} old`;
  if (lastFailure !== undefined && lastFailure.at > (lastGood ?? 0))
    return {
      kind: 'failed',
      text: `the last one failed ${formatAge(now - lastFailure.at)} ago, ${newest}: ${lastFailure.why}`,
    };
  const often = everyMs === 0 ? '' : `, one is wanted every ${formatAge(everyMs)}`;
  if (lastGood === undefined)
    return everyMs === 0 ? { kind: 'none', text: newest } : { kind: 'never', text: `${newest}${often}` };
  if (everyMs > 0 && now - lastGood > STALE_AFTER * everyMs)
    return { kind: 'stale', text: `${newest}${often}` };
  return { kind: 'good', text: `${newest}${often}` };
}
