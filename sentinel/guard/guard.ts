import { existsSync } from 'node:fs';
import { type Candidate, campaign } from './campaign.ts';
import type { GuardConfig, Peer } from './config.ts';
import { placeOf } from './config.ts';
import { refusal, type Surroundings, type Vote, type VoteRequest } from './core/election.ts';
import { began, emptied, granted, type Memory, observed, pointedAt, standOf } from './core/memory.ts';
import { compareTerms, formatTerm, sameElection, type Term } from './core/term.ts';
import { MasterWatch } from './master-watch.ts';
import type { MemoryFile } from './memory-file.ts';
import type { Ballot, GuardState, Lead, Question } from './messages.ts';
import { OwnRedis } from './own-redis.ts';
import { Peers } from './peers.ts';
import { SentinelWatch } from './sentinel-watch.ts';
import { type Beginning, Upkeep } from './upkeep.ts';
import type { FullView } from './view.ts';

const TICK_MS = 100;
/** Between two tries of one that was selected; others' tries at the same moment come apart. Milliseconds. */
const RETRY_MS = 80;
/** For how long a replica that was selected while its master answers is not to be selected again. Milliseconds. */
const NOT_NOW_MS = 20_000;

export interface GuardOptions extends Beginning {
  readonly config: () => GuardConfig;
  readonly memory: MemoryFile;
  readonly log: (text: string) => void;
  /** SIGKILL for the own redis. */
  readonly killRedis: () => void;
}

/**
 * Watches over one redis and alone decides its role: it follows whoever leads the latest term, votes, and stands for
 * election when a sentinel selects it. Nothing is answered before it is remembered, and nothing of it runs twice at once.
 */
export class Guard implements Candidate {
  readonly redis: OwnRedis;
  readonly peers: Peers;
  private readonly master: MasterWatch;
  private readonly sentinels: SentinelWatch;
  private readonly upkeep: Upkeep;
  private queue: Promise<unknown> = Promise.resolve();
  private timer: NodeJS.Timeout | undefined;
  private latest: FullView | undefined;
  /** Whom the redis shall follow; undefined: nobody. */
  private target: Peer | undefined;
  private handover: { readonly to: string; readonly until: number } | undefined;
  private selectedUntil = 0;
  private campaigning = false;
  private overtakenAt: number | undefined;
  /** Its redis was master when it last answered. */
  private wasMaster = false;
  private alone = false;
  private waiting = '';
  private lastSaid = '';

  constructor(private readonly options: GuardOptions) {
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
    this.sentinels = new SentinelWatch(config, password, (place) => this.selected(place));
    this.upkeep = new Upkeep(this, options);
  }

  get config(): GuardConfig {
    return this.options.config();
  }

  get memory(): Memory {
    return this.options.memory.memory;
  }

  start(): void {
    if (existsSync(this.options.hollow) && !this.options.memory.missing) this.remember(emptied(this.memory));
    const tick = (): void => {
      this.tick()
        .catch((error: Error) => this.say(error.message))
        .finally(() => {
          if (this.timer !== undefined) this.timer = setTimeout(tick, TICK_MS);
        });
    };
    this.timer = setTimeout(tick, 0);
  }

  stop(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    this.master.stop();
    this.sentinels.stop();
    this.peers.close();
    this.redis.close();
  }

  /** One after the other: whatever changes the memory or the role of the redis. */
  exclusive<T>(work: () => Promise<T>): Promise<T> {
    const result = this.queue.then(work);
    this.queue = result.catch(() => undefined);
    return result;
  }

  remember(memory: Memory): void {
    if (memory !== this.memory) this.options.memory.write(memory);
  }

  log(text: string): void {
    this.options.log(text);
  }

  /** Logs what may be said again and again only once in a row. */
  private say(text: string): void {
    if (text !== this.lastSaid) this.log(text);
    this.lastSaid = text;
  }

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

  /** Answers another guard, or a verb. */
  async answer(from: string, question: Question): Promise<unknown> {
    switch (question.kind) {
      case 'state':
        if (question.asker !== undefined) this.peers.introduced(from, question.asker);
        return this.state();
      case 'vote':
        if (question.dry) return await this.ballot(question.request);
        return await this.exclusive(() => this.castVote(question.request));
      case 'leader': {
        const peer = this.peers.named(from);
        if (peer !== undefined) await this.heardOf(peer, question.lead);
        return {};
      }
      case 'stand':
        this.selectedUntil = performance.now() + this.config.failoverTimeoutMs;
        void this.stand();
        return {};
      case 'yield':
        this.handover = { to: question.to, until: performance.now() + question.forMs };
        return {};
      case 'force':
        return { refused: await this.exclusiveCampaign(true) };
    }
  }

  private state(): GuardState {
    const { memory, latest } = this;
    return {
      member: this.config.name,
      promised: memory.promised,
      lead: this.lead(),
      role: latest?.role ?? 'unknown',
      offset: latest?.offset ?? 0,
      waiting: this.waiting,
    };
  }

  private lead(): Lead | undefined {
    const { promised, leads, histories } = this.memory;
    if (!leads || promised === null || this.latest?.role !== 'master') return undefined;
    // Until its history is known nobody can tell what it is worth.
    return histories.some(({ replid }) => replid === this.latest?.replid)
      ? { term: promised, histories }
      : undefined;
  }

  /** What this member would say to a request for its vote. */
  private async ballot(request: VoteRequest): Promise<Ballot> {
    const surroundings = await this.surroundings();
    const reason = refusal(this.memory, surroundings, request, this.peers.rules);
    if (reason !== undefined || surroundings.view === undefined)
      return { granted: false, reason: reason ?? '', promised: this.memory.promised };
    const vote = this.voteFrom(surroundings.view as FullView, this.memory.promised);
    return { granted: true, vote, led: this.memory.leads };
  }

  private async castVote(request: VoteRequest): Promise<Ballot> {
    const would = await this.ballot(request);
    if (!would.granted) return would;
    const { promised, leads } = this.memory;
    const view = await this.bind(request.term);
    this.log(
      `votes for ${request.term.owner} in term ${formatTerm(request.term)}${leads ? ', and steps down' : ''}`,
    );
    return { granted: true, vote: this.voteFrom(view, promised), led: leads };
  }

  /** The candidate's own vote. */
  async castOwnVote(term: Term): Promise<Vote> {
    const { promised } = this.memory;
    return this.voteFrom(await this.bind(term), promised);
  }

  /** Promises a term: remembered first, then nobody is followed any more. */
  private async bind(term: Term): Promise<FullView> {
    // One that hands over answers the writes that waited; whoever asked it to cuts its clients then.
    const cuts =
      this.latest?.role === 'master' && this.handover?.to !== term.owner && term.owner !== this.config.name;
    this.remember(granted(this.memory, term));
    this.aim(undefined);
    const view = await this.redis.fence();
    if (cuts) await this.redis.cutClients();
    await this.redis.attached();
    this.latest = view;
    return view;
  }

  voteFrom(view: FullView, promised: Term | null): Vote {
    return {
      member: this.config.name,
      stand: standOf(this.memory, view),
      promised,
      histories: this.memory.histories,
      backlogFrom: view.backlogFrom,
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
    this.selectedUntil = 0;
    this.handover = undefined;
    this.log(`is master in term ${formatTerm(term)}`);
    const lead = this.lead();
    if (lead !== undefined) this.peers.announce(lead);
  }

  private aim(target: Peer | undefined): void {
    this.target = target;
    this.master.watch(target);
  }

  /** Another member says that it is master. */
  private heardOf(peer: Peer, { term, histories }: Lead): Promise<void> {
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

  /** A sentinel wants somebody promoted. */
  private selected(place: string): void {
    if (place !== placeOf(this.config)) return;
    this.selectedUntil = performance.now() + this.config.failoverTimeoutMs;
    void this.stand();
  }

  /** Tries until it is master, or the sentinel has given it up. */
  private async stand(): Promise<void> {
    if (this.campaigning) return;
    this.campaigning = true;
    let tries = 0;
    try {
      while (performance.now() < this.selectedUntil && this.timer !== undefined) {
        if (this.memory.leads && this.latest?.role === 'master') return;
        const reason = await campaign(this).catch((error: Error) => error.message);
        if (reason === undefined) return;
        if ((await this.surroundings()).hearsMaster) this.upkeep.notNowUntil = performance.now() + NOT_NOW_MS;
        this.waiting = reason;
        this.say(`was selected to be master, but is not: ${reason}`);
        await new Promise((done) => setTimeout(done, RETRY_MS * (1 + Math.random()) * Math.min(4, ++tries)));
      }
    } finally {
      this.campaigning = false;
    }
  }

  private async exclusiveCampaign(force: boolean, renews?: Term): Promise<string | undefined> {
    if (this.campaigning) return 'an election is under way';
    this.campaigning = true;
    try {
      return await campaign(this, { force, renews });
    } finally {
      this.campaigning = false;
    }
  }

  /** Looks at the redis and puts right what is not as it should be. */
  private async tick(): Promise<void> {
    const view = await this.redis.view();
    if (view === undefined) this.endBusy();
    else this.wasMaster = view.role === 'master';
    if (view === undefined || view.loading) {
      this.latest = view;
      if (view !== undefined) await this.exclusive(async () => this.remember(observed(this.memory, view)));
      return;
    }
    if (!this.alone) await this.redis.disownFormerGuards();
    this.alone = true;
    await this.exclusive(async () => {
      const now = await this.redis.view();
      if (now === undefined || now.loading) return;
      this.latest = now;
      this.remember(observed(this.memory, now));
      if (now.role === 'master') await this.upkeep.master(now);
      else await this.upkeep.replica(now, this.target);
      await this.upkeep.steer(now);
    });
    const { gone } = this.peers;
    if (gone.length > 0 && (this.memory.leads || (await this.surroundings()).hearsMaster))
      this.peers.forget(gone);
    await this.renewIfOvertaken();
  }

  /**
   * A master that was replaced while it runs a script that has written cannot be told to follow, and the script may never
   * end. What it did since is nobody's: it is ended, and comes back as a replica.
   */
  private endBusy(): void {
    const replaced = !this.memory.leads || compareTerms(this.peers.lead, this.memory.promised) > 0;
    if (!this.redis.busy || !this.wasMaster || !replaced) return;
    this.log('is BUSY with a script and no longer master: ended, to come back as a replica');
    this.options.killRedis();
  }

  /** A master that others have promised a later term, of which nothing came: it needs a later one itself. */
  private async renewIfOvertaken(): Promise<void> {
    const { promised, leads } = this.memory;
    const overtaken =
      leads &&
      this.latest?.role === 'master' &&
      this.peers.promises.some((term) => compareTerms(term, promised) > 0);
    if (!overtaken || compareTerms(this.peers.lead, promised) > 0) {
      this.overtakenAt = undefined;
      return;
    }
    const now = performance.now();
    this.overtakenAt ??= now;
    if (now - this.overtakenAt < 1000 || promised === null || !sameElection(promised, this.memory.promised))
      return;
    this.overtakenAt = now;
    const reason = await this.exclusiveCampaign(false, promised).catch((error: Error) => error.message);
    this.say(
      reason === undefined
        ? 'goes on as master in a later term'
        : `needs a later term, but has none: ${reason}`,
    );
  }
}
