import type { Link } from '../../transport/link.ts';
import { type Owner, type Stoppable, UNREAD } from '../base/receiver.ts';
import type { ConnectedServer } from './connected-server.ts';
import type { RequestQueue } from './request-queue.ts';

/** What it needs of its connection. */
interface ReadConnection extends Stoppable {
  readonly queue: RequestQueue;
  readonly server: ConnectedServer;
}

/**
 * Stops reading from a server while the client whose reply comes next does not read what it has: the rest of its
 * replies stays on the server, and not in our memory.
 */
export class SlowReader {
  private owner: Owner | null = null;
  private since = 0;

  constructor(private readonly connection: ReadConnection) {}

  /** True while the server is not read. */
  get isWaitedFor(): boolean {
    return this.owner !== null;
  }

  /**
   * After reading from `link`: waits if the next reply is for a client that is slow.
   * @param listener whom the connection belongs to: it is told things without asking
   */
  waitIfSlow(link: Link | null, listener: Owner | null): void {
    const { queue, server } = this.connection;
    if (this.owner !== null || link === null) return;
    const owner = queue.head === queue.sent ? listener : queue.who[queue.head & queue.mask].owner;
    if (owner === null || !this.isSlow(owner)) return;
    this.owner = owner;
    this.since = server.loop.now();
    link.pause();
    owner.stop(this.connection);
  }

  /** Replies are kept for a while when others wait behind them, and left on the server when nobody does. */
  private isSlow(owner: Owner): boolean {
    return owner.unread > UNREAD && (this.connection.queue.length <= 1 || owner.unread > owner.patience);
  }

  /** True when the server may be read again: others wait by now, or the client `owner` has read or left. */
  mayGoOn(owner = this.owner): boolean {
    if (owner === null || owner !== this.owner) return false;
    return owner.gone || !this.isSlow(owner);
  }

  /** There is no reason, or no socket any more. */
  forget(): void {
    this.owner = null;
  }

  /** Others must not wait for a client that does not read any longer than for a server that does not answer. */
  check(now: number, timeout: number): void {
    const { queue, server } = this.connection;
    const patience = Math.min(server.config.clientStall, timeout || Number.POSITIVE_INFINITY);
    for (let i = queue.head + 1; i < queue.tail; i++) {
      const { owner } = queue.who[i & queue.mask];
      if (owner === this.owner || owner.gone) continue;
      const since = Math.max(this.since, queue.times[i & queue.mask]);
      if (now - since > patience) this.owner?.tooSlow(server.name, patience);
      return;
    }
  }
}
