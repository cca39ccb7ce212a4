import type Docker from 'dockerode';
import type { AnyPlan, Credentials } from '../../../topology/types.ts';
import type { Timeline } from './timeline.ts';

/** Whom to watch, and where what is seen is noted. */
export interface WatchOptions {
  readonly plan: AnyPlan;
  readonly credentials: Credentials;
  readonly engine: Docker;
  readonly timeline: Timeline;
}

/** Ends a watcher; safe to call once. */
export type EndWatch = () => void;
