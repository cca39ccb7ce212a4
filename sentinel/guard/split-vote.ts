import { setTimeout as pause } from 'node:timers/promises';

/** Between the words to one sentinel and those to the next: the first one's failover is heard of by then. Milliseconds. */
const STEP_MS = 150;
/** For so long a replica that a sentinel selected counts as the end of the election that another one lost. Milliseconds. */
const SELECTED_MS = 1500;

/**
 * Two sentinels that stand for election within the time that a packet takes between them have one vote each, and where a
 * third one is gone neither is elected: each tries again after twice `failover-timeout` (Redis 7.0, sentinel.c,
 * sentinelStartFailoverIfNeeded). In a lab of three hosts it was so in 3 of 29 rounds, and no write went for 8.5 s. So a
 * sentinel that says its election came to nothing is told to go on without one (SENTINEL FAILOVER). That decides nothing
 * but who names a replica: whether it may be master the guards decide, by votes of their own.
 */
export class SplitVote {
  private selectedAt = Number.NEGATIVE_INFINITY;

  /** @param lacksMaster whether this member, as far as it can tell, has no master */
  constructor(private readonly lacksMaster: () => Promise<boolean>) {}

  /** A sentinel has selected a replica. */
  selected(): void {
    this.selectedAt = performance.now();
  }

  /**
   * A sentinel was not elected, though it holds the master for down, and so do as many as its quorum asks.
   * @param rank among the sentinels, the same for all guards: two that fail over at once would each begin the same epoch
   * @returns whether it shall fail over all the same
   */
  async shallGoOn(rank: number): Promise<boolean> {
    await pause(rank * STEP_MS);
    return performance.now() - this.selectedAt > SELECTED_MS && (await this.lacksMaster());
  }
}
