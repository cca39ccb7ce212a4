/** Which shards a pool stands on, and which pools a shard carries. */
import type { Plan, PlanShard, PoolSpec } from './types.ts';

/** The shards of a pool, in the order of its ring's servers in the pool file. */
export function shardsOf(plan: Pick<Plan, 'shards'>, pool: Pick<PoolSpec, 'shards'>): readonly PlanShard[] {
  return plan.shards.filter(({ name }) => pool.shards.includes(name));
}

/** The pool that stands on the most shards; the first of several. Whoever wants to see the whole stack uses this one. */
export function widestPool(plan: Pick<Plan, 'pools'>): PoolSpec {
  return plan.pools.reduce((widest, pool) => (pool.shards.length > widest.shards.length ? pool : widest));
}
