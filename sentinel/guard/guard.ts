import { existsSync } from 'node:fs';
import { AofFlushes } from './aof-flushes.ts';
import { Candidacy } from './candidacy.ts';
import { type Place, placeOf } from './config.ts';
import { emptied, observed } from './core/memory.ts';
import { compareTerms } from './core/term.ts';
import { LuaBound } from './lua-bound.ts';
import { Member, type MemberOptions } from './member.ts';
import type { GuardState, Question } from './messages.ts';
import { Retirement } from './retirement.ts';
import { failOver, watchSentinels } from './sentinel-watch.ts';
import { SplitVote } from './split-vote.ts';
import { boundTracking } from './tracking-bound.ts';
import { type Beginning, Upkeep } from './upkeep.ts';

const TICK_MS = 100;
/** A look that took longer was interrupted itself. Milliseconds. */
const LONGEST_LOOK_MS = 1000;
/** A master that was replaced may be silent for so many times what sentinels wait. */
const HUNG_AFTER = 10;

export interface GuardOptions extends MemberOptions, Beginning {
  /** SIGKILL for the own redis. */
  readonly killRedis: () => void;
  /** SIGTERM for it. */
  readonly endRedis: () => void;
  /** `appendfsync` of the redis, as its seed says now. */
  readonly flushes: () => string;
}

/**
 * Watches over one redis and alone decides its role: it follows whoever leads the latest term, votes, and stands for
 * election when a sentinel selects it. This is the look at the redis ten times a second, and the answers to whoever asks;
 * what either comes to is done by the member (member.ts), its candidacy and its upkeep.
 */
export class Guard {
  private readonly member: Member;
  private readonly candidacy: Candidacy;
  private readonly upkeep: Upkeep;
  private readonly retirement: Retirement;
  private readonly luaBound: LuaBound;
  private readonly flushes: AofFlushes;
  /** Its redis was master when it last answered. */
  private wasMaster = false;
  /** For how long it has not answered, in looks that were not interrupted, and when the last one was. Milliseconds. */
  private silentMs = 0;
  private lookedAt = performance.now();
  /** No connection of a guard before this one is left to the redis. */
  private alone = false;

  constructor(private readonly options: GuardOptions) {
    this.member = new Member(options, () => this.candidacy.succeeded());
    this.candidacy = new Candidacy(this.member);
    this.upkeep = new Upkeep(this.member, this.candidacy, options);
    this.retirement = new Retirement(this.member, options.endRedis);
    this.luaBound = new LuaBound(this.member.redis, (text) => this.member.say(text));
    this.flushes = new AofFlushes(this.member.redis, (text) => this.member.log(text), options.flushes);
    const { member } = this;
    const { config } = member;
    const votes = new SplitVote(async () => !member.leading && !(await member.surroundings()).hearsMaster);
    watchSentinels(config, () => member.config.passwords[0], {
      onSelected: (place) => {
        votes.selected();
        if (place === placeOf(config)) this.candidacy.selected();
      },
      onNotElected: (sentinel, rank) => {
        void this.goOn(votes, sentinel, rank);
      },
    });
  }

  /** A sentinel got too few votes: it goes on without, where nobody else does. */
  private async goOn(votes: SplitVote, sentinel: Place, rank: number): Promise<void> {
    const { member } = this;
    try {
      if (!(await votes.shallGoOn(rank))) return;
      if (await failOver(member.config, sentinel, member.config.passwords[0], 'one that is down'))
        member.log(`${sentinel.name} was not elected, and fails over all the same: the vote was split`);
    } catch (error) {
      // Another guard was quicker, or it does not know a replica that is good.
      member.say(`${sentinel.name} was not elected, and does not go on: ${(error as Error).message}`);
    }
  }

  /** Once; it ends with its process. */
  start(): void {
    const { member, options } = this;
    if (existsSync(options.hollow) && !options.memory.missing) member.remember(emptied(member.memory));
    const tick = (): void => {
      this.tick()
        .catch((error: Error) => member.say(error.message))
        .finally(() => setTimeout(tick, TICK_MS));
    };
    tick();
  }

  /** Answers another guard, or a verb. */
  async answer(from: string, question: Question): Promise<unknown> {
    const { member } = this;
    switch (question.kind) {
      case 'state':
        if (question.asker !== undefined) member.peers.introduced(from, question.asker);
        return this.state(from);
      case 'vote':
        if (question.dry) return await member.ballot(question.request);
        return await member.exclusive(() => member.castVote(question.request));
      case 'leader': {
        const peer = member.peers.named(from);
        if (peer !== undefined) await member.heardOf(peer, question.lead);
        return {};
      }
      case 'stand':
        this.candidacy.selected();
        return {};
      case 'yield':
        member.yieldTo(question.to, question.forMs);
        return {};
      case 'force':
        return { refused: await this.candidacy.force() };
    }
  }

  /** @param from who asks */
  private state(from: string): GuardState {
    const { config, memory, latest, waiting } = this.member;
    return {
      member: config.name,
      promised: memory.promised,
      lead: this.member.lead(),
      role: latest?.role ?? 'unknown',
      offset: latest?.offset ?? 0,
      waiting,
      namesYou: this.member.peers.isInFile(from),
    };
  }

  /** Looks at the redis and puts right what is not as it should be. */
  private async tick(): Promise<void> {
    const { member } = this;
    const view = await member.redis.view();
    const now = performance.now();
    this.silentMs = view === undefined ? this.silentMs + Math.min(LONGEST_LOOK_MS, now - this.lookedAt) : 0;
    this.lookedAt = now;
    if (view === undefined) this.endReplaced();
    else this.wasMaster = view.role === 'master';
    if (view?.ending === true) this.retirement.begin();
    if (view === undefined || view.loading) {
      member.latest = view;
      if (view !== undefined)
        await member.exclusive(async () => member.remember(observed(member.memory, view)));
      return;
    }
    if (!this.alone) await member.redis.disownFormerGuards();
    this.alone = true;
    await member.exclusive(async () => {
      const now = await member.redis.view();
      if (now === undefined || now.loading) return;
      member.latest = now;
      member.remember(observed(member.memory, now));
      if (now.role === 'master') await this.upkeep.master(now);
      else await this.upkeep.replica(now, member.target);
      await this.upkeep.steer(now);
    });
    await this.flushes.keep(view);
    await this.luaBound.keep(view);
    await boundTracking(member.redis, (text) => member.say(text), view);
    const { gone } = member.peers;
    if (gone.length > 0 && (member.memory.leads || (await member.surroundings()).hearsMaster))
      member.peers.forget(gone);
    await this.candidacy.renewIfOvertaken();
  }

  /**
   * A master that was replaced while it runs a script that has written cannot be told to follow, and the script may never
   * end; nor can one that is hung, in a transaction of very many SORTs or before a disk that does not answer. What it did
   * since is nobody's: it is ended, and comes back as a replica.
   */
  private endReplaced(): void {
    const { member, silentMs } = this;
    const replaced = !member.memory.leads || compareTerms(member.peers.lead, member.memory.promised) > 0;
    const isHung = silentMs > HUNG_AFTER * member.config.downAfterMs;
    if (!(member.redis.busy || isHung) || !this.wasMaster || !replaced) return;
    const how = member.redis.busy
      ? 'is BUSY with a script'
      : `has not answered for ${Math.round(silentMs / 1000)} s`;
    member.log(`${how} and no longer master: ended, to come back as a replica`);
    this.silentMs = 0;
    this.options.killRedis();
  }
}
