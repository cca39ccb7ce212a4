import { judgeCounter } from './counters.ts';
import { type JobVerdict, judgeJobs } from './judge-jobs.ts';
import { judgeTransactions, type TransactionVerdict } from './judge-transactions.ts';
import { type Acknowledged, repeated } from './judged.ts';
import type { Found, Ledger, WriteRecord } from './ledger.ts';

/** The ledger held against what is really there. */
export interface Verdict {
  readonly acknowledged: number;
  readonly refused: number;
  readonly unknown: number;
  /** Acknowledged, and not there: what must be empty. */
  readonly lost: readonly Acknowledged[];
  readonly unknownApplied: number;
  /** List elements of unknown outcome that stand behind one which their writer sent later: carried out out of a buffer. */
  readonly unknownAppliedLate: readonly string[];
  readonly unknownNotApplied: number;
  /** Refused (the application was told "not executed"), and there all the same. */
  readonly refusedApplied: readonly string[];
  /** List elements that stand there more than once, and one entry for each surplus increment of a counter. */
  readonly duplicated: readonly string[];
  /** Acknowledged elements of one writer that stand in another order than they were acknowledged in. */
  readonly reordered: readonly string[];
  readonly reads: number;
  readonly failedReads: number;
  readonly staleReads: number;
  readonly backwardsReads: number;
  readonly transactions: TransactionVerdict;
  readonly jobs: JobVerdict;
}

/** Judges a run. Pure. */
export function judge(ledger: Ledger, found: Found): Verdict {
  const elements = new Map([...found.lists].map(([key, list]) => [key, new Set(list)]));
  const isThere = (write: WriteRecord): boolean =>
    write.kind === 'append'
      ? (elements.get(write.key)?.has(write.id) ?? false)
      : found.values.get(write.key) === write.id;
  const increments = ledger.writes.filter(({ kind }) => kind === 'increment');
  const plain = ledger.writes.filter(({ kind }) => kind !== 'increment');
  const of = (outcome: WriteRecord['outcome'], from = plain): WriteRecord[] =>
    from.filter((write) => write.outcome === outcome);
  const counters = judgeCounters(increments, found);
  const unknownApplied = of('unknown').filter(isThere).length + counters.unknownApplied;
  const unknown = of('unknown', ledger.writes).length;
  const lists = [...new Set(plain.filter(({ kind }) => kind === 'append').map(({ key }) => key))];
  const acknowledgedIds = new Set(of('acknowledged').map(({ id }) => id));
  return {
    acknowledged: of('acknowledged', ledger.writes).length,
    refused: of('refused', ledger.writes).length,
    unknown,
    lost: [...of('acknowledged').filter((write) => !isThere(write)), ...counters.lost].map(lostWrite),
    unknownApplied,
    unknownAppliedLate: outOfOrder(
      plain.filter(({ outcome }) => outcome !== 'refused'),
      found,
    ).filter((id) => !acknowledgedIds.has(id)),
    unknownNotApplied: unknown - unknownApplied,
    refusedApplied: of('refused')
      .filter(isThere)
      .map(({ id }) => id),
    duplicated: [...lists.flatMap((key) => repeated(found.lists.get(key) ?? [])), ...counters.duplicated],
    reordered: outOfOrder(of('acknowledged'), found),
    reads: ledger.reads.length,
    failedReads: ledger.reads.filter(({ ok }) => !ok).length,
    staleReads: ledger.reads.filter(({ stale }) => stale).length,
    backwardsReads: ledger.reads.filter(({ backwards }) => backwards).length,
    transactions: judgeTransactions(ledger.transactions, found),
    jobs: judgeJobs(ledger, found),
  };
}

const lostWrite = ({ id, key, shard, endedAt }: WriteRecord): Acknowledged => ({
  id,
  key,
  shard,
  acknowledgedAt: endedAt,
});

function judgeCounters(
  increments: readonly WriteRecord[],
  found: Found,
): { lost: WriteRecord[]; duplicated: string[]; unknownApplied: number } {
  const byKey = new Map<string, WriteRecord[]>();
  for (const write of increments) byKey.set(write.key, [...(byKey.get(write.key) ?? []), write]);
  const verdicts = [...byKey].map(([key, writes]) => ({
    key,
    ...judgeCounter(
      [...writes].sort((a, b) => a.sentAt - b.sentAt),
      found.counters.get(key),
    ),
  }));
  const gone = new Set(verdicts.flatMap(({ lost }) => lost));
  return {
    lost: increments.filter(({ id }) => gone.has(id)),
    duplicated: verdicts.flatMap(({ key, duplicated }) => Array<string>(duplicated).fill(key)),
    unknownApplied: verdicts.reduce((sum, { unknownApplied }) => sum + unknownApplied, 0),
  };
}

/**
 * A writer waits for each answer before it sends the next write, so its list must hold them in that order: the ids of
 * those that stand behind one which was sent later.
 */
function outOfOrder(writes: readonly WriteRecord[], found: Found): string[] {
  const positions = new Map(
    [...found.lists].map(([key, elements]) => [key, new Map(elements.map((id, index) => [id, index]))]),
  );
  /** List -> the foremost place of those that were sent later. */
  const foremost = new Map<string, number>();
  const bad: string[] = [];
  for (const { kind, key, id } of [...writes].sort((a, b) => b.sentAt - a.sentAt)) {
    const position = kind === 'append' ? positions.get(key)?.get(id) : undefined;
    if (position === undefined) continue;
    const later = foremost.get(key) ?? Number.POSITIVE_INFINITY;
    if (position > later) bad.push(id);
    foremost.set(key, Math.min(later, position));
  }
  return bad.reverse();
}

/** What a replica holds otherwise than its master: keys, list lengths or counters. */
export function differences(master: Found, replica: Found): string[] {
  const values = [...master.values].filter(([key, value]) => replica.values.get(key) !== value);
  const lists = [...master.lists].filter(
    ([key, list]) => (replica.lists.get(key) ?? []).join() !== list.join(),
  );
  const counters = [...master.counters].filter(([key, value]) => replica.counters.get(key) !== value);
  return [...values, ...lists, ...counters].map(([key]) => key);
}
