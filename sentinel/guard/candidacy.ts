import { setTimeout as pause } from 'node:timers/promises';
import { campaign } from './campaign.ts';
import { compareTerms, type Term } from './core/term.ts';
import type { Member } from './member.ts';

/** Between two tries of one that was selected, once to eight times. Milliseconds. */
const RETRY_MS = 80;
/** For how long a replica that was selected while its master answers is not to be selected again. Milliseconds. */
const NOT_NOW_MS = 20_000;
/** For how long others may have promised a later term before a master wants one itself: their own election may yet succeed. Milliseconds. */
const OVERTAKEN_MS = 1000;

/** When a member stands for election: since a sentinel selected it, since a person says so, or since others overtook its term. */
export class Candidacy {
  /** Until then Sentinel shall not choose this member while its master answers; on performance.now()'s clock. */
  notNowUntil = 0;
  private selectedUntil = 0;
  private campaigning = false;
  private overtakenAt: number | undefined;

  constructor(private readonly member: Member) {}

  /** It shall be master: tries until it is, or the sentinel has given it up. */
  selected(): void {
    this.selectedUntil = performance.now() + this.member.config.failoverTimeoutMs;
    void this.stand();
  }

  /** It is master: whoever selected it has what was wanted. */
  succeeded(): void {
    this.selectedUntil = 0;
  }

  /** Nobody else is able to, as far as it can tell: one try, of which nothing comes where somebody is. */
  async volunteer(): Promise<void> {
    const reason = await this.tryOnce(false).catch((error: Error) => error.message);
    if (reason !== undefined) this.member.say(`stands for election, for nobody leads: ${reason}`);
  }

  /** A person's decision. @returns undefined when this member is master now, else why not */
  async force(): Promise<string | undefined> {
    return await this.tryOnce(true);
  }

  /** A master that others have promised a later term, of which nothing came: it needs a later one itself. */
  async renewIfOvertaken(): Promise<void> {
    const { peers, leading, memory } = this.member;
    const { promised } = memory;
    const overtaken = leading && peers.promises.some((term) => compareTerms(term, promised) > 0);
    if (!overtaken || compareTerms(peers.lead, promised) > 0) {
      this.overtakenAt = undefined;
      return;
    }
    const now = performance.now();
    this.overtakenAt ??= now;
    if (now - this.overtakenAt < OVERTAKEN_MS || promised === null) return;
    this.overtakenAt = now;
    const reason = await this.tryOnce(false, promised).catch((error: Error) => error.message);
    this.member.say(
      reason === undefined
        ? 'goes on as master in a later term'
        : `needs a later term, but has none: ${reason}`,
    );
  }

  /** One try after the other, which come apart from those of others that were selected at the same moment. */
  private async stand(): Promise<void> {
    if (this.campaigning) return;
    this.campaigning = true;
    let tries = 0;
    try {
      while (performance.now() < this.selectedUntil) {
        if (this.member.leading) return;
        const reason = await campaign(this.member).catch((error: Error) => error.message);
        if (reason === undefined) return;
        if ((await this.member.surroundings()).hearsMaster) this.notNowUntil = performance.now() + NOT_NOW_MS;
        this.member.waiting = reason;
        this.member.say(`was selected to be master, but is not: ${reason}`);
        await pause(RETRY_MS * (1 + Math.random()) * Math.min(4, ++tries));
      }
    } finally {
      this.campaigning = false;
    }
  }

  private async tryOnce(force: boolean, renews?: Term): Promise<string | undefined> {
    if (this.campaigning) return 'an election is under way';
    this.campaigning = true;
    try {
      return await campaign(this.member, { force, renews });
    } finally {
      this.campaigning = false;
    }
  }
}
