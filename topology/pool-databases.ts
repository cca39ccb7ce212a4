/** Which databases the clients of a pool may SELECT, and how many each redis must have for that. */
import type { PoolSpec } from './types.ts';

/** Redis' own `databases`. */
export const DEFAULT_DATABASES = 16;

/**
 * Pools with what the file leaves open filled in. All of Redis' own, but its own one alone for a pool that names one, or
 * that shares a shard with a pool which does: neither may reach what is the other's, unless the file says so.
 * @param pools `databases` is 0 where the file says nothing
 */
export function withDatabases(pools: readonly PoolSpec[]): PoolSpec[] {
  return pools.map((pool) => {
    if (pool.databases > 0 || pool.redisDb > 0) return pool;
    const isApart = pools.some(
      (other) => other.redisDb !== pool.redisDb && other.shards.some((shard) => pool.shards.includes(shard)),
    );
    return isApart ? pool : { ...pool, databases: DEFAULT_DATABASES };
  });
}

/** So many that every pool finds those that it serves. */
export function databasesOfRedis(pools: readonly Pick<PoolSpec, 'databases'>[]): number {
  return Math.max(DEFAULT_DATABASES, ...pools.map(({ databases }) => databases));
}
