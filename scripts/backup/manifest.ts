import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import { InputError, NotSoError } from '../errors.ts';

/** Raised when an older twemstack could not restore what is written. */
const FORMAT = 1;

/** One shard of a backup: one file. */
export interface ShardBackup {
  readonly shard: string;
  readonly file: string;
  /** Where the data came from, and whether that was the master. */
  readonly member: string;
  readonly fromMaster: boolean;
  readonly redisVersion: string;
  /** Version of the RDB format. */
  readonly rdbVersion: number;
  /** Replication history, and the offset up to which the data goes. */
  readonly replid: string;
  readonly offset: number;
  /** ISO 8601: when the snapshot was asked for. */
  readonly takenAt: string;
  /** By database. */
  readonly databases: Readonly<Record<string, { readonly keys: number; readonly expires: number }>>;
  readonly functions: number;
  /** Of the largest value with its key. */
  readonly largestBytes: number;
  /** Of the RDB file, and of the file as it is stored. */
  readonly rdbBytes: number;
  readonly bytes: number;
  /** Of the file as it is stored, in hex. */
  readonly sha256: string;
}

/** What a backup is: written last, so what has none is none. */
export interface Manifest {
  readonly format: number;
  readonly stack: string;
  /** Name of the backup among those of its stack: the time at which it began. */
  readonly id: string;
  readonly startedAt: string;
  readonly finishedAt: string;
  /** Where keys lived: the part of nutcracker.yml that says so. */
  readonly routing: string;
  readonly encrypted: boolean;
  readonly shards: readonly ShardBackup[];
}

/** The text of a manifest, with a sum of itself that shows whether it was altered: sealed by a key where there is one. */
export function sealManifest(manifest: Manifest, key: string | undefined): string {
  return `${JSON.stringify({ ...manifest, sum: sumOf(manifest, key) }, null, 2)}\n`;
}

/**
 * @param key of an encrypted backup: it has sealed the manifest as well. With a key, what is not sealed by it is refused
 * @param where for the message
 * @throws NotSoError when it is altered; InputError when it is encrypted and no key given, of a later version, or no manifest
 */
export function openManifest(text: string, key: string | undefined, where: string): Manifest {
  const { manifest, sum } = parse(text, where);
  if (key === undefined && manifest.encrypted) {
    throw new InputError('this backup is encrypted, and its key is not here', {
      where,
      remedy: 'name the file that holds it: --key FILE',
    });
  }
  const [found, expected] = [Buffer.from(String(sum)), Buffer.from(sumOf(manifest, key))];
  if (found.length === expected.length && timingSafeEqual(found, expected)) return manifest;
  throw new NotSoError(
    key === undefined
      ? 'the manifest of this backup was altered after it was written'
      : 'the manifest of this backup was altered after it was written, or not sealed by this key',
    {
      where,
      remedy:
        key === undefined
          ? 'take another backup'
          : 'take another backup, or the key with which this one was encrypted',
    },
  );
}

/** What a manifest says, believed for a list and nothing else. @throws as `openManifest`, but for alterations */
export const peekManifest = (text: string, where: string): Manifest => parse(text, where).manifest;

function parse(text: string, where: string): { manifest: Manifest; sum: unknown } {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new NotSoError('the manifest of this backup is damaged: it is not JSON', { where, cause });
  }
  const { sum, ...manifest } = Object(value) as Manifest & { sum: unknown };
  if (typeof manifest.format !== 'number' || !Array.isArray(manifest.shards))
    throw new InputError('this is no manifest of a backup', { where });
  if (manifest.format > FORMAT) {
    throw new InputError(`this backup is of format ${manifest.format}; this version knows up to ${FORMAT}`, {
      where,
      remedy: 'use the version of twemstack that made it, or a later one',
    });
  }
  return { manifest, sum };
}

/** Over the JSON that is written, less the sum. */
function sumOf(manifest: Manifest, key: string | undefined): string {
  const text = JSON.stringify(manifest);
  return key === undefined
    ? `sha256:${createHash('sha256').update(text).digest('hex')}`
    : `hmac-sha256:${createHmac('sha256', key).update(text).digest('hex')}`;
}

export const MANIFEST_FORMAT = FORMAT;

/** `2026-11-27T23-03-02Z`: sorts by time, and is a file name everywhere. */
export const backupId = (at: Date): string => at.toISOString().replace(/\..*/, 'Z').replaceAll(':', '-');

export const isBackupId = (text: string): boolean => /^\d{4}-\d\d-\d\dT\d\d-\d\d-\d\dZ$/.test(text);

/** When a backup was begun, by its id: milliseconds since 1970. */
export const backupTime = (id: string): number => Date.parse(id.replace(/T(\d\d)-(\d\d)-/, 'T$1:$2:'));

/**
 * The id of a backup that is begun now: later than those of all that there are, by a second at least. A clock that was set
 * back must not make the newest backup the oldest, which is the next to be removed.
 */
export const nextBackupId = (newest: string | undefined, now: Date): string =>
  backupId(new Date(newest === undefined ? now : Math.max(now.getTime(), backupTime(newest) + SECOND_MS)));

const SECOND_MS = 1000;
