import type { Comparison } from './compare.ts';
import type { Families } from './families.ts';
import type { Idle } from './idle.ts';
import type { Latency } from './latency.ts';
import type { Lifetimes } from './lifetimes.ts';
import type { ReplicaCost } from './replicas.ts';
import type { ScalingTable } from './scaling.ts';

/** What was measured. Only ratios within one run mean anything. */
export interface ProxyBench {
  readonly machine?: Machine;
  /** Values that were compared before anything was measured. */
  readonly valuesChecked?: number;
  readonly loads?: readonly Comparison[];
  readonly latency?: Latency;
  readonly idle?: Idle;
  readonly twoCpus?: readonly Comparison[];
  readonly scaling?: readonly ScalingTable[];
  readonly replicas?: readonly ReplicaCost[];
  readonly families?: Families;
  readonly lifetimes?: Record<'original' | 'ours', Lifetimes>;
}

export interface Machine {
  readonly kernel: string;
  readonly cpus: number;
  readonly model: string;
  readonly load: readonly string[];
  readonly connectionTracking: boolean;
}
