import { type History, historyMap, mergeHistories, type Stand, termAt } from './position.ts';
import { compareTerms, FETCHED_RUN, laterTerm, sameElection, type Term } from './term.ts';

/** What a member must remember whatever happens to it; written down before anything of it is acted upon. */
export interface Memory {
  /** It votes for no earlier term and follows no master of an earlier one. */
  readonly promised: Term | null;
  /** It was elected in the promised term. */
  readonly leads: boolean;
  /** It has had data of the shard: only then its vote says something. A wiped member has not. */
  readonly member: boolean;
  /** See `Stand`. */
  readonly from: Term | null;
  readonly upTo: Term | null;
  readonly complete: Term | null;
  readonly settled: boolean;
  /** HOST:PORT of the master that it was last pointed at, `master` when that was itself, null before. */
  readonly leader: string | null;
  readonly histories: readonly History[];
}

/** The memory of one that has seen nothing yet. */
export const BLANK: Memory = {
  promised: null,
  leads: false,
  member: false,
  from: null,
  upTo: null,
  complete: null,
  settled: false,
  leader: null,
  histories: [],
};

/** What a redis says of itself, as far as decisions need it. */
export interface RedisView {
  readonly role: 'master' | 'replica';
  /** HOST:PORT; of a replica. */
  readonly follows: string;
  readonly linkUp: boolean;
  /** It loads its data set, or takes over its master's: nothing can be said about its data. */
  readonly loading: boolean;
  readonly replid: string;
  readonly offset: number;
  /** First offset that it can send from; null: none, its data has no place in a history yet. */
  readonly backlogFrom: number | null;
  /** What it has acknowledged is in its append-only file, not only in memory behind a rewrite that goes on. */
  readonly stored: boolean;
  /** Of a master: replicas that confirmed something within the last second or two. */
  readonly freshReplicas: number;
}

/** What a member says of its data. */
export const standOf = ({ from, upTo, complete, settled }: Memory, { replid, offset }: RedisView): Stand => ({
  replid,
  offset,
  from,
  upTo,
  complete,
  settled,
});

/** After the vote for a term. */
export const granted = (memory: Memory, term: Term): Memory => ({ ...memory, promised: term, leads: false });

/** Before the promotion of an elected member. */
export const elected = (memory: Memory, term: Term, { stored }: RedisView): Memory => ({
  ...memory,
  promised: term,
  leads: true,
  member: true,
  upTo: term,
  // A crash before the rewrite ends would bring back older data.
  complete: stored ? term : null,
  settled: stored,
  leader: 'master',
});

/** Once an elected member's redis is master: the history that it begins. */
export const began = (memory: Memory, history: History): Memory => ({
  ...memory,
  histories: mergeHistories(memory.histories, [history]),
});

/** Before it follows another master. */
export const pointedAt = (
  memory: Memory,
  term: Term,
  leader: string,
  histories: readonly History[],
): Memory => ({
  ...memory,
  promised: term,
  leads: false,
  upTo: laterTerm(memory.upTo, term),
  complete: null,
  settled: false,
  leader,
  histories: mergeHistories(memory.histories, histories),
});

/** Of one that starts without data: its promises hold, but it has nothing any more. */
export const emptied = (memory: Memory): Memory => ({
  ...memory,
  leads: false,
  member: false,
  from: null,
  complete: null,
  settled: false,
});

/** Before it fetches what another voter has more, under the term of its own election. */
export const fetchingFrom = (memory: Memory, term: Term, owner: string): Memory => ({
  ...memory,
  upTo: laterTerm(memory.upTo, { counter: term.counter, owner, run: FETCHED_RUN }),
  complete: null,
  settled: false,
});

/**
 * What is learnt from looking at its own redis. The same object when nothing is. Redis takes a whole data set over by
 * itself when it has been away for too long; until that is in its file, a stop brings back what it had before.
 */
export function observed(memory: Memory, view: RedisView): Memory {
  if (view.loading) return memory.settled && view.role === 'replica' ? { ...memory, settled: false } : memory;
  if (!view.stored) return memory;
  if (view.role === 'master') {
    if (!memory.leads || memory.promised === null || sameElection(memory.complete, memory.promised))
      return memory;
    return { ...memory, complete: memory.promised, settled: true };
  }
  if (view.backlogFrom === null) return memory;
  const term = termAt(historyMap(memory.histories), view.replid, view.offset);
  if (term === undefined || (memory.member && memory.settled && compareTerms(term, memory.from) <= 0))
    return memory;
  return { ...memory, member: true, settled: true, from: laterTerm(memory.from, term) };
}

/**
 * The term in which a member may be master without asking anybody: the next run of the one that it was elected in. What
 * it acknowledged it still has, and whoever promised a later term follows it no more.
 */
export function resumable(memory: Memory): Term | null {
  const { promised, leads, complete } = memory;
  if (!leads || promised === null || !sameElection(complete, promised)) return null;
  return { ...promised, run: promised.run + 1 };
}

/** The first term of all: nobody has data, so nobody is asked. A later first boot of the same member outdoes it. */
export const firstTerm = (owner: string, nowMs: number): Term => ({ counter: 0, owner, run: nowMs });

/** The memory as a file. */
export const formatMemory = (memory: Memory): string => `${JSON.stringify(memory)}\n`;

/** Reads it. Undefined when the file is not one of ours: half a file says nothing, not something else. */
export function parseMemory(text: string): Memory | undefined {
  try {
    const value = JSON.parse(text) as Memory;
    const terms = [value.promised, value.from, value.upTo, value.complete];
    const whole =
      typeof value.leads === 'boolean' &&
      typeof value.member === 'boolean' &&
      typeof value.settled === 'boolean' &&
      terms.every((term) => term === null || isTerm(term)) &&
      Array.isArray(value.histories) &&
      value.histories.every(isHistory);
    return whole ? value : undefined;
  } catch {
    return undefined;
  }
}

export const isTerm = (value: unknown): value is Term => {
  const term = value as Partial<Term> | null | undefined;
  return (
    Number.isSafeInteger(term?.counter) && typeof term?.owner === 'string' && Number.isSafeInteger(term.run)
  );
};

export const isHistory = (value: unknown): value is History => {
  const history = value as Partial<History> | null | undefined;
  return (
    typeof history?.replid === 'string' &&
    isTerm(history.term) &&
    Number.isSafeInteger(history.start) &&
    (history.parent === null || typeof history.parent === 'string')
  );
};
