/** What the application was told about one write. `refused`: the answer says that it was not executed. */
export type Outcome = 'acknowledged' | 'refused' | 'unknown';

/**
 * `set`: a key of its own. `append`: one more element of the writer's list, which shows duplicates and order.
 * `increment`: one more on the writer's counter, which shows duplicates and losses without an id.
 */
export type WriteKind = 'set' | 'append' | 'increment';

export interface WriteRecord {
  readonly kind: WriteKind;
  readonly shard: string;
  /** The connection it went over, `<shard>/w<n>`. */
  readonly connection: string;
  readonly key: string;
  /** Unique in the run; what the key or the list element holds. */
  readonly id: string;
  /** Milliseconds on the run's monotonic clock. */
  readonly sentAt: number;
  readonly endedAt: number;
  readonly outcome: Outcome;
  /** What the counter stands at after an acknowledged increment. */
  readonly reply?: number;
  readonly error?: string;
}

export interface ReadRecord {
  readonly shard: string;
  /** The connection it went over, `<shard>/r<n>`. */
  readonly connection: string;
  readonly sentAt: number;
  readonly endedAt: number;
  readonly ok: boolean;
  /** Older than a write that was acknowledged before the read was sent. */
  readonly stale: boolean;
  /** Older than what the same reader had read before. */
  readonly backwards: boolean;
  readonly error?: string;
}

/** A write over a connection made for it alone: what an application sees that starts now. */
export interface NewcomerRecord {
  readonly sentAt: number;
  readonly endedAt: number;
  readonly ok: boolean;
}

/** Every write and read of a run, in the order they ended. */
export class Ledger {
  readonly writes: WriteRecord[] = [];
  readonly reads: ReadRecord[] = [];
  readonly newcomers: NewcomerRecord[] = [];
  /** How often each connection had to be made again. */
  readonly reconnects = new Map<string, number>();
  /** When the load was told to end. */
  endedAt = Number.POSITIVE_INFINITY;
  /** When each connection was last served. */
  readonly servedAt = new Map<string, number>();
}

/** What one server, or all masters together, hold after a run. */
export interface Found {
  readonly values: ReadonlyMap<string, string>;
  readonly lists: ReadonlyMap<string, readonly string[]>;
  readonly counters: ReadonlyMap<string, number>;
}
