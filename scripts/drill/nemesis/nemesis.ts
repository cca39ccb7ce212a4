import type { Drill } from '../drill.ts';
import { CUTTERS } from '../faults/cut.ts';
import { outOfReach } from '../faults/here.ts';
import { waitsForReplicas } from '../faults/limits.ts';
import { drawScript } from './draw.ts';
import { perform } from './perform.ts';
import { LONGEST_MS, printScript, type Script } from './script.ts';

/** The nemesis with the script that seed and round draw, or always with a given one. */
export function nemesisOf(replayed?: Script): Drill {
  return {
    name: 'nemesis',
    summary:
      'cut random links among members, sentinels, proxies and edges, one-way ones, too, with kills and pauses between',
    alerts: [],
    draws: replayed === undefined,
    refused: (surroundings) => outOfReach(surroundings, CUTTERS),
    promised: (plan) => ({
      // Silent links are made again with their next retransmission, which waits as long again as they were cut.
      resume: { within: 15_000, of: 'shard', since: 'restored' },
      failures: 'any',
      severalHolders: 'any',
      mayLoseFor: waitsForReplicas(plan) ? undefined : LONGEST_MS,
    }),
    lasts: () => 0,
    async inject(context) {
      const script = replayed ?? drawScript(context.plan, context.chance);
      const at = performance.now();
      const hit = await perform(context, script);
      const members = hit.map(({ name }) => name);
      return { at, members, until: performance.now(), script: printScript(script) };
    },
  };
}

export const NEMESIS = nemesisOf();
