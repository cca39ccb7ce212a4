/** What the application was told about one write. */
export type Outcome = 'acknowledged' | 'refused' | 'unknown';

/** `set`: a key of its own. `append`: one more element of the writer's list, which shows duplicates and order. */
export type WriteKind = 'set' | 'append';

export interface WriteRecord {
  readonly kind: WriteKind;
  readonly shard: string;
  readonly writer: number;
  readonly key: string;
  /** Unique in the run; what the key or the list element holds. */
  readonly id: string;
  /** Milliseconds on the run's monotonic clock. */
  readonly sentAt: number;
  readonly endedAt: number;
  readonly outcome: Outcome;
  readonly error?: string;
}

export interface ReadRecord {
  readonly shard: string;
  readonly sentAt: number;
  readonly endedAt: number;
  readonly ok: boolean;
  /** Older than a write that was acknowledged before the read was sent. */
  readonly stale: boolean;
  /** Older than what the same reader had read before. */
  readonly backwards: boolean;
  readonly error?: string;
}

/** Every write and read of a run, in the order they ended. */
export class Ledger {
  readonly writes: WriteRecord[] = [];
  readonly reads: ReadRecord[] = [];
}

/** What the servers hold after the run: value of each plain key, elements of each list. */
export interface Found {
  readonly values: ReadonlyMap<string, string>;
  readonly lists: ReadonlyMap<string, readonly string[]>;
}

/** The ledger held against what is really there. */
export interface Verdict {
  readonly acknowledged: number;
  readonly refused: number;
  readonly unknown: number;
  /** Acknowledged, and not there: the number that must be 0. */
  readonly lost: readonly string[];
  /** Unknown outcome, and there. */
  readonly unknownApplied: number;
  /** Refused (the application was told "not executed"), and there all the same. */
  readonly refusedApplied: readonly string[];
  /** Elements that stand in a list more than once. */
  readonly duplicated: readonly string[];
  /** Acknowledged elements of one writer that stand in another order than they were acknowledged in. */
  readonly reordered: readonly string[];
  readonly reads: number;
  readonly failedReads: number;
  readonly staleReads: number;
  readonly backwardsReads: number;
}

/** Judges a run. Pure. */
export function judge(ledger: Ledger, found: Found): Verdict {
  const present = (write: WriteRecord): boolean =>
    write.kind === 'set'
      ? found.values.get(write.key) === write.id
      : (found.lists.get(write.key)?.includes(write.id) ?? false);
  const sets = new Map([...found.lists].map(([key, elements]) => [key, new Set(elements)]));
  const isThere = (write: WriteRecord): boolean =>
    write.kind === 'append' ? (sets.get(write.key)?.has(write.id) ?? false) : present(write);
  const by = (outcome: Outcome): WriteRecord[] => ledger.writes.filter((write) => write.outcome === outcome);
  const acknowledged = by('acknowledged');
  return {
    acknowledged: acknowledged.length,
    refused: by('refused').length,
    unknown: by('unknown').length,
    lost: acknowledged.filter((write) => !isThere(write)).map(({ id }) => id),
    unknownApplied: by('unknown').filter(isThere).length,
    refusedApplied: by('refused')
      .filter(isThere)
      .map(({ id }) => id),
    duplicated: [...found.lists.values()].flatMap(repeated),
    reordered: outOfOrder(acknowledged, found),
    reads: ledger.reads.length,
    failedReads: ledger.reads.filter(({ ok }) => !ok).length,
    staleReads: ledger.reads.filter(({ stale }) => stale).length,
    backwardsReads: ledger.reads.filter(({ backwards }) => backwards).length,
  };
}

function repeated(elements: readonly string[]): string[] {
  const seen = new Set<string>();
  const twice = new Set<string>();
  for (const element of elements) {
    if (seen.has(element)) twice.add(element);
    seen.add(element);
  }
  return [...twice];
}

/** A writer waits for each answer before it sends the next write, so its list must hold them in that order. */
function outOfOrder(acknowledged: readonly WriteRecord[], found: Found): string[] {
  const last = new Map<string, number>();
  const positions = new Map(
    [...found.lists].map(([key, elements]) => [key, new Map(elements.map((id, index) => [id, index]))]),
  );
  const bad: string[] = [];
  for (const { kind, key, id } of acknowledged) {
    const position = kind === 'append' ? positions.get(key)?.get(id) : undefined;
    if (position === undefined) continue;
    if (position < (last.get(key) ?? -1)) bad.push(id);
    last.set(key, position);
  }
  return bad;
}

/** How long a shard took no writes. */
export interface Outage {
  /** When the last write before it was acknowledged, relative to the fault (ms). */
  readonly lastBefore: number;
  /** When the first one after it was acknowledged, relative to the fault (ms): what a promise is held against. */
  readonly firstAfter: number;
}

/** The longest pause between acknowledged writes of a shard that ends after the fault. */
export function longestOutage(ledger: Ledger, shard: string, faultAt: number): Outage | undefined {
  const acks = ledger.writes
    .filter((write) => write.shard === shard && write.outcome === 'acknowledged')
    .map(({ endedAt }) => endedAt)
    .sort((a, b) => a - b);
  let longest: Outage | undefined;
  for (let i = 1; i < acks.length; i++) {
    if (acks[i] <= faultAt) continue;
    const gap = { lastBefore: acks[i - 1] - faultAt, firstAfter: acks[i] - faultAt };
    if (longest === undefined || acks[i] - acks[i - 1] > longest.firstAfter - longest.lastBefore)
      longest = gap;
  }
  return longest;
}
