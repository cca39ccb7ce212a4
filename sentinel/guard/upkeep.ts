import { rmSync } from 'node:fs';
import type { Candidacy } from './candidacy.ts';
import { type Peer, placeOf } from './config.ts';
import { elected, firstTerm, resumable } from './core/memory.ts';
import { compareTerms, type Term } from './core/term.ts';
import type { Member } from './member.ts';
import type { MemoryFile } from './memory-file.ts';
import type { FullView } from './view.ts';

/** A link that was down for longer makes Sentinel pass a replica over (10 x down-after and what it has been down itself). */
const LINK_DOWN_S = 3;
/** Without word of anybody who leads, before a member that led goes on without being told to, or stands for election. Milliseconds. */
const LONELY_MS = 3000;
/** How preferred this member is by Sentinel: not at all, as everybody, before everybody (as switchover sets it). */
const PRIORITY = { never: 0, usual: 100, first: 1 } as const;

/** What a guard knows when it starts. */
export interface Beginning {
  readonly memory: MemoryFile;
  /** What the entrypoint found out: this member shall be master, if it may. */
  readonly startsAsMaster: boolean;
  /** Exists while this member has not had its master's data. */
  readonly hollow: string;
}

/** Puts right what is not as it should be with a redis that answers. Called by the guard, one look after the other. */
export class Upkeep {
  private readonly started = performance.now();
  private refreshedAt = 0;
  /** Since when it follows nobody, with nothing promised since; undefined: it follows somebody, or leads. */
  private lone: { readonly since: number; readonly promised: Term | null } | undefined;

  constructor(
    private readonly member: Member,
    private readonly candidacy: Candidacy,
    private readonly options: Beginning,
  ) {}

  /** Of a redis that is master. */
  async master(view: FullView): Promise<void> {
    const { leads, promised } = this.member.memory;
    this.lone = undefined;
    rmSync(this.options.hollow, { force: true });
    if (leads && promised !== null) {
      if (!this.member.memory.histories.some(({ replid }) => replid === view.replid))
        await this.member.begin(promised);
      return;
    }
    this.member.log('is master without having been elected, so it steps down');
    await this.member.redis.fence();
    await this.member.redis.cutClients();
  }

  /** Of a redis that is a replica. @param target whom it shall follow; undefined: nobody */
  async replica(view: FullView, target: Peer | undefined): Promise<void> {
    const wanted = target === undefined ? this.member.redis.guardPlace : placeOf(target);
    if (view.follows !== wanted) {
      this.member.log(`follows ${view.follows}, which nobody of us told it`);
      if (target === undefined) await this.member.redis.fence();
      else await this.member.redis.follow(target);
      return;
    }
    if (target !== undefined) this.lone = undefined;
    if (target !== undefined && view.linkUp) rmSync(this.options.hollow, { force: true });
    if (target === undefined) await this.mayBegin(view);
    else if (!view.linkUp && view.linkDownSeconds >= LINK_DOWN_S) await this.refreshLink(view, target);
  }

  /** One that follows nobody: the first master of all, or one that led and may go on. */
  private async mayBegin(view: FullView): Promise<void> {
    const since = performance.now() - this.started;
    if (this.options.memory.missing && this.member.memory.promised === null) {
      // Others that were up before us must have had the time to say so.
      if (!this.options.startsAsMaster || since < 300 || this.othersHadAnother()) return;
      const term = firstTerm(this.member.config.name, Date.now());
      this.member.remember(elected(this.member.memory, term, view));
      await this.member.begin(term);
      return;
    }
    const term = resumable(this.member.memory);
    if (term === null) this.mayStand();
    if (term === null || this.member.peers.promises.some((promised) => compareTerms(promised, term) > 0))
      return;
    if (!this.options.startsAsMaster && since < LONELY_MS) return;
    this.member.remember(elected(this.member.memory, term, view));
    await this.member.begin(term);
  }

  /**
   * One that led last and stepped down for another, of which nothing came. Where all members were restarted meanwhile no
   * sentinel can name anybody: the others cannot tell what they have, and this one is the master that they miss.
   */
  private mayStand(): void {
    const now = performance.now();
    const { promised, complete } = this.member.memory;
    // Whom it voted for a moment ago has its time, too: one that hands over would come between otherwise.
    if (this.lone === undefined || compareTerms(this.lone.promised, promised) !== 0)
      this.lone = { since: now, promised };
    if (complete === null || now - this.lone.since < LONELY_MS) return;
    this.lone = { since: now, promised };
    void this.candidacy.volunteer();
  }

  private othersHadAnother(): boolean {
    return this.member.peers.promises.some(
      (promised) => promised !== null && promised.owner !== this.member.config.name,
    );
  }

  /**
   * Sentinel promotes no replica whose link has been down for long, and never one again when all lost their master while
   * the sentinels were away. What counts is how much they have, which the votes compare: so the clock is set back.
   */
  private async refreshLink(view: FullView, target: Peer): Promise<void> {
    const now = performance.now();
    if (now - this.refreshedAt < LINK_DOWN_S * 1000 || view.backlogFrom === null) return;
    this.refreshedAt = now;
    await this.member.redis.fence();
    await this.member.redis.attached();
    await this.member.redis.follow(target);
  }

  /**
   * Makes Sentinel choose none that cannot tell what it has; none that some members' files do not name yet, for the proxies
   * beside those do not either, and would take it for a stranger until their turn comes; nor, for a while, one that it chose although its master
   * answers: whom the sentinels have lost may be another, and the master itself the one to name.
   */
  async steer(view: FullView): Promise<void> {
    const led = this.member.memory.leads && view.role === 'master';
    const able =
      led || (this.member.memory.member && view.backlogFrom !== null) || this.member.memory.complete !== null;
    // 1 is also what a switchover sets for a while.
    if (view.priority === PRIORITY.first && able) return;
    const declines =
      performance.now() < this.candidacy.notNowUntil && (await this.member.surroundings()).hearsMaster;
    const wanted = able && this.member.peers.allNameThis && !declines ? PRIORITY.usual : PRIORITY.never;
    if (view.priority !== wanted) await this.member.redis.setPriority(wanted);
  }
}
