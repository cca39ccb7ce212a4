import type { Ledger, WriteRecord } from '../load/ledger.ts';

/** Milliseconds from the wish to write until it was acknowledged. */
export interface Percentiles {
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
}

/** Latency of acknowledged writes. */
export interface Latency extends Percentiles {
  /** Of the shards that were not hit, before and during the fault; null = all of them are concerned. */
  readonly otherShards: { readonly before: Percentiles; readonly during: Percentiles } | null;
}

export interface FaultTime {
  /** The one shard that was hit, if it is one. */
  readonly shard?: string;
  readonly from: number;
  readonly until: number;
}

export function latencyOf({ writes }: Ledger, fault: FaultTime): Latency {
  const acknowledged = writes.filter(({ outcome }) => outcome === 'acknowledged');
  const others = acknowledged.filter(({ shard }) => shard !== fault.shard);
  const during = ({ sentAt }: WriteRecord): boolean => sentAt >= fault.from && sentAt < fault.until;
  return {
    ...percentiles(acknowledged),
    otherShards:
      fault.shard === undefined
        ? null
        : {
            before: percentiles(others.filter(({ endedAt }) => endedAt < fault.from)),
            during: percentiles(others.filter(during)),
          },
  };
}

function percentiles(writes: readonly WriteRecord[]): Percentiles {
  const sorted = writes.map(({ sentAt, endedAt }) => endedAt - sentAt).sort((a, b) => a - b);
  const at = (share: number): number => {
    const value = sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
    return Math.round(value * 10) / 10;
  };
  return { p50: at(0.5), p99: at(0.99), max: at(1) };
}
