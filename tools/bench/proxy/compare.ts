import type { CandidateName } from './candidates.ts';
import type { Load } from './loads.ts';
import type { Rig, Setup } from './rig.ts';
import { interleavedRounds, measureRun, type RoundCount } from './rounds.ts';
import { judge, type Summary, spreadOf, summarize, type Verdict } from './verdict.ts';

/** Both proxies, and perhaps others, under one load. */
export interface Comparison {
  readonly name: string;
  readonly candidates: Readonly<Record<string, Summary>>;
  /** CPU time for a request: the original's median divided by ours. */
  readonly ratio: number;
  readonly goal?: number;
  readonly aim?: number;
  /** The larger spread of the two: (max - min) / median. */
  readonly spread: number;
  readonly rounds: number;
  readonly droppedRounds: number;
  readonly verdict: Verdict;
}

/** A proxy that takes part. */
export interface Entrant {
  readonly label: string;
  readonly candidate: CandidateName;
  readonly setup?: Setup;
}

/** Runs before the rounds: by then the just-in-time compiler has done its work. */
const WARM_UP_RUNS = 2;

/** Fresh proxies, every key filled, runs to warm up, then the rounds. The first two entrants are compared. */
export async function compare(
  rig: Rig,
  load: Load,
  entrants: readonly Entrant[],
  rounds: RoundCount,
): Promise<Comparison> {
  await rig.stopProxies();
  for (const { label, candidate, setup } of entrants) await rig.fresh(label, candidate, setup);
  const labels = entrants.map((each) => each.label);
  await rig.populate(labels[0], load.valueSize);
  for (const label of labels) await measureRun(rig, label, load.requests * WARM_UP_RUNS, load.args);
  const { samples, dropped, disturbed } = await interleavedRounds(labels, rounds, (label) =>
    measureRun(rig, label, load.requests, load.args),
  );
  const candidates = Object.fromEntries(labels.map((label) => [label, summarize(samples[label])]));
  const [first, second] = labels;
  const ratio = candidates[first].cpu / candidates[second].cpu;
  const spread = Math.max(
    ...[first, second].map((label) => spreadOf(samples[label].map((each) => each.cpu))),
  );
  const { name, goal, aim } = load;
  return {
    name,
    candidates,
    ratio,
    goal,
    aim,
    spread,
    rounds: rounds.wanted,
    droppedRounds: dropped,
    verdict: judge(ratio, { atLeast: goal }, spread, disturbed),
  };
}
