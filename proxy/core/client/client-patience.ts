import type { SoloRequest } from '../commands/session.ts';
import { ClientEnd, type EndingPool } from './client-end.ts';
import type { ClientWatch, Watched } from './client-watch.ts';
import type { WrongPasswords } from './wrong-passwords.ts';

/** Whoever says a wrong password is not listened to for a while, twice as long each time. Milliseconds. */
const FIRST_PAUSE = 500;
const LONGEST_PAUSE = 8000;
/** In the place of a request that has the session to itself: ends when its time has come. */
const PAUSE: SoloRequest = { waiting: 0, startInTurn: () => {}, abandon: () => {} };

/** What a client that is waited for, or kept waiting, needs of its pool. */
export interface PatientPool extends EndingPool {
  readonly clientWatch: ClientWatch;
  readonly wrongPasswords: WrongPasswords;
}

/**
 * How long a client is waited for, that reads nothing or does not say its password, and how long one waits that said a
 * wrong one. A layer of `Client`.
 */
export abstract class ClientPatience extends ClientEnd implements Watched {
  /** The link took less than there was. */
  protected blocked = false;
  /** When the link last took something and left a rest. */
  private blockedSince = 0;
  private isWatched = false;
  /** Since when its password is waited for, of the loop's clock. */
  private awaitedSince: number;
  /** Nothing more is looked at before that, see `wrongPassword`; 0 = no such time. */
  private heldUntil = 0;
  /** Nothing is written to it before that: its answer is delayed. 0 = no such time. */
  private mutedUntil = 0;
  private wrongPasswords = 0;

  abstract override readonly pool: PatientPool;
  /** What had the session to itself is over. */
  abstract soloEnded(): void;

  /** @param now of the loop's clock; the others as of `ClientSession` */
  constructor(authenticated: boolean, firstId: number, now: number) {
    super(authenticated, firstId);
    this.awaitedSince = now;
  }

  /** The link took less than there is: it is waited until it takes more. */
  protected waitUntilWritable(): void {
    this.blocked = true;
    this.blockedSince = this.pool.loop.now();
    this.watch();
  }

  onWritable(): void {
    if (this.mutedUntil > 0) return;
    this.blocked = false;
    this.touch();
  }

  /** It may be silent from now on for a reason of ours: it is found out when it has gone all the same. */
  watch(): void {
    if (this.isWatched) return;
    this.isWatched = true;
    this.link.watchPeer();
    this.pool.clientWatch.add(this);
  }

  /** Lets go of a client that has taken nothing of its replies for too long. False when there is nothing to look at. */
  look(now: number): boolean {
    const { authTimeout, clientUnreadTimeout } = this.pool.config;
    if (this.gone) return false;
    if (this.mutedUntil > 0 && now >= this.mutedUntil) {
      this.mutedUntil = 0;
      this.onWritable();
    }
    if (this.heldUntil > 0 && now >= this.heldUntil) {
      this.heldUntil = 0;
      this.soloEnded();
    }
    const isAwaited = authTimeout > 0 && !this.authenticated && !this.closing;
    if (isAwaited && now - this.awaitedSince >= authTimeout)
      this.refuse(`Authentication required within ${authTimeout} ms (auth_timeout)`, 'NOAUTH');
    if (this.blocked && clientUnreadTimeout > 0 && now - this.blockedSince >= clientUnreadTimeout) {
      this.letGo(
        `it read nothing of ${this.unread} bytes for ${clientUnreadTimeout} ms (client_unread_timeout)`,
      );
      return false;
    }
    this.isWatched = this.blocked || this.heldUntil > 0 || (isAwaited && !this.closing);
    return this.isWatched;
  }

  /** It must say its password in time, where one is needed. */
  awaitPassword(): void {
    if (this.pool.config.authTimeout === 0 || this.authenticated) return;
    this.isWatched = true;
    this.pool.clientWatch.add(this);
  }

  wrongPassword(): void {
    const { pool } = this;
    const now = pool.loop.now();
    pool.stats.clientWrongPasswords++;
    pool.clientWatch.add(pool.wrongPasswords);
    const delay = pool.wrongPasswords.said(this.remote, now);
    if (delay === null) this.abort();
    if (delay === null || this.solo !== null) return;
    this.awaitedSince = now + delay;
    if (delay > 0) {
      this.mutedUntil = now + delay;
      this.blocked = true;
      this.blockedSince = this.mutedUntil;
    }
    this.heldUntil = now + delay + Math.min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** this.wrongPasswords++);
    this.solo = PAUSE;
    this.work.load.pauseForStream(true);
    this.isWatched = true;
    pool.clientWatch.add(this);
  }
}
