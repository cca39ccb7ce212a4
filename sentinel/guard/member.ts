import type { Candidate } from './campaign.ts';
import { type GuardConfig, type Peer, placeOf } from './config.ts';
import { ANYBODY, refusal, type Surroundings, type Vote, type VoteRequest } from './core/election.ts';
import { began, granted, type Memory, pointedAt, standOf } from './core/memory.ts';
import { compareTerms, formatTerm, type Term } from './core/term.ts';
import { MasterWatch } from './master-watch.ts';
import type { MemoryFile } from './memory-file.ts';
import type { Ballot, Lead } from './messages.ts';
import { OwnRedis } from './own-redis.ts';
import { Peers } from './peers.ts';
import type { FullView } from './view.ts';

export interface MemberOptions {
  readonly config: () => GuardConfig;
  readonly memory: MemoryFile;
  readonly log: (text: string) => void;
}

/**
 * One member of a shard: its redis, what is remembered of it, whom it follows and what it votes. Nothing is answered before
 * it is remembered, and nothing that changes either runs twice at once.
 */
export class Member implements Candidate {
  readonly redis: OwnRedis;
  readonly peers: Peers;
  /** How the redis stood when it was last looked at; undefined: it did not answer. */
  latest: FullView | undefined;
  /** Why the last election did not come to anything; empty when it did, or none was tried. */
  waiting = '';
  /** Whom the redis shall follow; undefined: nobody. */
  target: Peer | undefined;
  private readonly master: MasterWatch;
  private queue: Promise<unknown> = Promise.resolve();
  private handover: { readonly to: string; readonly until: number } | undefined;
  private lastSaid = '';

  /** @param onMaster called whenever this member has become master */
  constructor(
    private readonly options: MemberOptions,
    private readonly onMaster: () => void,
  ) {
    const { config } = this;
    const secrets = (): readonly string[] => this.config.passwords;
    const password = (): string => this.config.passwords[0];
    this.redis = new OwnRedis(config, password);
    this.master = new MasterWatch(
      config.address,
      () => Math.min(2000, Math.max(100, 0.7 * this.config.downAfterMs)),
      password,
    );
    this.peers = new Peers(
      options.config,
      secrets,
      (peer, lead) => void this.heardOf(peer, lead),
      (text) => this.log(text),
    );
  }

  /** What its file says now. */
  get config(): GuardConfig {
    return this.options.config();
  }

  /** What is on its disk. */
  get memory(): Memory {
    return this.options.memory.memory;
  }

  /** It was elected, and its redis is master. */
  get leading(): boolean {
    return this.memory.leads && this.latest?.role === 'master';
  }

  /** One after the other: whatever changes the memory or the role of the redis. */
  exclusive<T>(work: () => Promise<T>): Promise<T> {
    const result = this.queue.then(work);
    this.queue = result.catch(() => undefined);
    return result;
  }

  /** Returns when it is on the disk. */
  remember(memory: Memory): void {
    if (memory !== this.memory) this.options.memory.write(memory);
  }

  log(text: string): void {
    this.options.log(text);
  }

  /** Logs what may be said again and again only once in a row. */
  say(text: string): void {
    if (text !== this.lastSaid) this.log(text);
    this.lastSaid = text;
  }

  /** What a vote depends on besides the memory. */
  async surroundings(): Promise<Surroundings> {
    const view = await this.redis.view();
    const { target, handover } = this;
    const follows = target !== undefined && view?.follows === placeOf(target);
    return {
      view,
      hearsMaster: follows && view.linkUp && this.master.hears(target),
      yieldsTo: handover !== undefined && performance.now() < handover.until ? handover.to : null,
      leader: this.peers.lead,
    };
  }

  /** It shall step down for another member, or for `ANYBODY`, within that time, in milliseconds. */
  yieldTo(to: string, forMs: number): void {
    this.handover = { to, until: performance.now() + forMs };
  }

  /** What it tells the others while it is master. */
  lead(): Lead | undefined {
    const { promised, histories } = this.memory;
    if (!this.leading || promised === null) return undefined;
    // Until its history is known nobody can tell what it is worth.
    return histories.some(({ replid }) => replid === this.latest?.replid)
      ? { term: promised, histories }
      : undefined;
  }

  /** What this member would say to a request for its vote. */
  async ballot(request: VoteRequest): Promise<Ballot> {
    const surroundings = await this.surroundings();
    const reason = refusal(this.memory, surroundings, request, this.peers.rules);
    if (reason !== undefined || surroundings.view === undefined)
      return { granted: false, reason: reason ?? '', promised: this.memory.promised };
    const vote = this.voteFrom(surroundings.view as FullView, this.memory.promised);
    return { granted: true, vote, led: this.memory.leads };
  }

  /** Votes, if it would. */
  async castVote(request: VoteRequest): Promise<Ballot> {
    const would = await this.ballot(request);
    if (!would.granted) return would;
    const { promised, leads } = this.memory;
    const { view, cut } = await this.bind(request.term);
    this.log(
      `votes for ${request.term.owner} in term ${formatTerm(request.term)}${leads ? ', and steps down' : ''}`,
    );
    return { granted: true, vote: { ...this.voteFrom(view, promised), cut }, led: leads };
  }

  /** The candidate's own vote. */
  async castOwnVote(term: Term): Promise<Vote> {
    const { promised } = this.memory;
    return this.voteFrom((await this.bind(term)).view, promised);
  }

  /** Promises a term: remembered first, then nobody is followed any more. */
  private async bind(term: Term): Promise<{ view: FullView; cut: boolean }> {
    // One that hands over answers the writes that waited; whoever asked it to cuts its clients then.
    const handsOver = this.handover?.to === term.owner || this.handover?.to === ANYBODY;
    const cut = this.latest?.role === 'master' && !handsOver && term.owner !== this.config.name;
    this.remember(granted(this.memory, term));
    this.aim(undefined);
    const view = await this.redis.fence();
    if (cut) await this.redis.cutClients();
    await this.redis.attached();
    this.latest = view;
    return { view, cut };
  }

  /** @param promised the term it had promised before this vote */
  voteFrom(view: FullView, promised: Term | null): Vote {
    return {
      member: this.config.name,
      stand: standOf(this.memory, view),
      promised,
      histories: this.memory.histories,
      backlogFrom: view.backlogFrom,
      silentMs: this.redis.silentMs,
    };
  }

  /** Makes an elected member's redis master. Called with the term remembered. */
  async begin(term: Term): Promise<void> {
    this.aim(undefined);
    const view = await this.redis.promote();
    const known = this.memory.histories.some(({ replid }) => replid === view.formerReplid);
    this.remember(
      began(this.memory, {
        replid: view.replid,
        term,
        start: known ? view.began : view.offset,
        parent: known ? view.formerReplid : null,
      }),
    );
    this.latest = view;
    this.waiting = '';
    this.handover = undefined;
    this.onMaster();
    this.log(`is master in term ${formatTerm(term)}`);
    const lead = this.lead();
    if (lead !== undefined) this.peers.announce(lead);
  }

  private aim(target: Peer | undefined): void {
    this.target = target;
    this.master.watch(target);
  }

  /** Another member says that it is master. */
  heardOf(peer: Peer, { term, histories }: Lead): Promise<void> {
    const stale = (): boolean => compareTerms(term, this.memory.promised) < 0 || peer.name !== term.owner;
    const settled = (): boolean => compareTerms(term, this.memory.promised) === 0 && this.target === peer;
    if (stale() || (settled() && this.knows(histories.slice(0, 2)))) return Promise.resolve();
    return this.exclusive(async () => {
      if (stale()) return;
      const again = settled();
      this.remember(pointedAt(this.memory, term, placeOf(peer), histories));
      if (again) return;
      const was = this.latest?.role;
      this.aim(peer);
      await this.redis.follow(peer);
      if (was === 'master') await this.redis.cutClients();
      this.waiting = '';
      this.log(`follows ${peer.name}, master in term ${formatTerm(term)}`);
    }).catch((error: Error) => {
      // Redis is loading, or not up yet: whoever leads says so again.
      this.aim(undefined);
      this.say(`cannot follow ${peer.name} yet: ${error.message}`);
    });
  }

  private knows(histories: Lead['histories']): boolean {
    const known = new Set(this.memory.histories.map(({ replid }) => replid));
    return histories.every(({ replid }) => known.has(replid));
  }
}
