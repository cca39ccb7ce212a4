import { nextTerm, refusal, type Vote, type VoteRequest } from '../../../../sentinel/guard/core/election.ts';
import {
  began,
  elected,
  fetchingFrom,
  granted,
  observed,
  pointedAt,
  resumable,
} from '../../../../sentinel/guard/core/memory.ts';
import type { History } from '../../../../sentinel/guard/core/position.ts';
import { compareTerms, type Term } from '../../../../sentinel/guard/core/term.ts';
import type { Mechanism } from './mechanism.ts';
import { Member } from './member.ts';
import { type Acknowledged, type Choose, Replication, type Shard } from './replication.ts';

/*
 * A shard in which anything may happen at any moment: messages are late, repeated or lost, members stop and start,
 * sentinels select anybody, masters are heard or not. What members decide is the guard's own core.
 */

/** A message of somebody who is master. */
export interface Lead {
  readonly from: number;
  readonly term: Term;
  readonly histories: readonly History[];
}

const isSame = (one: Lead, other: Lead): boolean =>
  one.from === other.from && one.histories === other.histories && compareTerms(one.term, other.term) === 0;

export class World implements Shard {
  readonly members: Member[];
  /** The first broken promise; undefined while all are kept. */
  broken: string | undefined;
  readonly trace: string[] = [];
  /** What was announced, in this order. */
  leads: readonly Lead[];
  readonly replication: Replication;
  private nextId = 1;
  /** How many ids each member has given out. */
  private readonly ids: number[];

  /**
   * @param before the state it begins in, without its trace; a shard to which nothing has happened yet unless it is given
   * @param touched numbers of the members that anything is done to; the others are shared with `before`
   */
  constructor(
    readonly mechanism: Mechanism,
    before?: World,
    touched: readonly number[] = [],
  ) {
    const { members } = mechanism.rules;
    this.replication = new Replication(this, before?.replication);
    if (before !== undefined) {
      this.members = before.members.map((member, index) =>
        touched.includes(index) ? member.copy() : member,
      );
      // Late and repeated as messages are, saying the same twice changes nothing.
      const last = before.leads.at(-1);
      const isRepeated =
        last !== undefined && before.leads.findIndex((each) => isSame(each, last)) < before.leads.length - 1;
      this.leads = isRepeated ? before.leads.slice(0, -1) : before.leads;
      this.nextId = before.nextId;
      this.ids = [...before.ids];
      return;
    }
    this.leads = [];
    this.ids = new Array<number>(members).fill(0);
    this.members = Array.from({ length: members }, (_, index) => new Member(index, `r0-${index}`));
    const first = this.members[0];
    const term: Term = { counter: 0, owner: first.name, run: 1 };
    first.save(elected(first.memory, term, first.view()));
    this.promote(first, term);
    this.settle();
  }

  /** A failover of before: the second member is elected with the vote of the first, and all follow it. */
  elect(): void {
    const [first, second] = this.members;
    this.stand(second, () => []);
    this.vote(second, first, () => true);
    this.conclude(second);
    for (const member of this.members) {
      this.hearLead(member, () => this.leads[this.leads.length - 1]);
      this.replication.replicate(member, 1);
    }
  }

  get acknowledged(): readonly Acknowledged[] {
    return this.replication.acknowledged;
  }

  /** A shard as it is when nothing has happened yet: everybody follows the first one. */
  private settle(): void {
    for (let round = 0; round < 2; round++) {
      for (const member of this.members) {
        this.tick(member);
        this.hearLead(member, () => this.leads[this.leads.length - 1]);
        this.replication.replicate(member, 1);
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
      [20, () => this.replication.replicate(member, 1 + choose(2))],
      [14, () => this.replication.sendAck(member)],
      [16, () => this.replication.takeAck(choose)],
      [14, () => this.hearLead(member, () => this.recentLead(choose))],
      [2, () => this.stand(member, () => this.promises(choose))],
      // Somebody who stands, rather than anybody.
      [
        10,
        () =>
          this.vote(
            this.members.find((each) => each.campaign && each !== other) ?? member,
            other,
            () => choose(4) > 0,
          ),
      ],
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

  note(text: string): void {
    this.trace.push(text);
  }

  newReplid(member: Member): string {
    return `r${++this.ids[member.index]}-${member.index}`;
  }

  write(member: Member): void {
    if (!member.up || member.role !== 'master') return;
    member.log = [...member.log, { id: this.nextId }];
    member.offset++;
    this.note(`${member.name} takes write ${this.nextId++}`);
  }

  private announce(member: Member): void {
    const { promised, histories } = member.memory;
    if (promised !== null) this.leads = [...this.leads, { from: member.index, term: promised, histories }];
  }

  private recentLead(choose: Choose): Lead {
    return this.leads[this.leads.length - 1 - choose(Math.min(4, this.leads.length))];
  }

  /** @param heard the message that reaches it */
  hearLead(member: Member, heard: () => Lead): void {
    const lead = heard();
    if (!member.up || lead.from === member.index) return;
    if (this.mechanism.refusesOlderMasters && compareTerms(lead.term, member.memory.promised) < 0) return;
    member.save(
      pointedAt(member.memory, lead.term, `m${lead.from}`, lead.histories),
      this.mechanism.persistsFollowing,
    );
    if (member.follows === lead.from && member.role === 'replica') return;
    member.point(lead.from);
    this.note(`${member.name} follows m${lead.from}`);
  }

  /** Binds itself to a term and stops following. */
  private bind(member: Member, term: Term): Vote {
    const { promised } = member.memory;
    member.save(granted(member.memory, term), this.mechanism.persistsVotes);
    if (this.mechanism.fences) member.point(undefined);
    return member.voteOf(promised);
  }

  private promises(choose: Choose): Array<Term | null> {
    return this.members.filter(() => choose(2) === 0).map(({ memory }) => memory.promised);
  }

  /**
   * A sentinel selects this member, whatever the truth is; or it wants a later term for itself.
   * @param heard the promises of others that it knows of
   */
  stand(member: Member, heard: () => ReadonlyArray<Term | null>): void {
    if (!member.up) return;
    const request = {
      term: nextTerm(member.name, [member.memory.promised, ...heard()]),
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
    const surroundings = { view: member.view(), hearsMaster: false, yieldsTo: null, leader: null };
    return refusal(member.memory, surroundings, request, this.mechanism.rules) !== undefined;
  }

  vote(candidate: Member, voter: Member, arrives: () => boolean): void {
    const { campaign } = candidate;
    if (campaign === undefined || candidate === voter || !voter.up || this.refuses(voter, campaign.request))
      return;
    const vote = this.bind(voter, campaign.request.term);
    const isHeard = arrives() && candidate.up;
    this.note(`${voter.name} votes for ${candidate.name}${isHeard ? '' : ', unheard'}`);
    if (isHeard) campaign.votes.set(voter.index, vote);
  }

  conclude(member: Member): void {
    const { campaign } = member;
    if (campaign === undefined || !member.up) return;
    if (compareTerms(member.memory.promised, campaign.request.term) !== 0) {
      member.campaign = undefined;
      return;
    }
    if (campaign.fetching !== undefined) {
      if (member.offset < campaign.fetching.stand.offset) return;
      member.point(undefined);
      campaign.own = member.voteOf(null);
    }
    const outcome = this.mechanism.judge(campaign.own, [...campaign.votes.values()], this.mechanism.rules);
    if (outcome.kind === 'promote') {
      member.campaign = undefined;
      if (member.replid !== campaign.own.stand.replid || member.offset < campaign.own.stand.offset) return;
      member.save(elected(member.memory, campaign.request.term, member.view()));
      this.promote(member, campaign.request.term);
    } else if (outcome.kind === 'catch up' && campaign.fetching === undefined) {
      const { member: name } = outcome.from;
      member.save(fetchingFrom(member.memory, campaign.request.term, name));
      campaign.fetching = outcome.from;
      member.point(Number(name.slice(1)));
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
    member.save(began(member.memory, { replid, term, start: offset, parent: known ? former : null }));
    this.note(`${member.name} is master in ${term.counter} (run ${term.run})`);
    this.announce(member);
  }

  tick(member: Member): void {
    if (!member.up) return;
    const view = member.view();
    const { memory } = member;
    if (member.role === 'master' && memory.leads && memory.promised !== null) {
      // Its id is another one since its first replica came.
      if (!memory.histories.some(({ replid }) => replid === member.replid)) {
        const { replid, offset } = member;
        member.save(began(memory, { replid, term: memory.promised, start: offset, parent: null }));
      }
      this.announce(member);
    } else if (member.role === 'master') member.point(undefined);
    member.save(observed(member.memory, view));
  }

  finishRewrite(member: Member): void {
    if (member.up) member.olderLog = undefined;
  }

  resume(member: Member): void {
    const term = member.up && member.role === 'replica' ? resumable(member.memory) : null;
    if (term === null || member.follows !== undefined) return;
    member.save(elected(member.memory, term, member.view()));
    this.promote(member, term);
  }

  crash(member: Member): void {
    if (!member.up) return;
    member.up = false;
    member.campaign = undefined;
    member.log = member.olderLog ?? member.log;
    member.olderLog = undefined;
    member.memory = member.diskMemory;
    this.note(`${member.name} stops`);
  }

  start(member: Member): void {
    if (member.up) return;
    member.up = true;
    member.replid = this.newReplid(member);
    member.offset = 0;
    member.former = '';
    member.placed = false;
    member.point(undefined);
    this.note(`${member.name} starts`);
  }

  /** What was acknowledged in a term is with every master of a later one. */
  check(): void {
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
