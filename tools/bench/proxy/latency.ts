import { resolve } from 'node:path';
import { execa } from 'execa';
import { findBun } from '../../../proxy/build.ts';
import { pinned, type Rig } from './rig.ts';
import { judge, median, spreadOf, type Verdict } from './verdict.ts';

const REQUESTS = 10_000;
const SMALL = 16;
/** Ours divided by the original's. */
const GOAL = 1.05;

/** Median latency of a single client, microseconds: the medians of the rounds. */
export interface Latency {
  readonly original: number;
  readonly ours: number;
  readonly ratio: number;
  readonly goal: number;
  readonly spread: number;
  readonly verdict: Verdict;
}

export async function compareLatency(rig: Rig, rounds: number): Promise<Latency> {
  await rig.stopProxies();
  for (const label of ['original', 'ours'] as const) await rig.fresh(label, label);
  await rig.populate('original', SMALL);
  const found: Record<'original' | 'ours', number[]> = { original: [], ours: [] };
  for (let round = 0; round < rounds; round++) {
    for (const label of round % 2 === 0 ? (['original', 'ours'] as const) : (['ours', 'original'] as const)) {
      found[label].push(await medianLatency(rig, label));
    }
  }
  const [original, ours] = [median(found.original), median(found.ours)];
  const spread = Math.max(spreadOf(found.original), spreadOf(found.ours));
  const ratio = ours / original;
  return {
    original,
    ours,
    ratio,
    goal: GOAL,
    spread,
    verdict: judge(ratio, { atMost: GOAL }, spread, false),
  };
}

async function medianLatency(rig: Rig, label: string): Promise<number> {
  const script = resolve('tools/bench/proxy/latency-client.ts');
  const command = [findBun(), script, String(rig.proxy(label).port), String(REQUESTS)];
  const [nice, ...words] = pinned(rig.layout.otherCpu, command);
  const { stdout } = await execa(nice, words, { timeout: 60_000 });
  return Number(stdout);
}
