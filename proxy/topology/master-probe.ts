import type { Value } from '../protocol/reply-values.ts';
import { type Access, AskingConnection } from './asking-connection.ts';

/** How often the master is asked, and after how much silence it no longer counts. Milliseconds. */
const POLL = 100;
const SILENCE = 350;
/** Seconds since a replica's last word (one a second) up to which it counts. */
const FRESH_LAG = 1;

/**
 * Asks a master that the sentinels hold for down whether it is one, and whether it has the replicas that its writes wait
 * for. Where a promotion takes those away first, a master that has them has not been replaced.
 */
export class MasterProbe {
  serves = false;
  private connection: AskingConnection | null = null;
  private heardAt = Number.NEGATIVE_INFINITY;
  private stopped = false;
  private readonly timer: NodeJS.Timeout;

  /** @param onChange called whenever `serves` has changed */
  constructor(
    private readonly access: Access,
    private readonly needed: number,
    private readonly onChange: () => void,
  ) {
    this.timer = setInterval(() => this.ask(), POLL);
    this.ask();
  }

  stop(): void {
    this.stopped = true;
    clearInterval(this.timer);
    this.connection?.close();
  }

  private ask(): void {
    if (performance.now() - this.heardAt > SILENCE) this.settle(false);
    if (this.stopped) return;
    this.connection ??= new AskingConnection(
      this.access,
      () => {},
      () => {
        this.connection = null;
      },
    );
    const askedAt = performance.now();
    this.connection.request(['INFO', 'replication'], (reply) => this.onInfo(reply, askedAt));
  }

  private onInfo(reply: Value, askedAt: number): void {
    if (this.stopped) return;
    const serves = typeof reply === 'string' && hasReplicas(reply, this.needed);
    if (serves) this.heardAt = askedAt;
    this.settle(serves);
  }

  private settle(serves: boolean): void {
    if (serves === this.serves) return;
    this.serves = serves;
    this.onChange();
  }
}

/** Whether INFO replication tells of a master with so many replicas that answered lately. */
export function hasReplicas(info: string, needed: number): boolean {
  if (!/^role:master\r?$/m.test(info)) return false;
  const lags = [...info.matchAll(/^slave\d+:.*state=online,.*lag=(\d+)/gm)].map(([, lag]) => Number(lag));
  return lags.filter((lag) => lag <= FRESH_LAG).length >= needed;
}
