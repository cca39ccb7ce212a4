import { didYouMean } from '../../topology/nearest.ts';
import type { AnyPlan, PlanShard } from '../../topology/types.ts';
import { InputError } from '../errors.ts';

/**
 * The shard that an operator named.
 *
 * @param where the option that named it, when it was one
 * @throws InputError with the shards that there are
 */
export function findShard(plan: AnyPlan, name: string, where?: string): PlanShard {
  const shard = plan.shards.find((candidate) => candidate.name === name);
  if (shard !== undefined) return shard;
  const shards = plan.shards.map((candidate) => candidate.name);
  throw new InputError(`there is no shard "${name}"`, {
    where,
    remedy: `${didYouMean(name, shards)}the shards are ${shards.join(', ')}`,
  });
}
