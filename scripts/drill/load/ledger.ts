/** What the application was told about one write. `refused`: the answer says that it was not executed. */
export type Outcome = 'acknowledged' | 'refused' | 'unknown';

/** One request of the load, and what the application was told. */
export interface Attempt {
  readonly shard: string;
  /** The connection it went over, `<shard>/<letter><n>` (docs/drill-report.md). */
  readonly connection: string;
  /** Milliseconds on the run's monotonic clock. */
  readonly sentAt: number;
  readonly endedAt: number;
  readonly outcome: Outcome;
  readonly error?: string;
}

/**
 * `set`: a key of its own. `append`: one more element of the writer's list, which shows duplicates and order.
 * `increment`: one more on the writer's counter, which shows duplicates and losses without an id.
 */
export type WriteKind = 'set' | 'append' | 'increment';

export interface WriteRecord extends Attempt {
  readonly kind: WriteKind;
  readonly key: string;
  /** Unique in the run; what the key or the list element holds. */
  readonly id: string;
  /** What the counter stands at after an acknowledged increment. */
  readonly reply?: number;
}

/** What every transaction of one writer does: its id to the end of both lists, and one more on the counter. */
export interface TransactionKeys {
  readonly lists: readonly [string, string];
  readonly counter: string;
}

export interface TransactionRecord extends Attempt {
  readonly id: string;
  readonly keys: TransactionKeys;
}

/** A job that a producer put into a queue. */
export interface JobRecord extends Attempt {
  readonly id: string;
  readonly queue: string;
}

/** A consumer's request for a job. */
export interface TakeRecord extends Attempt {
  readonly queue: string;
  /** Where BLMOVE puts the job; undefined = BLPOP, which leaves it with the consumer alone. */
  readonly processing?: string;
  /** What came; undefined = nothing in time, or an error. */
  readonly job?: string;
  /** Its connection was made again, and it was asked again, before it was answered. */
  readonly askedAgain: boolean;
}

/** A subscriber and one of its channels. */
export interface Subscription {
  readonly subscriber: string;
  readonly channel: string;
  readonly shard: string;
}

/** A message that reached a subscriber. */
export interface HeardRecord {
  readonly subscriber: string;
  readonly channel: string;
  /** From 1, by channel. */
  readonly number: number;
  readonly at: number;
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
  readonly shard: string;
  readonly sentAt: number;
  readonly endedAt: number;
  readonly ok: boolean;
}

/** Everything that the load did in a run, each kind in the order it ended. */
export class Ledger {
  readonly writes: WriteRecord[] = [];
  readonly reads: ReadRecord[] = [];
  readonly newcomers: NewcomerRecord[] = [];
  readonly transactions: TransactionRecord[] = [];
  readonly jobs: JobRecord[] = [];
  readonly takes: TakeRecord[] = [];
  readonly heard: HeardRecord[] = [];
  /** Who listens to what, whether it ever heard anything or not. */
  readonly subscriptions: Subscription[] = [];
  /** Each connection, and how often it had to be made again. */
  readonly reconnects = new Map<string, number>();
  /** When the load was told to end. */
  endedAt = Number.POSITIVE_INFINITY;
  /** When each subscriber (`<connection> <channel>`) last heard something. */
  readonly heardAt = new Map<string, number>();
  /** When each writer and each reader was last served. */
  readonly servedAt = new Map<string, number>();
}

/** All requests that change something; not PUBLISH, which is lost under a fault as with Redis. */
export const attemptsOf = (ledger: Ledger): Attempt[] => [
  ...ledger.writes,
  ...ledger.transactions,
  ...ledger.jobs,
  ...ledger.takes,
];

/** Keys by what they hold. */
export interface KeysOfRun {
  readonly values: readonly string[];
  readonly lists: readonly string[];
  readonly counters: readonly string[];
}

/** The keys that a run wrote to: of one shard, or of all. */
export function keysOfRun(ledger: Ledger, shard?: string): KeysOfRun {
  const here = <T extends Attempt>(records: readonly T[]): T[] =>
    records.filter((record) => shard === undefined || record.shard === shard);
  const writes = here(ledger.writes);
  const written = (kind: WriteKind): string[] =>
    writes.filter((write) => write.kind === kind).map(({ key }) => key);
  const transactions = here(ledger.transactions);
  const distinct = (keys: readonly string[]): string[] => [...new Set(keys)];
  return {
    values: distinct(written('set')),
    lists: distinct([
      ...written('append'),
      ...transactions.flatMap(({ keys }) => keys.lists),
      ...here(ledger.jobs).map(({ queue }) => queue),
      ...here(ledger.takes).flatMap(({ processing }) => processing ?? []),
    ]),
    counters: distinct([...written('increment'), ...transactions.map(({ keys }) => keys.counter)]),
  };
}

/** What one server, or all masters together, hold after a run. */
export interface Found {
  readonly values: ReadonlyMap<string, string>;
  readonly lists: ReadonlyMap<string, readonly string[]>;
  readonly counters: ReadonlyMap<string, number>;
}
