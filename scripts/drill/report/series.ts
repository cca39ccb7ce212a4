import type { Ledger } from '../load/ledger.ts';

export const STEP_MS = 50;

/** What one shard's clients saw in each step of 50 ms; all lists are of one length. */
export interface ShardSeries {
  readonly shard: string;
  readonly acknowledged: readonly number[];
  readonly refused: readonly number[];
  readonly unknown: readonly number[];
  readonly failedReads: readonly number[];
  /** Longest latency (ms) among the writes acknowledged in the step; 0 = none were. */
  readonly latency: readonly number[];
}

export interface Series {
  readonly stepMs: number;
  /** Start of the first step, relative to the fault (ms). */
  readonly from: number;
  readonly shards: readonly ShardSeries[];
}

/** Writes and reads of a run by the step they ended in. Pure. */
export function makeSeries(ledger: Ledger, shards: readonly string[], faultAt: number): Series {
  const ends = [...ledger.writes, ...ledger.reads].map(({ endedAt }) => endedAt - faultAt);
  const first = ends.reduce((least, end) => Math.min(least, end), 0);
  const last = ends.reduce((most, end) => Math.max(most, end), 0);
  const from = Math.floor(first / STEP_MS) * STEP_MS;
  const steps = Math.floor((last - from) / STEP_MS) + 1;
  const stepOf = (endedAt: number): number => Math.floor((endedAt - faultAt - from) / STEP_MS);
  return {
    stepMs: STEP_MS,
    from,
    shards: shards.map((shard) => {
      const empty = (): number[] => Array<number>(steps).fill(0);
      const series = {
        shard,
        acknowledged: empty(),
        refused: empty(),
        unknown: empty(),
        failedReads: empty(),
        latency: empty(),
      };
      for (const write of ledger.writes) {
        if (write.shard !== shard) continue;
        const step = stepOf(write.endedAt);
        series[write.outcome][step] += 1;
        const took = Math.round((write.endedAt - write.sentAt) * 10) / 10;
        if (write.outcome === 'acknowledged') series.latency[step] = Math.max(series.latency[step], took);
      }
      for (const read of ledger.reads)
        if (read.shard === shard && !read.ok) series.failedReads[stepOf(read.endedAt)] += 1;
      return series;
    }),
  };
}
