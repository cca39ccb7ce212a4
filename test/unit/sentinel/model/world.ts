import {
  judge,
  nextTerm,
  type Outcome,
  type Rules,
  refusal,
  type Vote,
  type VoteRequest,
} from '../../../../sentinel/guard/core/election.ts';
import {
  BLANK,
  began,
  elected,
  fetchingFrom,
  granted,
  type Memory,
  observed,
  pointedAt,
  type RedisView,
  resumable,
  standOf,
} from '../../../../sentinel/guard/core/memory.ts';
import type { History } from '../../../../sentinel/guard/core/position.ts';
import { compareTerms, type Term } from '../../../../sentinel/guard/core/term.ts';

/*
 * A shard in which anything may happen at any moment: messages are late, repeated or lost, members stop and start,
 * sentinels select anybody, masters are heard or not. What members decide is the guard's own core.
 */

/** One write. */
interface Entry {
  readonly id: number;
}

/** The steps of the mechanism that a mutant leaves out or does otherwise. */
export interface Mechanism {
  readonly rules: Rules;
  readonly judge: (own: Vote, others: readonly Vote[], rules: Rules) => Outcome;
  /** A voter stops following. */
  readonly fences: boolean;
  /** A vote is on the disk before it is answered. */
  readonly persistsVotes: boolean;
  /** A master's term is on the disk before its redis is pointed at it. */
  readonly persistsFollowing: boolean;
  /** A member follows only masters of terms that it has not outgrown. */
  readonly refusesOlderMasters: boolean;
}

export const soundMechanism = (rules: Rules): Mechanism => ({
  rules,
  judge,
  fences: true,
  persistsVotes: true,
  persistsFollowing: true,
  refusesOlderMasters: true,
});

class Member {
  up = true;
  role: 'master' | 'replica' = 'replica';
  /** Index of the member that its redis is pointed at; undefined: its guard. */
  follows: number | undefined;
  /** The replication id under which it is attached to `follows`. */
  attached: string | undefined;
  log: Entry[] = [];
  replid: string;
  offset = 0;
  former = '';
  began = 0;
  /** It has a place in a history; not after a start. */
  placed = false;
  memory: Memory = BLANK;
  diskMemory: Memory = BLANK;
  /** The append-only file: the log itself, or what it was before a full synchronisation that is still being written. */
  olderLog: Entry[] | undefined;
  /** As a master: acknowledged offsets, by member, under the present id. */
  acks = new Map<number, number>();
  campaign: Campaign | undefined;

  constructor(
    readonly index: number,
    replid: string,
  ) {
    this.replid = replid;
  }

  get name(): string {
    return `m${this.index}`;
  }
}

interface Campaign {
  readonly request: VoteRequest;
  own: Vote;
  readonly votes: Map<number, Vote>;
  /** Waiting to have fetched what this one has more. */
  fetching: Vote | undefined;
}

interface Lead {
  readonly from: number;
  readonly term: Term;
  readonly histories: readonly History[];
}

interface Acknowledged {
  readonly id: number;
  readonly term: Term;
}

/** Numbers below a bound, one for each choice there is. */
export type Choose = (bound: number) => number;

export class World {
  readonly members: Member[];
  readonly acknowledged: Acknowledged[] = [];
  /** The first broken promise; undefined while all are kept. */
  broken: string | undefined;
  readonly trace: string[] = [];
  private readonly leads: Lead[] = [];
  private readonly acksUnderWay: Array<{ from: number; to: number; replid: string; offset: number }> = [];
  private nextId = 1;
  private promotions = 0;

  constructor(private readonly mechanism: Mechanism) {
    const { members } = mechanism.rules;
    this.members = Array.from({ length: members }, (_, index) => new Member(index, `r0-${index}`));
    const first = this.members[0];
    const term: Term = { counter: 0, owner: first.name, run: 1 };
    this.save(first, elected(first.memory, term, this.view(first)));
    this.promote(first, term);
    this.settle();
  }

  /** A shard as it is when nothing has happened yet: everybody follows the first one. */
  private settle(): void {
    const always = (): number => 0;
    for (let round = 0; round < 2; round++) {
      for (const member of this.members) {
        this.tick(member);
        this.hearLead(member, always);
        this.replicate(member, 1);
        this.finishRewrite(member);
      }
    }
  }

  /** One thing happens. */
  step(choose: Choose): void {
    const member = this.members[choose(this.members.length)];
    const other = this.members[choose(this.members.length)];
    const actions: Array<[weight: number, action: () => void]> = [
      [12, () => this.write(member)],
      [20, () => this.replicate(member, 1 + choose(2))],
      [14, () => this.sendAck(member)],
      [16, () => this.takeAck(choose)],
      [14, () => this.hearLead(member, choose)],
      [2, () => this.stand(member, choose)],
      [10, () => this.vote(member, other, choose)],
      [6, () => this.conclude(member)],
      [12, () => this.tick(member)],
      [4, () => this.finishRewrite(member)],
      [4, () => this.resume(member)],
      [1, () => this.crash(member)],
      [6, () => this.start(member)],
    ];
    let left = choose(actions.reduce((sum, [weight]) => sum + weight, 0));
    for (const [weight, action] of actions) {
      left -= weight;
      if (left >= 0) continue;
      action();
      break;
    }
    this.check();
  }

  private note(text: string): void {
    this.trace.push(text);
  }

  private save(member: Member, memory: Memory, persists = true): void {
    member.memory = memory;
    if (persists) member.diskMemory = memory;
  }

  private newReplid(member: Member): string {
    return `r${++this.promotions}-${member.index}`;
  }

  private view(member: Member): RedisView {
    const linked = member.follows === undefined ? member.placed : member.attached !== undefined;
    return {
      role: member.role,
      follows: member.role === 'master' ? '' : String(member.follows),
      linkUp: linked,
      loading: false,
      replid: member.replid,
      offset: member.offset,
      backlogFrom: member.placed ? 0 : null,
      stored: member.olderLog === undefined,
      freshReplicas: 0,
    };
  }

  private write(member: Member): void {
    if (!member.up || member.role !== 'master') return;
    member.log.push({ id: this.nextId });
    member.offset++;
    this.note(`${member.name} takes write ${this.nextId++}`);
  }

  /** Redis attaches to whatever it is pointed at, whoever that is by now, and takes some of what it lacks. */
  private replicate(member: Member, amount: number): void {
    const master = member.follows === undefined ? undefined : this.members[member.follows];
    if (!member.up || master === undefined || !master.up || master === member) return;
    if (member.attached !== master.replid && !this.attach(member, master)) return;
    const gap = Math.min(amount, master.offset - member.offset);
    if (gap <= 0) return;
    const at = master.log.length - (master.offset - member.offset);
    member.log.push(...master.log.slice(at, at + gap));
    member.offset += gap;
    this.note(`${member.name} takes ${gap} of ${master.name}`);
  }

  private attach(member: Member, master: Member): boolean {
    // A replica without a master of its own has nothing to offer; the silent one counts.
    if (master.role === 'replica' && !(master.placed && master.follows === undefined)) return false;
    const same = member.replid === master.replid && member.offset <= master.offset;
    const continues = member.replid === master.former && member.offset <= master.began;
    if (!(member.placed && master.placed && (same || continues))) {
      member.olderLog ??= [...member.log];
      // Its guard looks ten times a second: it sees a data set taken over before that is acknowledged, and lost again.
      this.save(member, observed(member.memory, { ...this.view(member), loading: true }));
      member.log = [...master.log];
      member.offset = master.offset;
      this.note(`${member.name} takes all of ${master.name}`);
    } else this.note(`${member.name} attaches to ${master.name}`);
    // A master gets its place, and a new id, with its first replica.
    if (!master.placed) {
      master.placed = true;
      master.replid = this.newReplid(master);
      master.acks.clear();
    }
    member.replid = master.replid;
    member.former = '';
    member.placed = true;
    member.attached = master.replid;
    return true;
  }

  private sendAck(member: Member): void {
    if (!member.up || member.follows === undefined || member.attached === undefined) return;
    if (this.members[member.follows].replid !== member.attached) return;
    this.acksUnderWay.push({
      from: member.index,
      to: member.follows,
      replid: member.replid,
      offset: member.offset,
    });
  }

  private takeAck(choose: Choose): void {
    if (this.acksUnderWay.length === 0) return;
    const [ack] = this.acksUnderWay.splice(choose(this.acksUnderWay.length), 1);
    const master = this.members[ack.to];
    if (!master.up || master.role !== 'master' || master.replid !== ack.replid) return;
    master.acks.set(ack.from, Math.max(ack.offset, master.acks.get(ack.from) ?? 0));
    this.acknowledge(master);
  }

  /** WAIT: what enough replicas have, and was written while it was master, is told to the clients. */
  private acknowledge(master: Member): void {
    const term = master.memory.promised;
    const enough = [...master.acks.values()].sort((a, b) => b - a)[this.mechanism.rules.waitReplicas - 1];
    if (enough === undefined || term === null || !master.memory.leads) return;
    const start =
      master.memory.histories.find(({ replid }) => replid === master.replid)?.start ?? master.began;
    for (let offset = start + 1; offset <= enough; offset++) {
      const { id } = master.log[master.log.length - 1 - (master.offset - offset)];
      if (this.acknowledged.some((each) => each.id === id)) continue;
      this.acknowledged.push({ id, term });
      this.note(`${master.name} acknowledges ${id}`);
    }
  }

  private announce(member: Member): void {
    const { promised, histories } = member.memory;
    if (promised !== null) this.leads.push({ from: member.index, term: promised, histories });
  }

  private hearLead(member: Member, choose: Choose): void {
    if (this.leads.length === 0) return;
    const lead = this.leads[this.leads.length - 1 - choose(Math.min(4, this.leads.length))];
    if (!member.up || lead.from === member.index) return;
    if (this.mechanism.refusesOlderMasters && compareTerms(lead.term, member.memory.promised) < 0) return;
    this.save(
      member,
      pointedAt(member.memory, lead.term, `m${lead.from}`, lead.histories),
      this.mechanism.persistsFollowing,
    );
    if (member.follows === lead.from && member.role === 'replica') return;
    this.point(member, lead.from);
    this.note(`${member.name} follows m${lead.from}`);
  }

  private point(member: Member, to: number | undefined): void {
    if (member.role === 'master') member.acks.clear();
    member.role = 'replica';
    member.follows = to;
    member.attached = undefined;
  }

  /** Binds itself to a term and stops following. */
  private bind(member: Member, term: Term): Vote {
    const { promised } = member.memory;
    this.save(member, granted(member.memory, term), this.mechanism.persistsVotes);
    if (this.mechanism.fences) this.point(member, undefined);
    return this.voteOf(member, promised);
  }

  private voteOf(member: Member, promised: Term | null): Vote {
    const view = this.view(member);
    return {
      member: member.name,
      stand: standOf(member.memory, view),
      promised,
      histories: member.memory.histories,
      backlogFrom: view.backlogFrom,
    };
  }

  /** A sentinel selects this member, whatever the truth is; or it wants a later term for itself. */
  private stand(member: Member, choose: Choose): void {
    if (!member.up) return;
    const heard = this.members.filter(() => choose(2) === 0).map(({ memory }) => memory.promised);
    const request = {
      term: nextTerm(member.name, [member.memory.promised, ...heard]),
      released: null,
      force: false,
    };
    if (this.refuses(member, request)) return;
    this.note(`${member.name} stands in ${request.term.counter}`);
    member.campaign = {
      request,
      own: this.bind(member, request.term),
      votes: new Map(),
      fetching: undefined,
    };
  }

  private refuses(member: Member, request: VoteRequest): boolean {
    // Whether the master is heard spares failovers; it must not matter for what is safe.
    const surroundings = { view: this.view(member), hearsMaster: false, yieldsTo: null, leader: null };
    return refusal(member.memory, surroundings, request, this.mechanism.rules) !== undefined;
  }

  private vote(member: Member, voter: Member, choose: Choose): void {
    // Somebody who stands, rather than anybody.
    const candidate =
      this.members.find(({ campaign }, index) => campaign !== undefined && index !== voter.index) ?? member;
    const { campaign } = candidate;
    if (campaign === undefined || candidate === voter || !voter.up || this.refuses(voter, campaign.request))
      return;
    const vote = this.bind(voter, campaign.request.term);
    const arrives = choose(4) > 0 && candidate.up;
    this.note(`${voter.name} votes for ${candidate.name}${arrives ? '' : ', unheard'}`);
    if (arrives) campaign.votes.set(voter.index, vote);
  }

  private conclude(member: Member): void {
    const { campaign } = member;
    if (campaign === undefined || !member.up) return;
    if (compareTerms(member.memory.promised, campaign.request.term) !== 0) {
      member.campaign = undefined;
      return;
    }
    if (campaign.fetching !== undefined) {
      if (member.offset < campaign.fetching.stand.offset) return;
      this.point(member, undefined);
      campaign.own = this.voteOf(member, null);
    }
    const outcome = this.mechanism.judge(campaign.own, [...campaign.votes.values()], this.mechanism.rules);
    if (outcome.kind === 'promote') {
      member.campaign = undefined;
      if (member.replid !== campaign.own.stand.replid || member.offset < campaign.own.stand.offset) return;
      this.save(member, elected(member.memory, campaign.request.term, this.view(member)));
      this.promote(member, campaign.request.term);
    } else if (outcome.kind === 'catch up' && campaign.fetching === undefined) {
      const { member: name } = outcome.from;
      this.save(member, fetchingFrom(member.memory, campaign.request.term, name));
      campaign.fetching = outcome.from;
      this.point(member, Number(name.slice(1)));
      this.note(`${member.name} fetches from ${name}`);
    } else if (outcome.kind !== 'wait') member.campaign = undefined;
  }

  private promote(member: Member, term: Term): void {
    const known = member.memory.histories.some(({ replid }) => replid === member.replid);
    member.former = member.replid;
    member.began = member.offset;
    member.replid = this.newReplid(member);
    member.role = 'master';
    member.follows = undefined;
    member.attached = undefined;
    member.acks.clear();
    const { replid, former, offset } = member;
    this.save(member, began(member.memory, { replid, term, start: offset, parent: known ? former : null }));
    this.note(`${member.name} is master in ${term.counter} (run ${term.run})`);
    this.announce(member);
  }

  private tick(member: Member): void {
    if (!member.up) return;
    const view = this.view(member);
    const { memory } = member;
    if (member.role === 'master' && memory.leads && memory.promised !== null) {
      // Its id is another one since its first replica came.
      if (!memory.histories.some(({ replid }) => replid === member.replid)) {
        const { replid, offset } = member;
        this.save(member, began(memory, { replid, term: memory.promised, start: offset, parent: null }));
      }
      this.announce(member);
    } else if (member.role === 'master') this.point(member, undefined);
    this.save(member, observed(member.memory, view));
  }

  private finishRewrite(member: Member): void {
    if (member.up) member.olderLog = undefined;
  }

  private resume(member: Member): void {
    const term = member.up && member.role === 'replica' ? resumable(member.memory) : null;
    if (term === null || member.follows !== undefined) return;
    this.save(member, elected(member.memory, term, this.view(member)));
    this.promote(member, term);
  }

  private crash(member: Member): void {
    if (!member.up) return;
    member.up = false;
    member.campaign = undefined;
    member.log = member.olderLog ?? member.log;
    member.olderLog = undefined;
    member.memory = member.diskMemory;
    this.note(`${member.name} stops`);
  }

  private start(member: Member): void {
    if (member.up) return;
    member.up = true;
    member.replid = this.newReplid(member);
    member.offset = 0;
    member.former = '';
    member.placed = false;
    this.point(member, undefined);
    this.note(`${member.name} starts`);
  }

  /** What was acknowledged in a term is with every master of a later one. */
  private check(): void {
    for (const member of this.members) {
      const { promised, leads } = member.memory;
      if (!member.up || member.role !== 'master' || !leads) continue;
      const has = new Set(member.log.map(({ id }) => id));
      const lost = this.acknowledged.find(({ id, term }) => !has.has(id) && compareTerms(term, promised) < 0);
      if (lost !== undefined)
        this.broken ??= `write ${lost.id} is missing at ${member.name}, master in ${promised?.counter}`;
    }
  }
}
