import type { Redis } from 'ioredis';

/** Longest pause asked for at once: it ends by itself, so a switchover that is killed does no lasting harm. */
const LONGEST_MS = 900;
const SHORTEST_MS = 200;

/**
 * How many clients wait for replicas to confirm a write (WAIT), from the reply to CLIENT LIST. A master asks replicas for
 * nothing while it pauses, so what it had not asked before is answered with their next word, up to a second later; and
 * with an error if it becomes a replica meanwhile.
 */
export function openWaits(clientList: string): number {
  return clientList.split('\n').filter((line) => / cmd=wait /.test(line) && / flags=\w*b/.test(line)).length;
}

/** Writes wait at a master; reads, and what replicas and sentinels ask, do not. */
export class WritePause {
  readonly #master: Redis;
  readonly #ms: number;
  #since: number | undefined;
  #timer: NodeJS.Timeout | undefined;
  #lost = false;

  /** @param downAfterMs a longer pause would block a sentinel's PUBLISH long enough to look like an outage */
  constructor(master: Redis, downAfterMs: number) {
    this.#master = master;
    this.#ms = Math.max(SHORTEST_MS, Math.min(LONGEST_MS, downAfterMs - 100));
  }

  async begin(): Promise<void> {
    this.#since = performance.now();
    await this.#ask();
  }

  /**
   * Prolongs the pause until `end`: once the failover is under way, a write that the old master acknowledged would be
   * lost.
   */
  hold(): void {
    this.#timer = setInterval(() => {
      this.#ask().catch(() => {
        this.#lost = true;
      });
    }, this.#ms / 3);
  }

  /** Whether a prolongation failed, so that writes may have gone on. */
  get lost(): boolean {
    return this.#lost;
  }

  /** Milliseconds since writes began to wait; 0 when they do not. */
  get elapsed(): number {
    return this.#since === undefined ? 0 : performance.now() - this.#since;
  }

  /** Lets writes go on; safe to call at any time, any number of times. */
  async end(): Promise<void> {
    clearInterval(this.#timer);
    if (this.#since === undefined) return;
    this.#since = undefined;
    await this.#master.client('UNPAUSE');
  }

  async #ask(): Promise<void> {
    await this.#master.client('PAUSE', this.#ms, 'WRITE');
  }
}
