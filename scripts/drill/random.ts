import { createHash } from 'node:crypto';
import type { AnyPlan } from '../../topology/types.ts';
import type { Drill } from './drill.ts';
import { drilledShards } from './load/drilled-pool.ts';

/**
 * The drill that a seed gives in a round: the same seed gives the same faults in the same order, on every machine.
 *
 * @param drills what to draw from; its order is part of what the seed means
 */
export function drawDrill(drills: readonly Drill[], seed: number, round: number): Drill {
  return drills[drawn(seed, round).readUInt32BE(0) % drills.length];
}

/** The shard that a seed gives in a round, should the round's drill hit a single one. */
export function drawShard(plan: AnyPlan, seed: number, round: number): string {
  const shards = drilledShards(plan);
  return shards[drawn(seed, round).readUInt32BE(4) % shards.length].name;
}

function drawn(seed: number, round: number): Buffer {
  return createHash('sha256').update(`${seed}:${round}`).digest();
}
