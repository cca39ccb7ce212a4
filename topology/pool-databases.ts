/** Which databases the clients of a pool may SELECT. */
import type { PoolSpec } from './types.ts';

/**
 * Databases of every redis, Redis' own default. The same for all stacks at all times: while some members of a shard had more than
 * others, a replica would not understand its master, and no redis starts with keys in a database that it has not.
 */
export const REDIS_DATABASES = 16;

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
    return isApart ? pool : { ...pool, databases: REDIS_DATABASES };
  });
}
