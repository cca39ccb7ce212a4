import { compare } from './compare.ts';
import { type Load, set } from './loads.ts';
import type { Rig } from './rig.ts';
import type { RoundCount } from './rounds.ts';

const SMALL = 16;
const LOADS: readonly Load[] = [
  { name: 'SET P1 c50', requests: 40_000, args: set(50, 1, SMALL), valueSize: SMALL },
  { name: 'SET P16 c50', requests: 200_000, args: set(50, 16, SMALL), valueSize: SMALL },
];

/** What it costs to acknowledge a write only when a replica has it: ours without and with `wait_replicas: 1`. */
export interface ReplicaCost {
  readonly load: string;
  /** CPU microseconds of the proxy for a request, and median latency in milliseconds. */
  readonly without: { readonly cpu: number; readonly p50: number };
  readonly with: { readonly cpu: number; readonly p50: number };
}

/** @param rig one whose servers have a replica each */
export async function measureReplicaCost(rig: Rig, rounds: RoundCount): Promise<ReplicaCost[]> {
  const costs: ReplicaCost[] = [];
  for (const load of LOADS) {
    const { candidates } = await compare(
      rig,
      load,
      [
        { label: 'without', candidate: 'ours' },
        { label: 'with', candidate: 'ours', setup: { settings: ['wait_replicas: 1', 'wait_timeout: 1000'] } },
      ],
      rounds,
    );
    costs.push({ load: load.name, without: candidates.without, with: candidates.with });
  }
  return costs;
}
