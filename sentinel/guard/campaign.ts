import { setTimeout as pause } from 'node:timers/promises';
import type { GuardConfig, Peer } from './config.ts';
import {
  judge,
  nextTerm,
  type Outcome,
  refusal,
  type Surroundings,
  type Vote,
  type VoteRequest,
} from './core/election.ts';
import { leaseLeft } from './core/lease.ts';
import { elected, fetchingFrom, type Memory } from './core/memory.ts';
import { compareTerms, sameElection, type Term } from './core/term.ts';
import type { Ballot } from './messages.ts';
import type { OwnRedis } from './own-redis.ts';
import type { Peers } from './peers.ts';
import type { FullView } from './view.ts';

/** What a campaign needs of the guard that stands for election. */
export interface Candidate {
  readonly config: GuardConfig;
  readonly memory: Memory;
  readonly peers: Peers;
  readonly redis: OwnRedis;
  surroundings(): Promise<Surroundings>;
  /** One after the other: whatever changes the memory or the role of the redis. */
  exclusive<T>(work: () => Promise<T>): Promise<T>;
  castOwnVote(term: Term): Promise<Vote>;
  voteFrom(view: FullView, promised: Term | null): Vote;
  remember(memory: Memory): void;
  /** Makes the redis master, with the term remembered. */
  begin(term: Term): Promise<void>;
  log(text: string): void;
}

/** For a redis to fetch from another one what it lacks. Milliseconds. */
const CATCH_UP_MS = 1000;
const POLL_MS = 5;

export interface CampaignOptions {
  /** A person's decision: whoever is in reach decides, and nobody is asked whether the master is well. */
  readonly force?: boolean;
  /** The member's own term: a master that needs a later one. */
  readonly renews?: Term;
}

/**
 * One try to become master: first the question who would vote, which changes nothing; then the votes, each of which ends
 * the voter's following of whom it followed; then the comparison of what everybody has.
 *
 * @returns undefined when this member is master now, else why not
 */
export async function campaign(guard: Candidate, options: CampaignOptions = {}): Promise<string | undefined> {
  const { rules } = guard.peers;
  const begunAt = performance.now();
  const force = options.force === true;
  const asked = await askWhoWould(guard, options);
  if (typeof asked === 'string') return asked;
  const begun = await guard.exclusive(async () => {
    if (guard.memory.promised !== asked.promised) return undefined;
    const own: Vote = await guard.castOwnVote(asked.request.term);
    return own;
  });
  if (begun === undefined) return 'another election came between';
  const ballots = await guard.peers.vote(
    asked.voters,
    { kind: 'vote', request: asked.request, dry: false },
    asked.voters.length,
  );
  const votes = [...ballots.values()].flatMap((ballot) => (ballot.granted ? [ballot.vote] : []));
  const outcome = judge(begun, votes, rules, force);
  const now = performance.now();
  // A master that goes on in a later term has no predecessor but itself.
  const left = options.renews === undefined ? leaseLeft([begun, ...votes], now - begunAt) : 0;
  return await conclude(
    guard,
    { term: asked.request.term, freeAt: now + left, force },
    begun,
    votes,
    outcome,
  );
}

interface Asked {
  readonly request: VoteRequest;
  readonly voters: readonly Peer[];
  /** What this member had promised when it asked. */
  readonly promised: Term | null;
}

async function askWhoWould(
  guard: Candidate,
  { force = false, renews }: CampaignOptions,
): Promise<Asked | string> {
  const { config, peers } = guard;
  const { votes } = peers.rules;
  const others = peers.all;
  const surroundings = await guard.surroundings();
  const { promised } = guard.memory;
  const term = nextTerm(config.name, [promised, ...peers.promises]);
  const request: VoteRequest = { term, released: renews ?? null, force };
  const ballots = await peers.vote(others, { kind: 'vote', request, dry: true }, votes - 1);
  const released = request.released ?? steppedDown(ballots, promised);
  const again: VoteRequest = { ...request, released };
  if (released !== request.released) {
    const refused = others.filter(({ name }) => ballots.get(name)?.granted === false);
    const second = await peers.vote(refused, { kind: 'vote', request: again, dry: true }, refused.length);
    for (const [name, ballot] of second) ballots.set(name, ballot);
  }
  const own = ownRefusal(guard, surroundings, again);
  if (own !== undefined) return own;
  const voters = others.filter(({ name }) => ballots.get(name)?.granted === true);
  if (!force && voters.length + 1 < votes) return tooFew(guard, ballots, voters.length + 1);
  const promises = [...ballots.values()].map((ballot) =>
    ballot.granted ? ballot.vote.promised : ballot.promised,
  );
  return {
    request: { ...again, term: nextTerm(config.name, [promised, ...promises, ...peers.promises]) },
    voters,
    promised,
  };
}

const ownRefusal = (guard: Candidate, surroundings: Surroundings, request: VoteRequest): string | undefined =>
  refusal(guard.memory, surroundings, request, guard.peers.rules);

/** The term that this member follows, when its master would step down for it. */
function steppedDown(ballots: ReadonlyMap<string, Ballot>, promised: Term | null): Term | null {
  for (const ballot of ballots.values())
    if (ballot.granted && ballot.led && sameElection(ballot.vote.promised, promised)) return promised;
  return null;
}

function tooFew({ peers }: Candidate, ballots: ReadonlyMap<string, Ballot>, count: number): string {
  const others = peers.all.flatMap(({ name }) => {
    const ballot = ballots.get(name);
    if (ballot?.granted === true) return [];
    return [`${name}: ${ballot === undefined ? 'no answer' : ballot.reason}`];
  });
  return `${count} of ${peers.rules.votes} votes (${others.join('; ')})`;
}

/** An election that has its votes. */
interface Election {
  readonly term: Term;
  /** When nobody reads from the old master any more, on performance.now()'s clock. */
  readonly freeAt: number;
  readonly force: boolean;
}

async function conclude(
  guard: Candidate,
  election: Election,
  own: Vote,
  votes: readonly Vote[],
  outcome: Outcome,
): Promise<string | undefined> {
  const { term, force } = election;
  switch (outcome.kind) {
    case 'promote':
      return await promote(guard, election, own);
    case 'catch up': {
      const better = await catchUp(guard, term, outcome.from);
      if (typeof better === 'string') return better;
      const next = judge(better, votes, guard.peers.rules, force);
      return next.kind === 'promote'
        ? await promote(guard, election, better)
        : `${outcome.from.member} has more`;
    }
    case 'yield': {
      const peer = guard.peers.named(outcome.to.member);
      if (peer !== undefined)
        await guard.peers.ask(peer, { kind: force ? 'force' : 'stand' }).catch(() => undefined);
      return `${outcome.to.member} has more and stands for election`;
    }
    case 'wait':
      return outcome.reason;
  }
}

async function promote(guard: Candidate, { term, freeAt }: Election, own: Vote): Promise<string | undefined> {
  await pause(Math.max(0, freeAt - performance.now()));
  return await guard.exclusive(async () => {
    if (compareTerms(guard.memory.promised, term) !== 0) return 'a later term was promised meanwhile';
    const view = await guard.redis.view();
    if (view === undefined) return 'its redis does not answer';
    if (
      view.replid !== own.stand.replid ||
      view.offset < own.stand.offset ||
      view.follows !== guard.redis.guardPlace
    )
      return 'its redis was restarted or told otherwise meanwhile';
    guard.remember(elected(guard.memory, term, view));
    await guard.begin(term);
    return undefined;
  });
}

/** Fetches what another voter has more; it is fenced as well, so that is a few bytes that stay as they are. */
const catchUp = (guard: Candidate, term: Term, from: Vote): Promise<Vote | string> =>
  guard.exclusive(async () => {
    const peer = guard.peers.named(from.member);
    if (peer === undefined || compareTerms(guard.memory.promised, term) !== 0)
      return 'a later term was promised meanwhile';
    guard.remember(fetchingFrom(guard.memory, term, from.member));
    guard.log(`fetching from ${from.member} what it has more`);
    await guard.redis.follow(peer);
    await reach(guard, from.stand.offset);
    const view = await guard.redis.fence();
    await guard.redis.attached();
    return guard.voteFrom(view, null);
  });

async function reach(guard: Candidate, offset: number): Promise<FullView | undefined> {
  const deadline = performance.now() + CATCH_UP_MS;
  while (performance.now() < deadline) {
    const view = await guard.redis.view();
    if (view !== undefined && view.offset >= offset) return view;
    await pause(POLL_MS);
  }
  return undefined;
}
