import { createHash } from 'node:crypto';
import type { Drill } from './drill.ts';

/**
 * The drill that a seed gives in a round: the same seed gives the same faults in the same order, on every machine.
 *
 * @param drills what to draw from; its order is part of what the seed means
 */
export function drawDrill(drills: readonly Drill[], seed: number, round: number): Drill {
  const digest = createHash('sha256').update(`${seed}:${round}`).digest();
  return drills[digest.readUInt32BE(0) % drills.length];
}
