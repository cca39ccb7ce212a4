import { resolve } from 'node:path';
import { loadConfig } from '../../proxy/config/nutcracker-yml.ts';
import { ConfigError, databasesOf, type PoolConfig, type ServerEntry } from '../../proxy/config/pool.ts';
import type { AnyPlan } from '../../topology/types.ts';
import { databaseIn } from '../backup/restore/key-routes.ts';
import { homeIn, poolsOf } from '../data/key-homes.ts';
import { homeOf, successorOf } from '../data/key-moves.ts';
import { InputError } from '../errors.ts';
import { isUrl, parseSourceUrl, type SourceAddress, type UrlOptions } from './source-address.ts';

/** The way of the keys of one database of a source into a pool. */
export interface Lane {
  readonly pool: PoolConfig;
  readonly from: number;
  /** Database in the pool. */
  readonly to: number;
  /** Whether whoever uses the source looks for this key there; what is not looked for stays behind. */
  readonly isLookedFor: (key: Buffer) => boolean;
  /** Shard of the pool where the key belongs. */
  readonly shardOf: (key: Buffer) => string;
}

/** One Redis, and where its keys go. */
export interface ImportSource {
  readonly at: SourceAddress;
  readonly lanes: readonly Lane[];
  /** Whether a key in a database without a lane is left behind in silence: others use it. */
  readonly leavesOthers: boolean;
}

export interface SourceOptions extends UrlOptions {
  /** `redis://…`, `rediss://…`, or a twemproxy's nutcracker.yml. */
  readonly from: string;
  /** Name of the pool of the stack; undefined = the only one, or that of the same name. */
  readonly pool: string | undefined;
  readonly plan: AnyPlan;
}

/** Who is asked for keys, and where they go. @throws InputError naming what of the URL, the file or the pools does not do */
export async function sourcesOf(options: SourceOptions): Promise<readonly ImportSource[]> {
  const pools = poolsOf(options.plan);
  if (options.pool !== undefined) poolNamed(pools, options.pool);
  return isUrl(options.from) ? [sourceOfUrl(options, pools)] : sourcesOfFile(options, pools);
}

function sourceOfUrl(options: SourceOptions, pools: readonly PoolConfig[]): ImportSource {
  const { source, database } = parseSourceUrl(options.from, options);
  if (options.pool === undefined && pools.length > 1) {
    throw new InputError('the stack has several pools, and it is not said into which one keys go', {
      where: '--pool',
      remedy: `add --pool with one of ${pools.map(({ name }) => name).join(', ')}`,
    });
  }
  const pool = options.pool === undefined ? pools[0] : poolNamed(pools, options.pool);
  const own = pool.databases > 0 ? databasesOf(pool).map((each) => [each, each]) : [[0, pool.redisDb]];
  const inside = database !== undefined && pool.databases > database ? database : pool.redisDb;
  const ways = database === undefined ? own : [[database, inside]];
  return {
    at: source,
    lanes: ways.map(([from, to]) => ({ pool, from, to, isLookedFor: () => true, shardOf: shardsOf(pool) })),
    leavesOthers: database !== undefined,
  };
}

async function sourcesOfFile(
  { from, pool: chosen, plan, ...url }: SourceOptions,
  pools: readonly PoolConfig[],
): Promise<ImportSource[]> {
  const theirs = await readPoolFile(from);
  if (chosen !== undefined && theirs.length > 1) {
    throw new InputError(`${from} has ${theirs.length} pools, and --pool names one of the stack's`, {
      where: '--pool',
      remedy: 'leave it out: pools of one name, or else of one port, belong together',
    });
  }
  const sources = new Map<string, ImportSource>();
  for (const before of theirs) {
    demandServers(before, from);
    const pool = chosen === undefined ? successorOf(before, pools) : poolNamed(pools, chosen);
    if (pool === undefined) {
      throw new InputError(`the stack has no pool for "${before.name}" of ${from}`, {
        where: `pools of ${plan.name}: ${pools.map(({ name }) => name).join(', ')}`,
        remedy: 'give one of them that name in stack.yaml, or name it with --pool',
      });
    }
    const home = homeOf(before);
    for (const server of before.servers) {
      const at = addressOf(server, before, url.password);
      const lanes = databasesOf(before).flatMap((database): Lane[] => {
        const to = chosen === undefined ? databaseIn(pool, before, database) : pool.redisDb;
        const isLookedFor = (key: Buffer): boolean => home(key) === server.name;
        return to === undefined ? [] : [{ pool, from: database, to, isLookedFor, shardOf: shardsOf(pool) }];
      });
      const key = JSON.stringify([at.place, at.login]);
      const known = sources.get(key);
      sources.set(key, { at, lanes: [...(known?.lanes ?? []), ...lanes], leavesOthers: true });
    }
  }
  return [...sources.values()];
}

async function readPoolFile(file: string): Promise<PoolConfig[]> {
  try {
    return await loadConfig(resolve(file));
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    throw new InputError(error.describe(file), {
      where: '--from',
      remedy: 'name the nutcracker.yml that the twemproxy runs with, or a redis:// URL',
      cause: error,
    });
  }
}

function demandServers({ name, redis, sentinels, distribution, servers }: PoolConfig, file: string): void {
  const wrong =
    (redis ? undefined : 'is of memcached (no `redis: true`)') ??
    (sentinels.length === 0 ? undefined : 'names masters of Sentinels instead of addresses') ??
    (distribution === 'random' && servers.length > 1
      ? 'distributes at random: no key has a place'
      : undefined);
  if (wrong === undefined) return;
  throw new InputError(`the pool "${name}" of ${file} ${wrong}`, {
    where: file,
    remedy: 'import from each server by its redis:// URL',
  });
}

function addressOf(
  { address, name }: ServerEntry,
  { redisAuth, serverUser, serverPassword, serverTls }: PoolConfig,
  password: string | undefined,
): SourceAddress {
  const place: SourceAddress['place'] =
    address.kind === 'unix' ? { path: address.path } : { host: address.host, port: address.port };
  return {
    name:
      'path' in place
        ? place.path
        : `${place.host}:${place.port}${name.includes(place.host) ? '' : ` (${name})`}`,
    place,
    tls: serverTls === null ? undefined : { ca: serverTls.credentials.ca ?? undefined },
    login: { username: serverUser ?? undefined, password: serverPassword ?? redisAuth ?? password },
  };
}

function poolNamed(pools: readonly PoolConfig[], name: string): PoolConfig {
  const pool = pools.find((each) => each.name === name);
  if (pool !== undefined) return pool;
  throw new InputError(`the stack has no pool "${name}"`, {
    where: '--pool',
    remedy: `one of ${pools.map((each) => each.name).join(', ')}`,
  });
}

function shardsOf(pool: PoolConfig): (key: Buffer) => string {
  const home = homeIn(pool);
  return (key) => {
    const shard = home(key);
    if (shard !== undefined) return shard;
    throw new InputError(`the pool "${pool.name}" distributes at random: no key has a place there`, {
      where: 'stack.yaml',
      remedy: 'give it another distribution',
    });
  };
}
