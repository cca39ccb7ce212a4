import type { Lease } from '../core/server/lease.ts';
import { ReplyError, type Value } from '../protocol/reply-values.ts';
import { type Access, AskingConnection } from './asking-connection.ts';

/** For how long what its replicas confirmed lets a master serve; sentinel/guard/core/lease.ts waits for its end. Milliseconds. */
export const REPLICAS_LEASE = 300;
/** For how long the sentinels' word does, where replicas are missing. Milliseconds. */
export const SENTINELS_LEASE = 150;
/** How often the master is asked while requests come, and for how long after the last one. Milliseconds. */
const POLL = 100;
const IDLE = 10_000;
/** A lease that is older than this may end before the next answer: the sentinels are asked as well. Milliseconds. */
const AT_RISK = 150;
/** For how long the master may wait for its replicas, and be silent before it is asked over another connection. Milliseconds. */
const WAIT = 100;
const PATIENCE = 600;
/** Requests that wait for longer than this for a lease miss it. Milliseconds. */
const MISSED = 500;
/** Requests that come while nothing speaks for the master are no reason to ask more often than this. Milliseconds. */
const SHORTEST = 20;

/** A message that goes to every replica and to nobody else: what is confirmed by WAIT is that they have this one. */
const ASK = ['SPUBLISH', 'twemstack:lease', ''];

/** What a lease is kept with. */
export interface LeaseTerms {
  access(): Access;
  /** How many replicas must have confirmed, as of every write. */
  readonly replicas: number;
  /** Asks the sentinels; `vouched` is called with what a majority says. */
  askSentinels(): void;
  /** Requests have waited for it, and may be sent now. */
  onRenewed(): void;
}

/**
 * Whether the master that a proxy reaches may still be the one. Whoever is promoted has taken the old master's replicas away
 * first, and waits until no proxy can hold a lease that one of them gave (docs/durability.md, "Reads"); so a master that its
 * replicas confirmed a moment ago has no successor that acknowledged anything. Where there are too few replicas, a majority
 * of sentinels that have not lost it lately speaks for it.
 */
export class MasterLease implements Lease {
  private until = Number.NEGATIVE_INFINITY;
  private lapsed = false;
  /** When requests began to wait for it. */
  private lapsedAt = 0;
  private usedAt = Number.NEGATIVE_INFINITY;
  private timer: NodeJS.Timeout | null = null;
  private connection: AskingConnection | null = null;
  /** When the question that is under way was asked; null = there is none. */
  private askedAt: number | null = null;
  private lastAsked = Number.NEGATIVE_INFINITY;

  constructor(
    private readonly terms: LeaseTerms,
    private readonly clock: () => number = () => performance.now(),
  ) {}

  /** @inheritdoc */
  holds(now: number): boolean {
    this.usedAt = now;
    if (now < this.until) return true;
    if (!this.lapsed) this.lapsedAt = now;
    this.lapsed = true;
    if (this.timer === null) {
      this.timer = setInterval(() => this.look(), POLL);
      this.timer.unref();
    }
    if (this.askedAt === null && now - this.lastAsked >= SHORTEST) this.ask();
    return false;
  }

  /** @inheritdoc */
  get isMissed(): boolean {
    const now = this.clock();
    return this.lapsed && now - this.lapsedAt > MISSED && now - this.usedAt < IDLE;
  }

  /** Another master: nobody has spoken for it yet. */
  startOver(): void {
    this.until = Number.NEGATIVE_INFINITY;
    this.hangUp();
    if (this.timer !== null) this.ask();
  }

  /** A majority of sentinels spoke for the master when they were asked at `askedAt`, milliseconds of the same clock. */
  vouched(askedAt: number): void {
    this.renew(askedAt + SENTINELS_LEASE);
  }

  stop(): void {
    if (this.timer !== null) clearInterval(this.timer);
    this.timer = null;
    this.hangUp();
  }

  private look(): void {
    const now = this.clock();
    if (now - this.usedAt > IDLE) {
      this.stop();
      return;
    }
    if (this.askedAt !== null && now - this.askedAt > PATIENCE) this.hangUp();
    if (this.askedAt === null) this.ask();
    if (this.until - now < REPLICAS_LEASE - AT_RISK) this.terms.askSentinels();
  }

  private ask(): void {
    const { replicas } = this.terms;
    this.connection ??= new AskingConnection(
      this.terms.access(),
      () => {},
      () => {
        this.connection = null;
        this.askedAt = null;
      },
    );
    const askedAt = this.clock();
    this.askedAt = askedAt;
    this.lastAsked = askedAt;
    this.connection.request(ASK, (reply) => {
      if (reply instanceof ReplyError) this.hangUp();
    });
    this.connection.request(['WAIT', String(replicas), String(WAIT)], (reply) =>
      this.onConfirmed(reply, askedAt),
    );
  }

  private onConfirmed(reply: Value, askedAt: number): void {
    if (askedAt !== this.askedAt) return;
    this.askedAt = null;
    if (typeof reply === 'number' && reply >= this.terms.replicas) this.renew(askedAt + REPLICAS_LEASE);
    else if (this.lapsed) this.terms.askSentinels();
  }

  private renew(until: number): void {
    this.until = Math.max(this.until, until);
    if (!this.lapsed || this.clock() >= this.until) return;
    this.lapsed = false;
    this.terms.onRenewed();
  }

  private hangUp(): void {
    this.askedAt = null;
    this.connection?.close();
    this.connection = null;
  }
}
