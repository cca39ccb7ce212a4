import type { PoolConfig } from '../../config/pool.ts';
import type { Loop } from '../base/loop.ts';
import type { PoolServer } from '../server/server.ts';

/** How often to look, as a share of the shortest limit; and within which bounds, milliseconds. */
const SHARE = 50;
const SHORTEST = 2;
const LONGEST = 50;

/** What it needs of the pool. */
interface WatchedPool {
  readonly config: PoolConfig;
  readonly loop: Loop;
  everyServer(): PoolServer[];
}

/**
 * Looks at the oldest request of every server connection, some fifty times within the pool's timeout, while anything
 * is under way. No timer per request.
 */
export class TimeoutWatch {
  private timer: NodeJS.Timeout | null = null;
  private readonly interval: number;

  constructor(private readonly pool: WatchedPool) {
    const { timeout, failoverHold, sentinels, clientStall } = pool.config;
    const limits = [timeout, sentinels.length > 0 ? failoverHold : 0, clientStall].filter(
      (limit) => limit > 0,
    );
    this.interval = Math.min(LONGEST, Math.max(SHORTEST, Math.min(...limits) / SHARE));
  }

  /** Something is under way. Cheap when the watch is on already. */
  start(): void {
    if (this.timer !== null) return;
    this.timer = setTimeout(this.look, this.interval);
    // what is left in the queues of a closed pool must not keep the process alive
    this.timer.unref();
  }

  stop(): void {
    if (this.timer !== null) clearTimeout(this.timer);
    this.timer = null;
  }

  private readonly look = (): void => {
    this.timer = null;
    const { pool } = this;
    const now = pool.loop.now();
    let busy = false;
    for (const server of pool.everyServer()) {
      for (const connection of server.all) {
        connection.checkTimeouts(now, pool.config.timeout);
        busy ||= connection.isTimed;
      }
    }
    if (busy) this.start();
  };
}
