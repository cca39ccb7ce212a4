import { shardsOf, widestPool } from '../../../topology/pool-shards.ts';
import type { AnyPlan, PlanShard, PoolSpec } from '../../../topology/types.ts';
import { InputError } from '../../errors.ts';

/** The pool that a drill's load goes through: the one that stands on the most shards. */
export const drilledPool = (plan: Pick<AnyPlan, 'pools'>): PoolSpec => widestPool(plan);

/** The shards that a drill's load writes to, so the only ones of which it can say what an application saw. */
export const drilledShards = (plan: AnyPlan): readonly PlanShard[] => shardsOf(plan, drilledPool(plan));

/** @throws InputError when a shard that an operator named is not under load */
export function demandDrilled(plan: AnyPlan, shard: string, where: string): void {
  const drilled = drilledShards(plan);
  if (drilled.some(({ name }) => name === shard)) return;
  const pool = drilledPool(plan).name;
  throw new InputError(
    `pool ${pool}, which the load goes through because it has the most shards, has no ${shard}`,
    {
      where,
      remedy: `choose one of its shards: ${drilled.map(({ name }) => name).join(', ')}`,
    },
  );
}
