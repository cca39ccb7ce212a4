import type { LeftOut } from '../catalogue.ts';
import type { Drill } from '../drill.ts';
import type { PromiseResult } from './promises.ts';
import type { RoundReport } from './round.ts';

/** What all drills of one call found, as `--json` prints it (docs/drill-report.md). */
export interface DrillDocument {
  readonly schema: 1;
  readonly stack: string;
  readonly startedAt: string;
  readonly seed: number | null;
  readonly passed: boolean;
  readonly interrupted: boolean;
  /** Why it ended before all rounds were run, when it did. */
  readonly problem: string | null;
  /** Drills that could not run here. */
  readonly leftOut: readonly LeftOut[];
  /** What was left of the first script that broke data, after trying which parts of it do; null = there was none. */
  readonly shrunk: Shrunk | null;
  readonly drills: readonly DrillSummary[];
  readonly rounds: readonly RoundReport[];
}

/** A script in fewer steps. */
export interface Shrunk {
  /** The round that it was drawn for. */
  readonly round: number;
  readonly script: string;
  /** How many smaller ones were tried. */
  readonly tried: number;
}

/** All rounds of one drill together. */
export interface DrillSummary {
  readonly drill: string;
  readonly summary: string;
  /** Which alerts tell of it while it lasts. */
  readonly alerts: readonly string[];
  readonly rounds: number;
  readonly passed: number;
  readonly promises: readonly PromiseSummary[];
}

/** One promise over all rounds of a drill. */
export interface PromiseSummary {
  readonly promise: string;
  readonly unit: PromiseResult['unit'];
  readonly limit: number;
  readonly kept: number;
  readonly rounds: number;
  /** null = never seen. */
  readonly p50: number | null;
  readonly p95: number | null;
  readonly max: number | null;
}

export interface DocumentInputs {
  readonly stack: string;
  readonly startedAt: Date;
  readonly seed: number | null;
  readonly interrupted: boolean;
  readonly problem: string | null;
  readonly leftOut: readonly LeftOut[];
  readonly shrunk: Shrunk | null;
  readonly rounds: readonly RoundReport[];
  /** Every drill that may have run. */
  readonly drills: ReadonlyArray<Pick<Drill, 'name' | 'summary' | 'alerts'>>;
}

export function makeDocument(inputs: DocumentInputs): DrillDocument {
  const { rounds, interrupted, problem } = inputs;
  const names = [...new Set(rounds.map(({ drill }) => drill))];
  const drills = names.map((name): DrillSummary => {
    const own = rounds.filter((round) => round.drill === name);
    const drill = inputs.drills.find((each) => each.name === name);
    return {
      drill: name,
      summary: drill?.summary ?? '',
      alerts: drill?.alerts ?? [],
      rounds: own.length,
      passed: own.filter(({ passed }) => passed).length,
      promises: summarise(own),
    };
  });
  const areKept = drills.every(({ promises }) => promises.every(({ kept, rounds: all }) => kept === all));
  return {
    schema: 1,
    stack: inputs.stack,
    startedAt: inputs.startedAt.toISOString(),
    seed: inputs.seed,
    passed:
      rounds.length > 0 &&
      rounds.every(({ passed }) => passed) &&
      areKept &&
      !interrupted &&
      problem === null,
    interrupted,
    problem,
    leftOut: inputs.leftOut,
    shrunk: inputs.shrunk,
    drills,
    rounds,
  };
}

/** Fewer rounds say nothing of what 95 of 100 do. */
const ENOUGH_ROUNDS = 20;

function summarise(rounds: readonly RoundReport[]): PromiseSummary[] {
  const results = rounds.flatMap(({ promises }) => promises);
  return [...new Set(results.map(({ promise }) => promise))].flatMap((promise) => {
    const own = results.filter((result) => result.promise === promise);
    const seen = own.flatMap(({ seen: value }) => (value === null ? [] : [value])).sort((a, b) => a - b);
    const summary: PromiseSummary = {
      promise,
      unit: own[0].unit,
      limit: own[0].limit,
      kept: own.filter(({ kept }) => kept).length,
      rounds: own.length,
      p50: percentile(seen, 0.5),
      p95: percentile(seen, 0.95),
      max: seen.at(-1) ?? null,
    };
    const { usually } = own[0];
    return usually === undefined || own.length < ENOUGH_ROUNDS
      ? [summary]
      : [summary, mostOf(summary, usually, seen)];
  });
}

/** The same with a limit for 95 of 100 rounds: kept in all, or in those within it. What was never seen is beyond it. */
function mostOf(summary: PromiseSummary, limit: number, seen: readonly number[]): PromiseSummary {
  const within = seen.filter((value) => value <= limit).length;
  const isKept = within >= Math.ceil(0.95 * summary.rounds);
  return {
    ...summary,
    promise: `${summary.promise}, in 95 of 100 rounds`,
    limit,
    kept: isKept ? summary.rounds : within,
  };
}

/** The smallest value that at least this share of them does not exceed (nearest rank). */
export function percentile(sorted: readonly number[], share: number): number | null {
  if (sorted.length === 0) return null;
  return sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)];
}
