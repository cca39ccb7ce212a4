import { compareTerms, laterTerm, type Term } from './term.ts';

/*
 * How far a member's data reaches, as Raft compares logs: by the term of the last write, then by the offset in it. Redis
 * names a history by its replication id; whoever is promoted begins a new one at the offset it had.
 */

/** One replication id: who wrote under it, from which offset on, and which history it continues. */
export interface History {
  readonly replid: string;
  readonly term: Term;
  /** Offset at which it began; what is before was written under `parent`. */
  readonly start: number;
  /** null: it began with a whole data set, whose offsets mean nothing elsewhere. */
  readonly parent: string | null;
}

/** What a member says of its data when it votes. */
export interface Stand {
  readonly replid: string;
  readonly offset: number;
  /** Its data is of this term at least, as far as it remembers from before its redis started. */
  readonly from: Term | null;
  /** And of this term at most: it was never pointed at a master of a later one that it knew of. */
  readonly upTo: Term | null;
  /** It led this term, so it has everything that was acknowledged in it. */
  readonly complete: Term | null;
  /** All that it acknowledged since it was last pointed at a master is in its append-only file. */
  readonly settled: boolean;
}

/** Where data ends. */
export interface Point {
  readonly term: Term | null;
  readonly offset: number;
}

/** Between which two points a member's data ends; equal points when it is known. */
export interface Reach {
  readonly low: Point;
  readonly high: Point;
}

export type Histories = ReadonlyMap<string, History>;

/** Under which term the byte at an offset of a history was written; undefined when that is not known. */
export function termAt(histories: Histories, replid: string, offset: number): Term | undefined {
  let history = histories.get(replid);
  // A member may take a new id over before it has all that was written under the one before.
  for (let steps = histories.size; history !== undefined && offset < history.start && steps > 0; steps--) {
    history = history.parent === null ? undefined : histories.get(history.parent);
  }
  return history?.term;
}

/**
 * What is certain of a member's data.
 *
 * A redis that was restarted has a new id and counts from 0, so only terms are left, the upper one by what it was last
 * pointed at (`latestOf`).
 *
 * @param promises the highest term that any voter had promised before; undefined: the voters are no majority
 * @param end where all data ends that there is anywhere; undefined: that is not known
 */
export function reachOf(
  stand: Stand,
  histories: Histories,
  promises: Term | null | undefined,
  end?: Point,
): Reach {
  const term = termAt(histories, stand.replid, stand.offset);
  if (term !== undefined) {
    const point = { term, offset: stand.offset };
    return { low: point, high: point };
  }
  const { from, upTo, complete } = stand;
  if (complete !== null && compareTerms(complete, upTo) >= 0) {
    const point = { term: complete, offset: Number.POSITIVE_INFINITY };
    return { low: point, high: point };
  }
  const low = { term: from, offset: Number.NEGATIVE_INFINITY };
  if (upTo === null) return { low, high: { term: from, offset: Number.POSITIVE_INFINITY } };
  const latest = latestOf(upTo, promises);
  const isBounded = end !== undefined && compareTerms(end.term, latest) <= 0;
  return { low, high: isBounded ? end : { term: latest, offset: Number.POSITIVE_INFINITY } };
}

/**
 * The latest term that a redis which was pointed at the owner of one may have data of. It attaches to that address again
 * by itself, and the owner may have gone on in a later run, or been elected anew: then somebody among a majority of voters
 * has promised that term or a later one.
 */
function latestOf(upTo: Term, promises: Term | null | undefined): Term | null {
  if (promises === undefined) return END;
  const same = { ...upTo, run: Number.POSITIVE_INFINITY };
  if (promises === null) return same;
  const run = promises.owner === upTo.owner ? Number.POSITIVE_INFINITY : promises.run - 0.5;
  return laterTerm(same, { ...promises, run });
}

/** Later than every term there is. */
const END: Term = { counter: Number.POSITIVE_INFINITY, owner: '', run: 0 };

/** Whether one member certainly has everything acknowledged that another one has. */
export function covers(one: Reach, other: Reach): boolean {
  const terms = compareTerms(one.low.term, other.high.term);
  return terms > 0 || (terms === 0 && one.low.offset >= other.high.offset);
}

/** The newest histories of several tables, for the next question; older ones are nobody's any more. */
export function mergeHistories(...tables: ReadonlyArray<Iterable<History>>): History[] {
  const merged = new Map<string, History>();
  for (const table of tables) for (const history of table) merged.set(history.replid, history);
  return [...merged.values()].sort((a, b) => compareTerms(b.term, a.term)).slice(0, KEPT_HISTORIES);
}

/** More than failovers happen while a member is away, and few enough for a message. */
const KEPT_HISTORIES = 24;

export const historyMap = (histories: Iterable<History>): Histories =>
  new Map([...histories].map((history) => [history.replid, history]));
