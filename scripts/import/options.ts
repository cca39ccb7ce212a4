import type { AnyPlan, Credentials } from '../../topology/types.ts';
import type { Reporter } from '../report/steps.ts';
import type { Home } from '../stack/home.ts';
import type { Compared } from './compare.ts';
import type { Figures } from './follow-source.ts';
import type { ImportSource } from './sources.ts';

/** What a person wants of the sources: that they are followed, closed, or that nobody writes to them any more. */
export type Wish = 'follow' | 'close' | 'stopped';

export interface ImportOptions {
  readonly home: Home;
  readonly plan: AnyPlan;
  readonly credentials: Credentials;
  /** For people. */
  readonly from: string;
  readonly sources: readonly ImportSource[];
  /** The pool may have keys of its own; a key that both have becomes the source's. */
  readonly merge: boolean;
  /** Asked again and again: a person may press a key. */
  readonly wish: () => Wish;
  readonly reporter: Reporter;
  /** How long a source may be away until it is given up; default 30 s. */
  readonly awayMs?: number;
  /** Ends it; the same import then begins anew, and completes it. */
  readonly signal: AbortSignal;
}

/** An import that came to its end. */
export interface Imported {
  readonly sources: readonly ({ readonly source: string } & Figures)[];
  /** Milliseconds for which nobody could write: until everything was in the pool, and compared. */
  readonly pausedMs: number;
  /** How often it was tried until it took less than a second. */
  readonly attempts: number;
  readonly compared: Compared;
  /** Sources that take no writes now, and what opens them again. */
  readonly closed: readonly { readonly source: string; readonly reopen: string }[];
  readonly pools: readonly string[];
  /** What was not carried, or is to be known. */
  readonly notes: readonly string[];
}
