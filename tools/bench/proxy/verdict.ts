import type { Sample } from './rounds.ts';

/** What became of a goal. */
export type Verdict = 'met' | 'missed' | 'too noisy' | 'disturbed' | 'no goal';

/** (max - min) / median above this is no base for a verdict. */
export const TOO_NOISY = 0.15;

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

export function spreadOf(values: readonly number[]): number {
  return (Math.max(...values) - Math.min(...values)) / median(values);
}

/** The figures of one proxy under one load: medians, and the smallest and largest CPU time. */
export interface Summary {
  /** CPU microseconds for a request. */
  readonly cpu: number;
  readonly cpuMin: number;
  readonly cpuMax: number;
  readonly user: number;
  readonly requestsPerSecond: number;
  readonly p50: number;
  readonly p99: number;
  readonly proxyIdle: number;
  readonly generatorIdle: number;
}

export function summarize(samples: readonly Sample[]): Summary {
  const middle = (pick: (sample: Sample) => number): number => median(samples.map(pick));
  const cpu = samples.map((sample) => sample.cpu);
  return {
    cpu: median(cpu),
    cpuMin: Math.min(...cpu),
    cpuMax: Math.max(...cpu),
    user: middle((sample) => sample.cpu * sample.userShare),
    requestsPerSecond: middle((sample) => sample.requestsPerSecond),
    p50: middle((sample) => sample.p50),
    p99: middle((sample) => sample.p99),
    proxyIdle: middle((sample) => sample.proxyIdle),
    generatorIdle: middle((sample) => sample.generatorIdle),
  };
}

/** A goal is at least so much, or at most. */
export interface Goal {
  readonly atLeast?: number;
  readonly atMost?: number;
}

/**
 * @param value what was measured, a ratio of medians
 * @param spread the larger spread of both sides
 * @param disturbed whether rounds had to be used in which others took CPU time
 */
export function judge(value: number, goal: Goal, spread: number, disturbed: boolean): Verdict {
  const { atLeast, atMost } = goal;
  if (atLeast === undefined && atMost === undefined) return 'no goal';
  if (spread > TOO_NOISY) return 'too noisy';
  if (disturbed) return 'disturbed';
  return value >= (atLeast ?? value) && value <= (atMost ?? value) ? 'met' : 'missed';
}
