import type { LeaseEnd } from './lease.ts';
import type { Memory, RedisView } from './memory.ts';
import {
  covers,
  type Histories,
  type History,
  historyMap,
  type Point,
  type Reach,
  reachOf,
  type Stand,
  termAt,
} from './position.ts';
import { compareTerms, FETCHED_RUN, laterTerm, sameElection, type Term } from './term.ts';

/** What an election goes by. */
export interface Rules {
  /** Members of the shard. */
  readonly members: number;
  /** Votes that a promotion needs, the candidate's own included. */
  readonly votes: number;
  /** Replicas that a master needs before it acknowledges. */
  readonly waitReplicas: number;
}

/**
 * A write that was acknowledged is on W = waitReplicas + 1 of N members; among any N − W + 1 there is one that has it.
 * A majority at least, so that nothing changes while `wait_replicas` does; of two members the one that is left decides,
 * for it has everything. Without `strict`, or where nothing waits for replicas, whoever is in reach decides.
 */
export function rulesFor(members: number, waitReplicas: number, strict: boolean): Rules {
  const fewest = members >= 3 ? Math.floor(members / 2) + 1 : 1;
  const waits = strict && waitReplicas > 0;
  return { members, votes: waits ? Math.max(fewest, members - waitReplicas) : 1, waitReplicas };
}

/** A question for a vote. */
export interface VoteRequest {
  readonly term: Term;
  /** The master of this term has stepped down for the candidate, or is the candidate. */
  readonly released: Term | null;
  /** A person decided: nobody is asked whether the master is well. */
  readonly force: boolean;
}

/** To whom a master hands over that ends: whomever the sentinels select. */
export const ANYBODY = '*';

/** What a voter knows besides its memory. */
export interface Surroundings {
  readonly view: RedisView | undefined;
  /** A replica's master answers it, and the link to it is up. */
  readonly hearsMaster: boolean;
  /** A master that was told to hand over: to whom, or `ANYBODY`. */
  readonly yieldsTo: string | null;
  /** Members other than the asking one that lead a term, as they say themselves. */
  readonly leader: Term | null;
}

/**
 * Why a member does not vote, or undefined: it does. A master that is heard is not replaced, whatever a sentinel thinks;
 * neither is one that has the replicas it needs.
 */
export function refusal(
  memory: Memory,
  { view, hearsMaster, yieldsTo, leader }: Surroundings,
  request: VoteRequest,
  rules: Rules,
): string | undefined {
  if (view === undefined) return 'its redis does not answer';
  if (compareTerms(request.term, memory.promised) <= 0) return 'it has promised a later term';
  // Files of a version without guards say nothing either; a person can know better.
  if (!memory.member && !request.force) return 'it has had no data of the shard yet';
  if (view.loading) return 'its redis is loading';
  // Without a place in the history whose name it bears, what it has was thrown away half-way to something newer.
  if (
    view.role === 'replica' &&
    view.backlogFrom === null &&
    memory.histories.some(({ replid }) => replid === view.replid)
  )
    return 'its data set is incomplete';
  if (request.force || yieldsTo === ANYBODY || yieldsTo === request.term.owner) return undefined;
  if (view.role === 'master' && !isReleased(memory.promised, request)) {
    return memory.leads && view.freshReplicas >= Math.max(1, rules.waitReplicas)
      ? 'it is master and has its replicas'
      : undefined;
  }
  if (hearsMaster && !isReleased(memory.promised, request)) return 'its master answers it';
  if (leader !== null && compareTerms(leader, memory.promised) > 0) return 'a later master was just heard of';
  return undefined;
}

const isReleased = (master: Term | null, { released }: VoteRequest): boolean =>
  sameElection(master, released);

/** The term of the next candidate: above everything that anybody is known to have promised. */
export const nextTerm = (owner: string, promises: ReadonlyArray<Term | null>): Term => ({
  counter: Math.max(0, ...promises.map((term) => term?.counter ?? 0)) + 1,
  owner,
  run: 0,
});

/** One vote, the candidate's own included. */
export interface Vote extends LeaseEnd {
  readonly member: string;
  readonly stand: Stand;
  /** What it had promised before. */
  readonly promised: Term | null;
  readonly histories: readonly History[];
  /** First offset that it can send from. */
  readonly backlogFrom: number | null;
}

export type Outcome =
  | { readonly kind: 'promote' }
  /** The other one has more, and the difference can be had from it in an instant. */
  | { readonly kind: 'catch up'; readonly from: Vote }
  /** The other one has more and must be master itself. */
  | { readonly kind: 'yield'; readonly to: Vote }
  | { readonly kind: 'wait'; readonly reason: string };

/** What comes of the votes. Whoever is promoted certainly has what every voter has. */
export function judge(own: Vote, others: readonly Vote[], rules: Rules, force = false): Outcome {
  const votes = [own, ...others];
  if (!force && votes.length < rules.votes)
    return { kind: 'wait', reason: `${votes.length} of ${rules.votes} votes (${rules.members} members)` };
  const histories = historyMap(votes.flatMap((vote) => vote.histories));
  const isMajority = 2 * votes.length > rules.members;
  const promises = isMajority
    ? votes.reduce<Term | null>((top, vote) => laterTerm(top, vote.promised), null)
    : undefined;
  const end = endOfAll(votes, rules, histories);
  const reaches = new Map<Vote, Reach>(
    votes.map((vote) => [vote, reachOf(vote.stand, histories, promises, end)]),
  );
  const coversAll = (vote: Vote): boolean =>
    isSettled(vote.stand, reaches.get(vote) as Reach) &&
    votes.every((other) => other === vote || covers(reaches.get(vote) as Reach, reaches.get(other) as Reach));
  if (coversAll(own)) return { kind: 'promote' };
  const best = others.find(coversAll) ?? (force ? furthest(votes, reaches) : undefined);
  if (best === own) return { kind: 'promote' };
  if (best === undefined) {
    const unsure = votes.filter((vote) => {
      const { low, high } = reaches.get(vote) as Reach;
      return compareTerms(low.term, high.term) !== 0 || low.offset !== high.offset;
    });
    const who = unsure.map(({ member }) => member).join(', ');
    return {
      kind: 'wait',
      reason: `how much ${who || 'the voters'} acknowledged before a restart cannot be told`,
    };
  }
  return canContinue(own, best) ? { kind: 'catch up', from: best } : { kind: 'yield', to: best };
}

/**
 * Where all data of the shard ends, once everybody has voted: whoever leads a term has written that down before, so it is known which
 * term was the last that anybody led; and what was written in it came from its owner, who voted as well. Without that, elections which
 * came to nothing would each raise what a restarted member may have, and the last master, which has everything, would never
 * be elected again. What was fetched from another voter is of no term that this one did not have. Undefined as long as somebody has
 * not voted: it may be the one who led last.
 */
function endOfAll(votes: readonly Vote[], { members }: Rules, histories: Histories): Point | undefined {
  if (votes.length < members) return undefined;
  const term = votes.reduce<Term | null>(
    (top, { stand: { from, upTo } }) => laterTerm(top, laterTerm(from, ledUpTo(upTo, votes))),
    null,
  );
  const owner = votes.find(({ member }) => member === term?.owner)?.stand;
  const isThere =
    owner !== undefined && compareTerms(termAt(histories, owner.replid, owner.offset) ?? null, term) === 0;
  return { term, offset: isThere ? owner.offset : Number.POSITIVE_INFINITY };
}

/** `upTo`; of one that has fetched from a voter since, the `upTo` of that one. */
function ledUpTo(upTo: Term | null, votes: readonly Vote[]): Term | null {
  if (upTo?.run !== FETCHED_RUN) return upTo;
  const source = votes.find(({ member }) => member === upTo.owner)?.stand.upTo;
  return source == null || source.run === FETCHED_RUN ? upTo : source;
}

/**
 * Whether a member has what it ever acknowledged. One that stopped while a whole data set of a later master was still
 * being written to its disk has come back with what it had before.
 */
const isSettled = ({ settled }: Stand, { low, high }: Reach): boolean =>
  settled || (low.term === high.term && low.offset === high.offset);

/** Whether a redis can be sent what it lacks, rather than everything. */
const canContinue = ({ stand }: Vote, { stand: best, backlogFrom }: Vote): boolean =>
  stand.replid === best.replid && backlogFrom !== null && backlogFrom <= stand.offset + 1;

/** For a person's decision: the one that may have most. */
function furthest(votes: readonly Vote[], reaches: ReadonlyMap<Vote, Reach>): Vote {
  const order = (a: Vote, b: Vote): number => {
    const [one, other] = [reaches.get(a) as Reach, reaches.get(b) as Reach];
    return compareTerms(other.low.term, one.low.term) || other.low.offset - one.low.offset || 0;
  };
  return [...votes].sort(order)[0];
}
