import type { ServerCounters } from '../base/counters.ts';

/** Requests without a reply while nobody knows how large these are. */
const FIRST_OPEN = 128;
/** As few as these, where many connections share a bound, would cost a pipeline its speed. */
const FEWEST_FIRST = 16;
/** As many as ever may be. */
const ANY = 1 << 20;
/** After so many milliseconds with hardly anything to do nobody knows again. */
const IDLE = 100;

/**
 * How many requests of all clients may be without a reply on one server connection. What a server is asked it answers, and
 * keeps what has not been read yet in memory that no `maxmemory` counts: each client has its own part, see ReplyWindow, but
 * hundreds may ask at once. So it begins with a few, and there may be twice as many each time that the replies turn out to
 * be small, up to `server_reply_bytes` together. The others wait in the order in which they came.
 */
export class SendWindow {
  size: number;
  /** Requests wait for replies to those before them. */
  isShut = false;
  private beganAt = Number.NEGATIVE_INFINITY;
  private responses = 0;
  private bytes = 0;
  private readonly limit: number;
  private readonly firstOpen: number;

  /**
   * @param counters of the server: they tell how large its replies are
   * @param limit bytes of replies; 0 = any
   * @param databases how many share this bound
   */
  constructor(
    private readonly counters: ServerCounters,
    limit: number,
    databases = 1,
  ) {
    this.limit = Math.ceil(limit / databases);
    this.firstOpen = Math.max(FEWEST_FIRST, Math.ceil(FIRST_OPEN / databases));
    this.size = limit === 0 ? ANY : this.firstOpen;
  }

  /** Something is about to be sent, and nothing is without a reply. */
  begin(now: number): void {
    if (now - this.beganAt > IDLE) this.restart();
    this.beganAt = now;
  }

  /** From now on nobody knows how large replies are. */
  restart(): void {
    this.isShut = false;
    if (this.limit > 0) this.size = this.firstOpen;
  }

  /**
   * Replies have come.
   * @param open requests that are still without
   * @returns true when more may be sent
   */
  look(open: number): boolean {
    const { counters, limit } = this;
    if (limit === 0) return false;
    const count = counters.responses - this.responses;
    const each = Math.max(1, (counters.responseBytes - this.bytes) / Math.max(1, count));
    const fit = Math.max(1, Math.floor(limit / each));
    if (count > 0) {
      this.responses = counters.responses;
      this.bytes = counters.responseBytes;
      if (fit < this.size) this.size = fit;
    }
    if (!this.isShut || open > this.size / 2) return false;
    this.isShut = false;
    this.size = Math.min(Math.max(fit, this.size), this.size * 2, ANY);
    return true;
  }
}
