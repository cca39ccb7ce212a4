import { createHash } from 'node:crypto';
import type { AnyPlan, Credentials, PlanShard } from '../../topology/types.ts';
import { bytesText } from '../data/data-text.ts';
import { routingOf } from '../data/key-moves.ts';
import { NotSoError } from '../errors.ts';
import { readRedis } from '../observe/redis-view.ts';
import { renderNutcrackerYml } from '../render/nutcracker-yml.ts';
import type { Reporter, Step } from '../report/steps.ts';
import { chooseMember, domainsOfMasters } from './choose-member.ts';
import { encrypted } from './encryption.ts';
import { onceWaitedFor } from './held-up.ts';
import { MANIFEST_FORMAT, type Manifest, nextBackupId, type ShardBackup, sealManifest } from './manifest.ts';
import { Pace } from './pace.ts';
import { RdbReader } from './rdb/reader.ts';
import { openSnapshot } from './snapshot.ts';
import type { BackupStore, Draft } from './store/store.ts';
import { tapped } from './tapped.ts';

export interface BackupOptions {
  readonly plan: AnyPlan;
  readonly credentials: Credentials;
  readonly store: BackupStore;
  /** undefined = not encrypted. */
  readonly key: string | undefined;
  /** Also from a master, of shards that have no replica in step. */
  readonly fromMaster: boolean;
  /** MB a second that are read of a shard; 0 = no limit. */
  readonly rateMb: number;
  readonly reporter: Reporter;
  /** Ends it, leaving nothing. */
  readonly signal: AbortSignal;
  /** Where keys live now; the plan's own when the proxies were not asked. */
  readonly routing?: string;
}

/**
 * Backs up every shard, one after the other: one fork at a time, so that it costs the stack little. Each shard's file is
 * as of one moment; the shards' moments differ.
 *
 * @throws NotSoError when a shard or the store fails; nothing of the backup is left then
 */
export async function takeBackup(options: BackupOptions): Promise<Manifest> {
  const { plan, store, signal } = options;
  const now = new Date();
  const id = nextBackupId((await store.ids()).at(-1), now);
  const draft = await store.begin(id);
  try {
    const shards: ShardBackup[] = [];
    for (const shard of plan.shards) shards.push(await backUpShard(shard, draft, options));
    const manifest: Manifest = {
      format: MANIFEST_FORMAT,
      stack: plan.name,
      id,
      startedAt: now.toISOString(),
      finishedAt: new Date().toISOString(),
      routing: routingOf(options.routing ?? renderNutcrackerYml(plan)),
      encrypted: options.key !== undefined,
      shards,
    };
    signal.throwIfAborted();
    await draft.finish(sealManifest(manifest, options.key));
    return manifest;
  } catch (error) {
    await draft.discard();
    if (!signal.aborted) throw error;
    throw new NotSoError('interrupted; nothing of this backup is left', { where: store.where });
  }
}

/** Removes the oldest backups of a store, all but so many. @returns the ids that went */
export async function retain(store: BackupStore, keep: number): Promise<string[]> {
  const ids = await store.ids();
  const old = ids.slice(0, Math.max(0, ids.length - keep));
  for (const id of old) await store.remove(id);
  return old;
}

/** A snapshot that failed through no fault of the store. */
class SnapshotError extends Error {}

async function backUpShard(shard: PlanShard, draft: Draft, options: BackupOptions): Promise<ShardBackup> {
  const { plan, credentials, fromMaster, reporter, signal } = options;
  const login = { username: 'operator', password: credentials.operator };
  return reporter.step(`back up ${shard.name}`, async (step) => {
    const failed = new Map<string, string>();
    for (;;) {
      signal.throwIfAborted();
      // Gives up when none is left.
      const busy = await domainsOfMasters(plan, login);
      const source = await chooseMember(shard, login, { fromMaster, without: failed, busy });
      const { member } = source;
      try {
        const backup = await write(source, draft, options, step);
        const keys = Object.values(backup.databases).reduce((sum, count) => sum + count.keys, 0);
        step.outcome(`${keys} keys, ${bytesText(backup.bytes)}, from ${member.name}`);
        return backup;
      } catch (error) {
        if (!(error instanceof SnapshotError)) throw error;
        failed.set(member.name, `its snapshot failed (${error.message})`);
      }
    }
  });
}

type Source = Awaited<ReturnType<typeof chooseMember>>;

async function write(
  { member, view }: Source,
  draft: Draft,
  { credentials, key, rateMb, signal }: BackupOptions,
  step: Step,
): Promise<ShardBackup> {
  const login = { username: 'operator', password: credentials.operator };
  const takenAt = new Date().toISOString();
  const file = `${member.shard}.rdb${key === undefined ? '' : '.age'}`;
  const snapshot = await openSnapshot(member, login).catch((cause: Error) => {
    throw new SnapshotError(cause.message, { cause });
  });
  const pace = new Pace(rateMb, view.usedMemory);
  const unwatch = onceWaitedFor(
    () => readRedis(member, login),
    () => pace.lift(),
  );
  const reader = new RdbReader({ keys: false });
  const sha256 = createHash('sha256');
  let [rdbBytes, bytes] = [0, 0];
  try {
    const plain = tapped(pace.keep(sourceOf(snapshot.bytes)), (chunk) => {
      signal.throwIfAborted();
      reader.feed(chunk);
      rdbBytes += chunk.length;
      step.progress(
        `${bytesText(rdbBytes)}, ${reader.count} keys, from ${member.name}${paceText(pace, rateMb)}`,
      );
    });
    const stored = key === undefined ? plain : encrypted(plain, key);
    signal.addEventListener('abort', snapshot.close, { once: true });
    await draft.write(
      file,
      tapped(stored, (chunk) => {
        sha256.update(chunk);
        bytes += chunk.length;
      }),
    );
    const contents = reader.end();
    return {
      shard: member.shard,
      file,
      member: member.name,
      fromMaster: view.role === 'master',
      redisVersion: view.version,
      rdbVersion: contents.version,
      replid: snapshot.replid,
      offset: snapshot.offset,
      takenAt,
      databases: Object.fromEntries(contents.databases),
      functions: contents.functions.length,
      largestBytes: contents.largestBytes,
      rdbBytes,
      bytes,
      sha256: sha256.digest('hex'),
    };
  } finally {
    signal.removeEventListener('abort', snapshot.close);
    unwatch();
    snapshot.close();
  }
}

/** Why it is not faster, or faster than it was asked to be. */
function paceText(pace: Pace, rateMb: number): string {
  if (pace.isLimited) return `, at most ${bytesText(pace.bytesPerSecond)} a second`;
  return rateMb === 0 ? '' : ', as fast as it comes: another replica waits for a copy';
}

/** The same, with what goes wrong there told from what goes wrong with the store. */
async function* sourceOf(bytes: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  const chunks = bytes[Symbol.asyncIterator]();
  for (;;) {
    const next = await chunks.next().catch((cause: Error) => {
      throw new SnapshotError(cause.message, { cause });
    });
    if (next.done === true) return;
    yield next.value;
  }
}
