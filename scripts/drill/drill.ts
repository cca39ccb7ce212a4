import type Docker from 'dockerode';
import type { Credentials, Plan } from '../../topology/types.ts';
import type { Step } from '../report/steps.ts';
import type { Timeline } from './timeline.ts';

/** What a fault may use and must tell. */
export interface FaultContext {
  readonly plan: Plan;
  readonly credentials: Credentials;
  readonly engine: Docker;
  readonly timeline: Timeline;
  readonly step: Step;
}

/** What a fault did: where it struck, and how it is undone. */
export interface Injected {
  /** Moment of the fault on the run's monotonic clock (ms). */
  readonly at: number;
  /** Member that was hit. */
  readonly member: string;
  /** Shard that was hit, when one was. */
  readonly shard?: string;
  /** Brings back what was broken; safe to call twice. */
  undo(): Promise<void>;
}

/** One named drill: a fault, and what is promised under it. */
export interface Drill {
  readonly name: string;
  readonly summary: string;
  /** Longest time (ms) from the fault to the first acknowledged write on the shard that was hit. */
  resumeWithin(plan: Plan): number;
  inject(context: FaultContext): Promise<Injected>;
}
