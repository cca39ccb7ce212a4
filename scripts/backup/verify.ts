import { NotSoError } from '../errors.ts';
import type { Reporter } from '../report/steps.ts';
import type { ShardBackup } from './manifest.ts';
import type { RdbKey } from './rdb/reader.ts';
import { checkBackup, keysOf, rdbOf, type StoredBackup } from './stored-backup.ts';
import { quoted, type TrialRedis } from './trial/trial-redis.ts';

/** Values of a shard that are held against what redis made of them. */
const SAMPLES = 100;
/** Larger ones are not taken: they go there as text. */
const SAMPLE_BYTES = 16 * 1024;
/** What expires sooner may be gone before it is looked at. */
const EXPIRES_SOON_MS = 10 * 60 * 1000;
const MARK = 'twemstack:next';
const ASIDE = quoted(Buffer.from('twemstack:sample'));

/** What was found about one shard. */
export interface VerifiedShard {
  readonly shard: string;
  readonly keys: number;
  /** Values that were compared. */
  readonly samples: number;
}

/**
 * Restores a backup into a redis of its own, one shard after the other, and compares: keys of each database by number, and
 * some values by what a restore would write.
 *
 * @param trial makes such a redis
 * @throws NotSoError naming the shard, and what is not as it should be
 */
export async function verifyBackup(
  backup: StoredBackup,
  trial: () => Promise<TrialRedis>,
  reporter: Reporter,
  signal: AbortSignal,
): Promise<VerifiedShard[]> {
  await checkBackup(backup, reporter, signal);
  const found: VerifiedShard[] = [];
  for (const shard of backup.manifest.shards) {
    found.push(
      await reporter.step(`restore ${shard.shard} aside`, async (step) => {
        if (signal.aborted) throw new NotSoError('interrupted; nothing was done', { where: backup.where });
        const redis = await trial();
        try {
          const verified = await verifyShard(backup, shard, redis);
          step.outcome(`${verified.keys} keys, ${verified.samples} values compared`);
          return verified;
        } finally {
          await redis.end();
        }
      }),
    );
  }
  return found;
}

async function verifyShard(
  backup: StoredBackup,
  shard: ShardBackup,
  redis: TrialRedis,
): Promise<VerifiedShard> {
  const wrong = (what: string): NotSoError =>
    new NotSoError(`${shard.shard} does not come back as it was: ${what}`, {
      where: `${backup.where}/${shard.file}`,
      remedy: 'take another backup, and verify that',
    });
  try {
    await redis.load(rdbOf(backup, shard));
  } catch (error) {
    throw wrong(`redis does not load it (${(error as Error).message})`);
  }
  const lines = (await redis.ask(['INFO keyspace'])).map((line) =>
    /^db(\d+):keys=(\d+),expires=(\d+)/.exec(line),
  );
  const counted = lines.flatMap((line) =>
    line === null ? [] : [[line[1], { keys: Number(line[2]), expires: Number(line[3]) }] as const],
  );
  const [is, should] = [JSON.stringify(Object.fromEntries(counted)), JSON.stringify(shard.databases)];
  if (is !== should) throw wrong(`it has keys ${is}, and there were ${should}`);
  const samples = await drawSamples(keysOf(backup, shard));
  const differs = await compare(samples, redis);
  if (differs !== undefined) throw wrong(differs);
  return {
    shard: shard.shard,
    keys: counted.reduce((sum, [, { keys }]) => sum + keys, 0),
    samples: samples.length,
  };
}

/** Each key has the same chance (reservoir sampling). */
async function drawSamples(batches: AsyncIterable<readonly RdbKey[]>): Promise<RdbKey[]> {
  const drawn: RdbKey[] = [];
  const from = Date.now() + EXPIRES_SOON_MS;
  let seen = 0;
  for await (const keys of batches) {
    for (const key of keys) {
      if (key.payload.length > SAMPLE_BYTES || (key.expiresAt ?? from) < from) continue;
      const place = Math.floor(Math.random() * ++seen);
      if (drawn.length < SAMPLES) drawn.push(key);
      else if (place < SAMPLES) drawn[place] = key;
    }
  }
  return drawn;
}

/**
 * Writes each value as a restore would beside what was loaded, and has redis say whether they are the same: its digests
 * do not depend on the order in which it keeps members of a set.
 *
 * @returns what is not as it should be; undefined = nothing
 */
async function compare(samples: readonly RdbKey[], redis: TrialRedis): Promise<string | undefined> {
  const lines = await redis.ask(
    samples.flatMap(({ database, key, payload, expiresAt = 0 }) => [
      `ECHO ${MARK}`,
      `SELECT ${database}`,
      // With its expiry, which is part of the digest.
      `RESTORE ${ASIDE} ${expiresAt} ${quoted(payload)} REPLACE ABSTTL`,
      `DEBUG DIGEST-VALUE ${quoted(key)} ${ASIDE}`,
      `DEL ${ASIDE}`,
      `PEXPIRETIME ${quoted(key)}`,
    ]),
  );
  const answers = lines.join('\n').split(`${MARK}\n`).slice(1);
  for (const [i, { key, expiresAt }] of samples.entries()) {
    const [, restored, loaded, written, , expiry] = (answers[i] ?? '').split('\n');
    const name = `the key ${JSON.stringify(key.toString('latin1'))}`;
    if (restored !== 'OK') return `${name} cannot be restored: ${restored}`;
    if (loaded !== written) return `the value of ${name} is another`;
    if (Number(expiry) !== (expiresAt ?? -1))
      return `${name} expires at ${expiry} instead of ${expiresAt ?? 'never'}`;
  }
  return undefined;
}
