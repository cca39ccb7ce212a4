/**
 * The reign of one master. Elections raise the counter; no two candidates share a term, for it names its owner. An owner
 * that restarts goes on in the same election with a run of its own: its replication offsets begin anew.
 */
export interface Term {
  readonly counter: number;
  /** Member name of the master. */
  readonly owner: string;
  readonly run: number;
}

/** The run of a term that nobody leads: what is fetched from another voter is attached to that one in an election of one's own. */
export const FETCHED_RUN = -1;

/** Order of terms; null, "none", comes before all. Negative, 0 or positive as for Array.sort. */
export function compareTerms(a: Term | null, b: Term | null): number {
  if (a === null || b === null) return Number(a !== null) - Number(b !== null);
  if (a.counter !== b.counter) return a.counter - b.counter;
  if (a.owner !== b.owner) return a.owner < b.owner ? -1 : 1;
  return a.run - b.run;
}

/** Whether two terms come from the same election. */
export const sameElection = (a: Term | null, b: Term | null): boolean =>
  a !== null && b !== null && a.counter === b.counter && a.owner === b.owner;

export const laterTerm = (a: Term | null, b: Term | null): Term | null => (compareTerms(a, b) >= 0 ? a : b);

/** For logs: `3 of alpha-shard-1-b`. */
export const formatTerm = (term: Term | null): string =>
  term === null ? 'none' : `${term.counter} of ${term.owner}${term.run === 0 ? '' : ` (run ${term.run})`}`;
