import { parseConfig } from '../../proxy/config/nutcracker-yml.ts';
import type { PoolConfig } from '../../proxy/config/pool.ts';
import { HASHES, type HashName } from '../../proxy/hash/hash-kit.ts';
import type { AnyPlan } from '../../topology/types.ts';
import { renderNutcrackerYml } from '../render/nutcracker-yml.ts';
import { homeOf, routingOf } from './key-moves.ts';

/** How the keys of one pool are spread. */
export interface Spread {
  readonly pool: string;
  readonly shards: readonly ShardShare[];
  /** The largest share that a shard would have with each hash, the most even first; of pools on several shards. */
  readonly hashes: readonly { readonly hash: HashName; readonly largest: number }[];
}

interface ShardShare {
  readonly shard: string;
  readonly keys: number;
  /** 0 to 1, of all keys. */
  readonly share: number;
  /** What its weight makes of it when keys are spread evenly. */
  readonly fair: number;
}

/** Says on which shard a key lives; undefined when the pool distributes at random. */
export type Home = (key: Uint8Array) => string | undefined;

/** By the proxy's own ring, from the file that the proxies of the plan read. */
export function poolsOf(plan: AnyPlan): readonly PoolConfig[] {
  return parseConfig(routingOf(renderNutcrackerYml(plan)));
}

export function homeIn(pool: PoolConfig, hash: HashName = pool.hash): Home {
  if (pool.distribution === 'random' && pool.servers.length > 1) return () => undefined;
  return homeOf({ ...pool, hash });
}

/**
 * How keys would be spread over the shards of each pool that gives keys a home.
 * @param keys read once
 */
export async function spreadOf(
  pools: readonly PoolConfig[],
  keys: AsyncIterable<string> | Iterable<string>,
): Promise<Spread[]> {
  const homed = pools.filter(
    ({ distribution, servers }) => distribution !== 'random' || servers.length === 1,
  );
  const counts = homed.map((pool) => {
    const hashes = pool.servers.length === 1 ? [pool.hash] : (Object.keys(HASHES) as HashName[]);
    return hashes.map((hash) => ({ hash, home: homeIn(pool, hash), keys: new Map<string, number>() }));
  });
  let all = 0;
  for await (const text of keys) {
    const key = Buffer.from(text);
    all++;
    for (const { home, keys: found } of counts.flat()) {
      const shard = home(key) as string;
      found.set(shard, (found.get(shard) ?? 0) + 1);
    }
  }
  const total = Math.max(1, all);
  return homed.map((pool, i) => ({
    pool: pool.name,
    shards: shares(pool, counts[i].find(({ hash }) => hash === pool.hash)?.keys ?? new Map(), total),
    hashes:
      pool.servers.length === 1
        ? []
        : counts[i]
            .map(({ hash, keys: found }) => ({ hash, largest: Math.max(0, ...found.values()) / total }))
            .sort((a, b) => a.largest - b.largest),
  }));
}

function shares({ servers }: PoolConfig, found: ReadonlyMap<string, number>, total: number): ShardShare[] {
  const weights = servers.reduce((sum, { weight }) => sum + weight, 0);
  return servers.map(({ name, weight }) => {
    const keys = found.get(name) ?? 0;
    return { shard: name, keys, share: keys / total, fair: weight / weights };
  });
}
