import { type Acknowledged, counted, repeated } from './judged.ts';
import type { Found, Outcome, TransactionKeys, TransactionRecord } from './ledger.ts';

/** What became of the transactions of a run. */
export interface TransactionVerdict {
  readonly acknowledged: number;
  readonly refused: number;
  readonly unknown: number;
  /** Acknowledged, and nothing of it is there. */
  readonly lost: readonly Acknowledged[];
  readonly unknownApplied: number;
  /** Refused (the application was told "not executed"), and there all the same. */
  readonly refusedApplied: readonly string[];
  /** Carried out more than once. */
  readonly twice: readonly string[];
  /** Ids that stand in one list only, and the counters that do not count what is in the lists. */
  readonly inPart: readonly string[];
}

/**
 * Each transaction puts its id into two lists and counts it, so it was carried out once when its id is in both of them
 * once, and the counter says as much as the lists. Pure.
 */
export function judgeTransactions(records: readonly TransactionRecord[], found: Found): TransactionVerdict {
  const writers = new Map(records.map(({ keys }) => [keys.counter, keys]));
  const places = new Map([...writers].map(([counter, keys]) => [counter, placesOf(keys, found)]));
  const all = [...places.values()];
  const isThere = ({ id, keys }: TransactionRecord): boolean =>
    places.get(keys.counter)?.ids.has(id) ?? false;
  const of = (outcome: Outcome): TransactionRecord[] => records.filter((each) => each.outcome === outcome);
  return {
    acknowledged: of('acknowledged').length,
    refused: of('refused').length,
    unknown: of('unknown').length,
    lost: of('acknowledged')
      .filter((each) => !isThere(each))
      .map(({ id, keys, shard, endedAt }) => ({ id, key: keys.lists[0], shard, acknowledgedAt: endedAt })),
    unknownApplied: of('unknown').filter(isThere).length,
    refusedApplied: of('refused')
      .filter(isThere)
      .map(({ id }) => id),
    twice: all.flatMap(({ lists }) => [...new Set(lists.flatMap(repeated))]),
    inPart: all.flatMap(halves),
  };
}

/** What one writer's keys hold. */
interface Places {
  readonly counter: string;
  readonly lists: readonly [readonly string[], readonly string[]];
  /** Ids that are in either list. */
  readonly ids: ReadonlySet<string>;
  readonly count: number;
}

function placesOf({ lists, counter }: TransactionKeys, found: Found): Places {
  const [one, other] = lists.map((key) => found.lists.get(key) ?? []);
  return {
    counter,
    lists: [one, other],
    ids: new Set([...one, ...other]),
    count: found.counters.get(counter) ?? 0,
  };
}

function halves({ counter, lists: [one, other], ids, count }: Places): string[] {
  const [inOne, inOther] = [counted(one), counted(other)];
  const uneven = [...ids].filter((id) => inOne.get(id) !== inOther.get(id));
  return uneven.length === 0 && count !== one.length ? [counter] : uneven;
}
