import type { Request, Target } from '../backup/restore/target.ts';
import { NotSoError } from '../errors.ts';
import { type Keyspace, parseKeyspace } from './check-source.ts';
import type { FollowedSource } from './follow-source.ts';
import { bytesOf, type SourceClient, type SourceKey } from './source-client.ts';
import type { Lane } from './sources.ts';

/** Keys of each database of each source that are compared, at the most. */
const SAMPLES = 50;
/** Larger ones are not taken: a comparison is part of the pause. */
const SAMPLE_BYTES = 64 * 1024;
/** What expires sooner may be gone on one side before it is looked at. */
const EXPIRES_SOON_MS = 10_000;
/** An older source tells what is left; its clock is asked for, too. */
const CLOCK_MS = 1000;

/** What was found to be alike. */
export interface Compared {
  /** Keys that do not expire, all of them counted on both sides; undefined = they cannot be counted here. */
  readonly keys: number | undefined;
  readonly samples: number;
}

type Targets = ReadonlyMap<string, Target>;

/**
 * Holds the pool against its sources: keys that do not expire by number, some by value and expiry.
 *
 * @param counts whether all keys of the pool are the sources'
 * @throws NotSoError naming what differs
 */
export async function compareSides(
  sources: readonly FollowedSource[],
  targets: Targets,
  counts: boolean,
  signal: AbortSignal,
): Promise<Compared> {
  // What stands where nobody looks for it is not copied, and was counted during the scan alone.
  const isCounted = counts && sources.every(({ figures }) => figures.astray === 0);
  const keys = isCounted ? await compareCounts(sources, targets, signal) : undefined;
  let samples = 0;
  for (const source of sources) samples += await compareSamples(source, targets, signal);
  return { keys, samples };
}

async function compareCounts(
  sources: readonly FollowedSource[],
  targets: Targets,
  signal: AbortSignal,
): Promise<number> {
  let were = 0;
  const places = new Map<string, Set<number>>();
  for (const { client, source } of sources) {
    const databases = new Set(source.lanes.map(({ from }) => from));
    were += lasting(parseKeyspace(await client.info('keyspace')), databases);
    for (const { pool, to } of source.lanes)
      for (const { name } of pool.servers) places.set(name, (places.get(name) ?? new Set()).add(to));
  }
  let are = 0;
  for (const [shard, databases] of places) {
    const info = await targets.get(shard)?.info('keyspace', signal);
    are += lasting(parseKeyspace(info ?? new Map()), databases);
  }
  if (were === are) return were;
  throw differs(`there are ${were} keys without an expiry, and the pool has ${are}`);
}

const lasting = (keyspace: Keyspace, databases: ReadonlySet<number>): number =>
  [...keyspace].reduce(
    (sum, [database, { keys, expires }]) => sum + (databases.has(database) ? keys - expires : 0),
    0,
  );

async function compareSamples(
  { client, source }: FollowedSource,
  targets: Targets,
  signal: AbortSignal,
): Promise<number> {
  let compared = 0;
  for (const database of new Set(source.lanes.map(({ from }) => from))) {
    const names = await client.randomKeys(database, SAMPLES);
    const drawn = names.map((name) => ({ database, name }));
    for await (const batch of client.read(drawn, SAMPLE_BYTES)) {
      const soon = Date.now() + EXPIRES_SOON_MS;
      const keys = batch.filter(
        ({ payload, expiresAt }) => payload !== undefined && (expiresAt ?? soon) >= soon,
      );
      for (const lane of source.lanes)
        if (lane.from === database) compared += await compareLane(client, keys, lane, targets, signal);
    }
  }
  return compared;
}

/** @returns how many of the keys go this way, and are alike */
async function compareLane(
  client: SourceClient,
  keys: readonly SourceKey[],
  { to, isLookedFor, shardOf }: Lane,
  targets: Targets,
  signal: AbortSignal,
): Promise<number> {
  const byShard = new Map<string, SourceKey[]>();
  for (const key of keys) {
    const name = bytesOf(key.name);
    if (!isLookedFor(name)) continue;
    const shard = shardOf(name);
    byShard.set(shard, [...(byShard.get(shard) ?? []), key]);
  }
  let compared = 0;
  for (const [shard, own] of byShard) {
    const target = targets.get(shard);
    if (target === undefined) throw new Error(`no shard ${shard} in the plan`);
    const [, ...answers] = await target.sendForBytes(
      [
        ['SELECT', to],
        ...own.flatMap(({ name }): Request[] => [
          ['DUMP', bytesOf(name)],
          ['PEXPIRETIME', bytesOf(name)],
        ]),
      ],
      signal,
    );
    for (const [i, key] of own.entries()) {
      demandExpiry(key, Number(answers[2 * i + 1]));
      const payload = answers[2 * i] as Buffer;
      if (key.payload?.equals(payload) !== true && !(await isAlike(client, key, to, target, signal)))
        throw differs(`the value of ${quoted(key)} is another`);
    }
    compared += own.length;
  }
  return compared;
}

function demandExpiry(key: SourceKey, expiry: number): void {
  if (expiry === -2) throw differs(`the pool has no key ${quoted(key)}`);
  const should = key.expiresAt ?? -1;
  const isSame = should < 0 || expiry < 0 ? should === expiry : Math.abs(should - expiry) <= CLOCK_MS;
  if (!isSame) throw differs(`${quoted(key)} expires at ${expiry} instead of ${should}`);
}

const READERS: Readonly<Record<string, (name: Buffer) => Request>> = {
  string: (name) => ['GET', name],
  list: (name) => ['LRANGE', name, 0, -1],
  set: (name) => ['SMEMBERS', name],
  hash: (name) => ['HGETALL', name],
  zset: (name) => ['ZRANGE', name, 0, -1, 'WITHSCORES'],
  stream: (name) => ['XRANGE', name, '-', '+'],
};

/** Two redises may keep one value in two forms, and in an order of their own. */
async function isAlike(
  client: SourceClient,
  { database, name }: SourceKey,
  to: number,
  target: Target,
  signal: AbortSignal,
): Promise<boolean> {
  const key = bytesOf(name);
  const type = String(await client.ask(database, ['TYPE', key]));
  const read = READERS[type]?.(key);
  if (read === undefined) return false;
  const were = await client.ask(database, read);
  const [, are] = await target.sendForBytes([['SELECT', to], read], signal);
  return textOf(type, were) === textOf(type, are);
}

function textOf(type: string, answer: unknown): string {
  const plain = (value: unknown): unknown =>
    Buffer.isBuffer(value) ? value.toString('latin1') : Array.isArray(value) ? value.map(plain) : value;
  const value = plain(answer);
  if (!Array.isArray(value)) return JSON.stringify(value);
  if (type === 'set') return JSON.stringify(value.sort());
  if (type !== 'hash') return JSON.stringify(value);
  const fields = value.flatMap((field, i) => (i % 2 === 0 ? [JSON.stringify([field, value[i + 1]])] : []));
  return JSON.stringify(fields.sort());
}

const quoted = ({ name }: SourceKey): string => JSON.stringify(name);

const differs = (what: string): NotSoError =>
  new NotSoError(`both sides differ: ${what}; nothing was cut over`, {
    where: 'the pool',
    remedy:
      'does somebody write to the pool, or to a replica of it? When nobody does, the same command brings it level again',
  });
