import { parse, stringify } from 'yaml';
import { parseConfig } from '../../proxy/config/nutcracker-yml.ts';
import type { PoolConfig } from '../../proxy/config/pool.ts';
import { HASHES } from '../../proxy/hash/hash-kit.ts';
import { KeyRouter } from '../../proxy/hash/key-router.ts';

/** What of a pool file says where keys live; the rest, passwords above all, is of no concern here. */
const ROUTING = [
  'listen',
  'hash',
  'distribution',
  'hash_tag',
  'redis',
  'redis_db',
  'databases',
  'servers',
] as const;

/** How many made-up keys are looked up: the share found is within 0.4 % of the true one, 19 times of 20. */
const SAMPLE = 20_000;

/** Keys of one shard that get another home. */
export interface ShardMoves {
  readonly shard: string;
  /** 0 to 1, of the keys that live there. */
  readonly share: number;
}

/** What a change does to the keys of one pool. */
export interface PoolMoves {
  readonly pool: string;
  /** 0 to 1, of all keys. */
  readonly share: number;
  /** The same of keys that carry a hash tag; undefined when no tag is or was in use. */
  readonly tagged: number | undefined;
  readonly shards: readonly ShardMoves[];
  /** What of the pool changed, for people. */
  readonly why: readonly string[];
}

/** The part of a pool file that says where keys live, in the pool file's own format. */
export function routingOf(poolFile: string): string {
  const pools = Object.entries(parse(poolFile) as Record<string, Record<string, unknown>>);
  const routing = pools.map(([name, pool]) => [
    name,
    Object.fromEntries(ROUTING.flatMap((key) => (pool[key] === undefined ? [] : [[key, pool[key]]]))),
  ]);
  return stringify(Object.fromEntries(routing), { collectionStyle: 'block', lineWidth: 0 });
}

/** A routing as it is. @throws when a proxy would not take it */
export function checkRouting(routing: string): string {
  parseConfig(routing);
  return routing;
}

/**
 * The pools whose keys would be looked for elsewhere, by the proxy's own reading of both files and its own ring.
 *
 * @param before pool file in force, or its `routingOf`
 * @param after pool file to come
 * @throws ConfigError when the proxy would not take one of them
 */
export function keyMoves(before: string, after: string): PoolMoves[] {
  const next = parseConfig(routingOf(after));
  return parseConfig(routingOf(before))
    .map((pool) => movesOf(pool, successorOf(pool, next)))
    .filter(({ share, tagged }) => share > 0 || (tagged ?? 0) > 0);
}

/** The pool that applications of `pool` meet: of its name, else at its port, else one that finds all its keys. */
export function successorOf(pool: PoolConfig, next: readonly PoolConfig[]): PoolConfig | undefined {
  return (
    next.find(({ name }) => name === pool.name) ??
    next.find(({ listenText }) => listenText === pool.listenText) ??
    next.find((candidate) => movesOf(pool, candidate).share === 0)
  );
}

function movesOf(pool: PoolConfig, next: PoolConfig | undefined): PoolMoves {
  const isTagged = pool.hashTag !== null || (next?.hashTag ?? null) !== null;
  const plain = compare(pool, next, (i) => `key:${i}`);
  const tags = [pool.hashTag, next?.hashTag ?? null].flatMap((tag) => (tag === null ? [] : [textOf(tag)]));
  const inTag = (i: number): string => {
    const [open, close] = tags[i % tags.length];
    return `user:${open}${i}${close}:name`;
  };
  const tagged = isTagged ? compare(pool, next, inTag) : undefined;
  const worst = (tagged?.share ?? 0) > plain.share && tagged !== undefined ? tagged : plain;
  return {
    pool: pool.name,
    share: plain.share,
    tagged: tagged?.share,
    shards: worst.shards,
    why: next === undefined ? ['no pool of this name or port is left'] : differences(pool, next),
  };
}

function compare(
  pool: PoolConfig,
  next: PoolConfig | undefined,
  keyOf: (i: number) => string,
): { share: number; shards: ShardMoves[] } {
  const [home, home2] = [homeOf(pool), next === undefined ? () => undefined : homeOf(next)];
  const chance = chanceOf(pool, next);
  const counts = new Map(pool.servers.map(({ name }) => [name, { all: 0, moved: 0 }]));
  for (let i = 0; i < SAMPLE; i++) {
    const key = Buffer.from(keyOf(i));
    const before = home(key);
    const count = counts.get(before);
    if (count === undefined) continue;
    count.all++;
    if (chance ?? (before === home2(key) ? 0 : 1)) count.moved += chance ?? 1;
  }
  const shards = [...counts].map(([shard, { all, moved }]) => ({
    shard,
    share: all === 0 ? 0 : moved / all,
  }));
  const moved = [...counts.values()].reduce((sum, count) => sum + count.moved, 0);
  return { share: moved / SAMPLE, shards };
}

/** A pool that distributes at random looks for each key anywhere: what chance finds a key does not depend on the key. */
function chanceOf(pool: PoolConfig, next: PoolConfig | undefined): number | undefined {
  if (next === undefined || pool.redisDb !== next.redisDb) return 1;
  if (pool.distribution !== 'random' && next.distribution !== 'random') return undefined;
  const names = new Set(next.servers.map(({ name }) => name));
  const same = pool.distribution === next.distribution && pool.servers.every(({ name }) => names.has(name));
  return same ? 0 : 1 - 1 / next.servers.length;
}

/** Says on which server of a pool that gives keys a home each of them lives. */
export function homeOf(pool: PoolConfig): (key: Uint8Array) => string {
  const servers = pool.servers.map(({ name, weight }, index) => ({ name, weight, index }));
  const router = new KeyRouter(HASHES[pool.hash], pool.distribution, servers, pool.hashTag);
  return (key) => servers[router.route(key, 0, key.length)].name;
}

function differences(pool: PoolConfig, next: PoolConfig): string[] {
  const shards = ({ servers }: PoolConfig): string =>
    servers.map(({ name, weight }) => (weight === 1 ? name : `${name} (weight ${weight})`)).join(', ');
  const facts: ReadonlyArray<readonly [string, (config: PoolConfig) => string]> = [
    ['name', ({ name }) => name],
    ['hash', ({ hash }) => hash],
    ['distribution', ({ distribution }) => distribution],
    ['hash_tag', ({ hashTag }) => (hashTag === null ? 'none' : textOf(hashTag))],
    ['redis_db', ({ redisDb }) => String(redisDb)],
    ['shards', shards],
  ];
  return facts.flatMap(([name, of]) =>
    of(pool) === of(next) ? [] : [`${name}: ${of(pool)} -> ${of(next)}`],
  );
}

const textOf = (tag: Uint8Array): string => Buffer.from(tag).toString('latin1');
