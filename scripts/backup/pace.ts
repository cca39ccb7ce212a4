import { setTimeout as delay } from 'node:timers/promises';

const MB = 1024 * 1024;
/**
 * A shard takes no longer than about this, however large it is: its redis has a child as long as it lasts, writes what it has
 * copied for that twice, and rewrites no AOF. Milliseconds.
 */
const MOST_MS = 30 * 60_000;
/** Shorter waits are put together: a timer costs more than it saves, and is late by some milliseconds. */
const LEAST_WAIT_MS = 50;
/** So much of what a late timer or a slow store has missed is caught up on; more would be a rush. */
const MOST_BEHIND_MS = 250;

/** What a pace goes by; of tests one of their own. Milliseconds. */
export interface Clock {
  now(): number;
  wait(ms: number): Promise<unknown>;
}

const REAL: Clock = { now: () => performance.now(), wait: (ms) => delay(ms) };

/** How fast a snapshot may be read: what comes slowly costs its redis little at a time, for its child waits until it is read. */
export class Pace {
  #bytesPerMs: number;

  /**
   * @param rateMb MB a second; 0 = no limit
   * @param memoryBytes what the redis holds: of a large one it is faster, to end within half an hour
   */
  constructor(
    rateMb: number,
    memoryBytes: number,
    private readonly clock: Clock = REAL,
  ) {
    const asked = rateMb === 0 ? Number.POSITIVE_INFINITY : (rateMb * MB) / 1000;
    this.#bytesPerMs = Math.max(asked, memoryBytes / MOST_MS);
  }

  get isLimited(): boolean {
    return Number.isFinite(this.#bytesPerMs);
  }

  get bytesPerSecond(): number {
    return this.#bytesPerMs * 1000;
  }

  /** From here on as fast as it comes. */
  lift(): void {
    this.#bytesPerMs = Number.POSITIVE_INFINITY;
  }

  /** The same chunks, none of them sooner than the pace allows. */
  async *keep(chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
    const { clock } = this;
    let due = clock.now();
    for await (const chunk of chunks) {
      yield chunk;
      const now = clock.now();
      due = Math.max(due, now - MOST_BEHIND_MS) + chunk.length / this.#bytesPerMs;
      if (due - now >= LEAST_WAIT_MS) await clock.wait(due - now);
    }
  }
}
