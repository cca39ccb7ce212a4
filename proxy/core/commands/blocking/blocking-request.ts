import type { Command } from '../../../protocol/command-table.ts';
import { CLOSED_BY_SERVER, errorReply } from '../../../protocol/replies.ts';
import { NOBODY, type Owner, type Receiver } from '../../base/receiver.ts';
import { unknownOutcome } from '../../base/unknown-outcome.ts';
import { WholeReplies } from '../../base/whole-replies.ts';
import type { ServerConnection } from '../../server/connection.ts';
import { forConnection } from '../../server/segment.ts';
import type { PoolServer } from '../../server/server.ts';
import { type Blocked, beginToWait, endToWait } from '../blocked.ts';
import type { Session, SoloRequest } from '../session.ts';
import { afterPause } from '../slow-refusal.ts';
import { inDoubt, isKept, moves, noteInDoubt } from './in-doubt.ts';
import { idOfWaiting, learnId, unblock } from './server-client.ts';
import { type TimeoutPlace, withTimeLeft } from './timeout.ts';

/** Of connections that a client waits on. */
export const PURPOSE = 'blocking';
/** What a server answers that is no master any more, or not yet: nothing was popped. */
const NOT_THE_MASTER = /^-(UNBLOCKED force unblock|READONLY |MASTERDOWN |LOADING |NOREPLICAS |MISCONF )/;
/** Nothing came in time: a null of RESP2 or RESP3. */
const NOTHING = /^(\*-1|\$-1|_)\r\n/;
/** Milliseconds before a request is asked again after such an answer, or after a lost connection. */
const AGAIN_AFTER = 50;

/** What a client asked, where it goes, and how long it may wait. */
export interface Blocking {
  readonly command: Command;
  readonly server: PoolServer;
  /** As it came, and the client's no more. */
  readonly request: Uint8Array;
  /** Where its timeout stands in it. */
  readonly timeout: { readonly from: number; readonly to: number; readonly unit: TimeoutPlace['unit'] };
  /** Milliseconds, Infinity = for ever. */
  readonly wait: number;
}

/**
 * A request that may wait at its server, on a connection that it has to itself until it is answered. When the master
 * changes meanwhile it is asked again of the new one, with what is left of its time; when its connection was lost, and it may
 * have been answered, that is logged and counted. When its client leaves, the server is told at once, so that nothing is popped
 * for nobody; what was popped all the same is logged and counted.
 */
export class BlockingRequest extends WholeReplies implements SoloRequest, Receiver, Blocked {
  readonly waiting = 0;
  /** Redis, too, takes a client that sends no more for gone. */
  readonly endsWithInput = true;
  /** Not the client: what comes after it has left must still be seen. */
  readonly owner: Owner = NOBODY;
  private readonly tag: number;
  private connection: ServerConnection | null = null;
  private startedAt = -1;
  /** When the server began to refuse it for want of a master; -1 = it does not. */
  private refusedSince = -1;
  private isOver = false;
  /** Its client is to come back elsewhere. */
  private isDismissed = false;
  /** Some of an answer has come. */
  private isGiven = false;

  constructor(
    private readonly session: Session,
    private readonly asked: Blocking,
  ) {
    super();
    this.tag = session.tail;
  }

  get doing(): string {
    return this.asked.command.name;
  }

  startInTurn(): void {
    const { session } = this;
    if (this.startedAt >= 0 || session.head !== this.tag) return;
    this.startedAt = session.pool.loop.now();
    beginToWait(session, this);
    this.ask();
  }

  private ask(): void {
    const { asked, session } = this;
    const { blockingClients } = session.pool.config;
    this.connection = asked.server.pinned.take(PURPOSE, blockingClients, session.lane);
    if (this.connection === null) {
      const full = `${blockingClients} clients wait on '${asked.server.name}' already (blocking_clients)`;
      this.slowly(() => this.answer(errorReply(full)));
      return;
    }
    const left = this.timeLeft;
    const { from, to, unit } = asked.timeout;
    const whole = left === asked.wait ? asked.request : withTimeLeft(asked.request, { from, to }, unit, left);
    const request = forConnection(whole);
    this.connection.patience = left;
    this.isGiven = false;
    learnId(this.connection);
    this.connection.send(this, 0, asked.command.id, request, 0, request.length);
  }

  private get timeLeft(): number {
    if (this.asked.wait === Number.POSITIVE_INFINITY) return this.asked.wait;
    return this.asked.wait - (this.session.pool.loop.now() - this.startedAt);
  }

  reply(_tag: number, chunk: Uint8Array, from: number, to: number): void {
    const start = Buffer.from(chunk.subarray(from, Math.min(to, from + 32))).toString('latin1');
    if (this.isDismissed && (NOTHING.test(start) || NOT_THE_MASTER.test(start))) {
      this.release(true);
      this.leaveUnanswered();
      return;
    }
    if (NOT_THE_MASTER.test(start) && this.mayAskAgain()) {
      this.release(true);
      this.askLater();
      return;
    }
    this.release(true);
    if (this.isOver) this.lookForLoss(start);
    else this.answer(chunk.slice(from, to));
  }

  replyInParts(tag: number, parts: Uint8Array[]): void {
    const whole = Buffer.concat(parts);
    this.reply(tag, whole, 0, whole.length);
  }

  /** The socket is gone, and with it whatever waited there: perhaps an answer, and what it took, too. */
  lost(_tag: number, wasSent: boolean, why: string): void {
    this.release(false);
    if (this.isOver) return;
    const { command, server } = this.asked;
    const { pool } = this.session;
    const isInDoubt = wasSent && command.write;
    const isTold = this.isGiven || !server.holds || pool.config.unknownOutcomes === 'disconnect';
    const told = `'${command.name}' waited on '${server.name}': ${why}`;
    if (isInDoubt && isTold && !this.isDismissed) {
      this.fail(0, unknownOutcome(`${told}; ${inDoubt(command.name)}`));
      return;
    }
    // on a way that fell silent an answer may have been lost for as long as it took to be noticed
    const mayBeGone = isInDoubt && why !== CLOSED_BY_SERVER && !isKept(command.name);
    const closes = mayBeGone && !this.isDismissed;
    if (isInDoubt)
      noteInDoubt(pool, server, command.name, why, closes ? 'their connections were closed' : 'asked again');
    if (closes) this.closeClient();
    else if (this.isDismissed) this.leaveUnanswered();
    else if (server.holds) this.askLater();
    else this.slowly(() => this.answer(errorReply(told)));
  }

  fail(_tag: number, text: Uint8Array): void {
    this.release(false);
    if (!this.isOver) this.slowly(() => this.endBy((session) => session.fail(this.tag, text)));
  }

  /** What did not wait is asked again at once: without a pause, thousands of times a second while its server is away. */
  private slowly(end: () => void): void {
    afterPause(this.session, () => {
      if (!this.isOver) end();
    });
  }

  /** The client's connection ends as it does when a Redis ends: so it learns that its request may have been carried out. */
  private closeClient(): void {
    this.endBy((session) => session.endBefore(this.tag));
  }

  private endBy(say: (session: Session) => void): void {
    const { session } = this;
    this.isOver = true;
    endToWait(session);
    say(session);
    session.soloEnded();
  }

  /** Within the time that requests may wait for a master. */
  private mayAskAgain(): boolean {
    const { server } = this.asked;
    if (this.isOver || !server.holds) return false;
    const now = this.session.pool.loop.now();
    if (this.refusedSince < 0) this.refusedSince = now;
    return now - this.refusedSince < server.config.failoverHold;
  }

  private askLater(): void {
    const again = (): void => {
      if (this.isOver) return;
      if (this.timeLeft > 0) this.ask();
      else this.answer(this.session.protocol === 3 ? Buffer.from('_\r\n') : this.nothing);
    };
    setTimeout(again, AGAIN_AFTER).unref();
  }

  /** What RESP2 has for nothing: of BLMOVE and BRPOPLPUSH a value that is none, of all others a list. */
  private get nothing(): Buffer {
    return Buffer.from(moves(this.asked.command.name) ? '$-1\r\n' : '*-1\r\n');
  }

  private answer(reply: Uint8Array): void {
    this.endBy((session) => session.reply(this.tag, reply, 0, reply.length));
  }

  private release(clean: boolean): void {
    const { connection } = this;
    if (connection === null) return;
    this.connection = null;
    connection.patience = 0;
    this.asked.server.pinned.release(connection, clean);
  }

  dismiss(): void {
    if (this.isOver || this.isDismissed) return;
    this.isDismissed = true;
    // not sent yet, or the server did not say what it calls the connection: it ends with the socket
    if (this.unblock('TIMEOUT')) return;
    this.release(false);
    this.leaveUnanswered();
  }

  private leaveUnanswered(): void {
    const { session } = this;
    // earlier replies are still on their way, and would go with the connection
    if (session.owner.unread > 0) {
      this.answer(session.protocol === 3 ? Buffer.from('_\r\n') : this.nothing);
      return;
    }
    this.isOver = true;
    endToWait(session);
    session.leaveUnanswered();
  }

  /** The client has left. */
  abandon(): void {
    if (this.isOver) return;
    const { connection, session } = this;
    this.isOver = true;
    endToWait(session);
    if (connection === null) return;
    // it has waited for so long already; from here on the server has as long as for any request
    if (this.startedAt >= 0) connection.patience = session.pool.loop.now() - this.startedAt;
    // not sent yet, or the server did not say what it calls the connection: it ends with the socket
    if (!this.unblock('TIMEOUT')) this.release(false);
  }

  unblock(how: 'TIMEOUT' | 'ERROR'): boolean {
    const { connection } = this;
    const id = connection === null ? undefined : idOfWaiting(connection);
    if (id !== undefined) unblock(this.asked.server, id, how);
    return id !== undefined;
  }

  /** What came after the client had left. */
  private lookForLoss(start: string): void {
    const { command, server } = this.asked;
    if (start.startsWith('-') || NOTHING.test(start) || !command.write) return;
    const { pool, remote } = this.session;
    pool.stats.undelivered++;
    pool.warn(
      `'${command.name}' of ${remote} was answered by '${server.name}' after that client had left: what it popped was delivered to nobody`,
    );
  }

  arriving(_tag: number, bytes: number): void {
    if (bytes > 0) this.isGiven = true;
    if (!this.isOver) this.session.arriving(this.tag, bytes);
  }

  abort(): void {
    this.session.abort();
  }
}
