import { createHash } from 'node:crypto';
import { basename, dirname } from 'node:path';
import { bytesText } from '../data/data-text.ts';
import { InputError, NotSoError } from '../errors.ts';
import type { Reporter } from '../report/steps.ts';
import type { Home } from '../stack/home.ts';
import { decrypted, knownKey, readKey } from './encryption.ts';
import { isBackupId, type Manifest, openManifest, peekManifest, type ShardBackup } from './manifest.ts';
import { type RdbKey, RdbReader } from './rdb/reader.ts';
import { openStore } from './store/open-store.ts';
import { type BackupStore, MANIFEST_FILE, readText } from './store/store.ts';
import { tapped } from './tapped.ts';

/** A backup in a store, whose manifest has shown to be as it was written. */
export interface StoredBackup {
  readonly store: BackupStore;
  readonly manifest: Manifest;
  /** For messages. */
  readonly where: string;
  readonly key: string | undefined;
}

export interface BackupChoice {
  readonly home: Home;
  readonly stack: string;
  /** An id, `latest`, or where a backup lies: a path, an address. */
  readonly name: string;
  /** Where backups are kept; as `openStore` takes it. */
  readonly to: string | undefined;
  /** File with its key; undefined = the one of the stack that it is of, if it is encrypted. */
  readonly keyFile: string | undefined;
}

/** Finds a backup. @throws InputError when it is not there or needs another key; NotSoError when it was altered */
export async function findBackup(choice: BackupChoice): Promise<StoredBackup> {
  const { store, id } = await locate(choice);
  const where = `${store.where}/${id}`;
  const text = await readText(store, id, MANIFEST_FILE);
  const { encrypted, stack } = peekManifest(text, where);
  const { keyFile, home } = choice;
  const key = keyFile !== undefined ? readKey(keyFile) : encrypted ? knownKey(home, stack) : undefined;
  return { store, manifest: openManifest(text, key, where), where, key };
}

async function locate({ home, stack, name, to }: BackupChoice): Promise<{ store: BackupStore; id: string }> {
  const path = name.replace(/\/+$/, '');
  const [id, folder] = [basename(path), dirname(path)];
  if (path.includes('/') && isBackupId(id)) {
    return { id, store: openStore(home, basename(folder), dirname(folder)) };
  }
  const store = openStore(home, stack, to);
  const ids = await store.ids();
  const found = name === 'latest' ? ids.at(-1) : ids.find((each) => each === name);
  if (found !== undefined) return { store, id: found };
  throw new InputError(
    name === 'latest' ? `there is no backup of ${stack}` : `there is no backup "${name}" of ${stack}`,
    {
      where: store.where,
      remedy:
        ids.length === 0
          ? '--to names another place; a backup can also be named by its path, which ends in its time'
          : `there are ${ids.join(', ')}`,
    },
  );
}

/** The RDB file of a shard, as it was taken. */
export function rdbOf(backup: StoredBackup, shard: ShardBackup): AsyncIterable<Buffer> {
  const { store, manifest, key } = backup;
  const stored = store.read(manifest.id, shard.file);
  return key === undefined ? stored : decrypted(stored, key);
}

/** Keys of a shard's file with their payloads, a few at a time, in an order that is always the same. */
export async function* keysOf(backup: StoredBackup, shard: ShardBackup): AsyncGenerator<readonly RdbKey[]> {
  const reader = new RdbReader({ keys: true });
  for await (const chunk of rdbOf(backup, shard)) {
    const keys = reader.feed(chunk);
    if (keys.length > 0) yield keys;
  }
  reader.end();
}

/** What a whole reading of a shard's file found out. */
export interface CheckedShard {
  readonly functions: readonly string[];
}

/**
 * Reads a whole backup and holds it against its manifest: sizes, checksums, that each file is an RDB file from its beginning to
 * its end, and how many keys it holds.
 *
 * @returns what each shard holds besides keys, by shard
 * @throws NotSoError naming the file that is cut short or altered
 */
export async function checkBackup(
  backup: StoredBackup,
  reporter: Reporter,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, CheckedShard>> {
  const total = backup.manifest.shards.reduce((sum, { bytes }) => sum + bytes, 0);
  return reporter.step('check the backup', async (step) => {
    const checked = new Map<string, CheckedShard>();
    let done = 0;
    for (const shard of backup.manifest.shards) {
      checked.set(
        shard.shard,
        await checkShard(backup, shard, (bytes) => {
          if (signal.aborted) throw new NotSoError('interrupted; nothing was done', { where: backup.where });
          done += bytes;
          step.progress(`${shard.file}: ${bytesText(done)} of ${bytesText(total)}`);
        }),
      );
    }
    step.outcome(`${backup.manifest.shards.length} files are as they were written, ${bytesText(total)}`);
    return checked;
  });
}

async function checkShard(
  backup: StoredBackup,
  shard: ShardBackup,
  onBytes: (bytes: number) => void,
): Promise<CheckedShard> {
  const altered = (what: string, cause?: unknown): NotSoError =>
    new NotSoError(`a file of this backup is not as it was written: ${what}`, {
      where: `${backup.where}/${shard.file}`,
      remedy: 'use another backup; no key of this one was written anywhere',
      cause,
    });
  const sha256 = createHash('sha256');
  let bytes = 0;
  // The sum first: nothing looks into what is not as it was.
  for await (const chunk of backup.store.read(backup.manifest.id, shard.file)) {
    onBytes(chunk.length);
    bytes += chunk.length;
    sha256.update(chunk);
  }
  if (bytes !== shard.bytes) throw altered(`it has ${bytes} bytes instead of ${shard.bytes}`);
  if (sha256.digest('hex') !== shard.sha256) throw altered('its SHA-256 is another');
  const reader = new RdbReader({ keys: false });
  let read = 0;
  try {
    const chunks = tapped(rdbOf(backup, shard), (chunk) => {
      read += chunk.length;
    });
    for await (const chunk of chunks) reader.feed(chunk);
    const { databases, functions } = reader.end();
    const found = Object.fromEntries(databases);
    if (read !== shard.rdbBytes || JSON.stringify(found) !== JSON.stringify(shard.databases))
      throw new Error('it holds something else than its manifest says');
    return { functions };
  } catch (error) {
    throw altered((error as Error).message, error);
  }
}
