/** The section `backup`. */
import type { Partially } from './draft.ts';
import { BACKUP_KEYS } from './keys.ts';
import { checkMapping, duration, integer, type Parser, readValue, sizeMb } from './reading.ts';
import type { StackFile } from './stack-file.ts';
import type { BackupSettings } from './types.ts';

const MINUTE_MS = 60_000;
const WEEK_MS = 7 * 24 * 60 * MINUTE_MS;
/**
 * Slower, and a redis takes whoever reads for dead: its buffers have to move within `repl-timeout` (30 s), and a socket holds some MB.
 * Faster than the most, nothing is read anyway.
 */
const [LEAST_RATE_MB, MOST_RATE_MB] = [1, 10 * 1024];
/** Some 12 ms of processor time each, 15 encrypted, most of it of the child that compresses: 1.5 % of two processors that carry a whole stack, its clients and the backup. */
const RATE_MB = 2;
/** What lets a backup be read as fast as it comes. */
const NO_RATE = 'unlimited';

/** Reads `backup`. */
export function readBackup(file: StackFile): Partially<BackupSettings> {
  const at = (key: (typeof BACKUP_KEYS)[number]) => ['backup', key];
  checkMapping(file, ['backup'], BACKUP_KEYS);
  const every = duration({ min: MINUTE_MS, max: WEEK_MS, unitNeeded: true });
  return {
    everyMs: readValue(file, at('every'), every, { value: 0, shown: 'none' }),
    keep: readValue(file, at('keep'), integer(1, 999_999), { value: 0, shown: 'all' }),
    to: readValue(file, at('to'), place, { value: '', shown: '.twemstack/backups' }),
    encrypt: readValue(file, at('encrypt'), yesOrNo, { value: false, shown: 'false' }),
    rateMb: readValue(file, at('rate'), backupRate, { value: RATE_MB, shown: `${RATE_MB}mb` }),
  };
}

const rateSize = sizeMb(LEAST_RATE_MB, MOST_RATE_MB);

/** How much of a shard is read each second, in MB; 0 = as fast as it comes. */
export const backupRate: Parser<number> = (raw) => {
  if (raw === NO_RATE) return { ok: 0 };
  const read = rateSize(raw);
  return 'ok' in read ? read : { ...read, remedy: `${read.remedy} ${NO_RATE}: as fast as it comes.` };
};

/** A folder, or an address of a kind of store that is known. */
const place: Parser<string> = (raw) => {
  const text = String(raw);
  if (/^s3:\/\/[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](\/.*)?$/.test(text) || !/^[a-z0-9+]+:\/\/|^\s*$/i.test(text))
    return { ok: text };
  return {
    rule: 'is neither a folder nor s3://BUCKET/PREFIX',
    remedy: 'Write one of them, or remove the key for .twemstack/backups.',
  };
};

const yesOrNo: Parser<boolean> = (raw) =>
  typeof raw === 'boolean'
    ? { ok: raw }
    : { rule: 'is neither true nor false', remedy: 'Write true or false.' };
