import { errorReply } from '../../protocol/replies.ts';
import type { Link, LinkOwner } from '../../transport/link.ts';
import { written } from '../base/chunk-memory.ts';
import type { Flushable, HeldBack } from '../base/loop.ts';
import { type Stoppable, UNREAD } from '../base/receiver.ts';
import { isUnknownOutcome } from '../base/unknown-outcome.ts';
import type { PoolContext, SoloRequest } from '../commands/session.ts';
import type { Routing } from '../routing/routing.ts';
import { FIRST_LANE } from '../server/lane.ts';
import { AnswersRead } from './answers-read.ts';
import type { ClientWatch, Watched } from './client-watch.ts';
import { ClientWork } from './client-work.ts';
import { Output } from './output.ts';
import { ReplySlot } from './reply-slot.ts';
import { firstOpen, ReplyWindow } from './reply-window.ts';
import { dispatchWhole } from './request-reader.ts';
import type { WorkingClient } from './working-client.ts';
import type { WrongPasswords } from './wrong-passwords.ts';

/** Milliseconds in which an application that has one thing to ask after the other asks the next. */
const LEAVE_AFTER_MS = 2;

/** Bytes of replies before their turn that are worth a look at the limits. */
const WORTH_A_LOOK = 64 * 1024;
/** Up to this, an idle client's bytes are read without a look at what it has under way. */
const AT_ONCE = 8 * 1024;
/** Of so many bytes the requests are looked at in one turn. The rest waits: many of what is answered at once fit in. */
const MOST_IN_TURN = 32 * 1024;
/** Replies are held back for others up to this: more fills a write anyway. */
const WORTH_A_WRITE = 16 * 1024;

/** Whoever says a wrong password is not listened to for a while, twice as long each time. Milliseconds. */
const FIRST_PAUSE = 500;
const LONGEST_PAUSE = 8000;
/** In the place of a request that has the session to itself: ends when its time has come. */
const PAUSE: SoloRequest = { waiting: 0, startInTurn: () => {}, abandon: () => {} };

/** Where the replies go that a client does not want. */
const NOWHERE = new Output();

/** What a client needs of its pool. */
export interface ClientPool extends PoolContext {
  readonly clientWatch: ClientWatch;
  readonly wrongPasswords: WrongPasswords;
  /** As `warn`, for what strangers can cause as often as they like. */
  warnOfClients(text: string): void;
  clientLeft(client: Client): void;
}

/** One client connection: requests numbered as they come in, replies delivered in that order. */
export class Client extends ReplySlot implements LinkOwner, WorkingClient, Flushable, HeldBack, Watched {
  readonly owner = this;
  readonly routing: Routing;
  gone = false;
  /** Number of the next reply to go out, and of the next request to come in. */
  head = 0;
  tail = 0;
  /** Takes no more requests; closes when all replies are out. */
  private closing = false;
  /** Told to leave; see `leaveAfterNextReply`. */
  private leaving = false;
  private faulty = false;
  /** Null while nothing is under way, as with most clients most of the time. */
  private workNow: ClientWork | null = null;
  solo: SoloRequest | null = null;
  mostOpen: number;
  private dirty = false;
  private blocked = false;
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
  /** It will send no more, and some of what it has sent is still to be looked at. */
  private hasEnded = false;
  /** The turn of the loop in which it was heard of last, and what came in it and was looked at. */
  private turn = -1;
  private seenInTurn = 0;
  /** Requests up to here came in together, or while these were open: their replies go out together if they can. */
  private batchEnd = 0;
  private isHeldBack = false;
  /** A reply was passed on in part. */
  private isMidReply = false;
  /** What is to be said when it is complete. */
  private delayed: Uint8Array[] | null = null;
  /** What is to be said when the replies to all requests below a number are out, in order. */
  private behind: { readonly number: number; readonly bytes: Uint8Array }[] | null = null;

  constructor(
    readonly link: Link,
    readonly pool: ClientPool,
  ) {
    super(pool.config.redisAuth === null, pool.firstId);
    this.routing = pool.routing;
    this.mostOpen = firstOpen(pool.config);
    this.awaitedSince = pool.loop.now();
  }

  onBytes(chunk: Uint8Array): void {
    if (this.closing) return;
    const { turn } = this.pool.loop;
    if (turn !== this.turn) {
      this.turn = turn;
      this.seenInTurn = 0;
    }
    const isIdle = this.workNow === null && this.head === this.tail && this.seenInTurn < MOST_IN_TURN;
    const read = isIdle && chunk.length <= AT_ONCE ? dispatchWhole(this, chunk, 0) : 0;
    if (read < chunk.length && !this.closing) this.readFurther(read === 0 ? chunk : chunk.subarray(read));
    if (this.gone) return;
    this.seenInTurn += chunk.length;
    if (this.head >= this.batchEnd) this.batchEnd = this.tail;
    if (this.workNow === null && this.tail - this.head > this.pool.config.clientRequests)
      this.work.load.regulate();
    // without a reply there may be no flush that would notice
    if (this.head === this.tail) this.touch();
  }

  /** Reads what may end in half a request. */
  private readFurther(chunk: Uint8Array): void {
    const { work } = this;
    work.reader.read(chunk);
    if (this.gone) return;
    if (this.solo === null) work.load.received(chunk.length);
    else work.load.regulate();
  }

  get patienceInTurn(): number {
    if (this.turn !== this.pool.loop.turn) return MOST_IN_TURN;
    return Math.max(0, MOST_IN_TURN - this.seenInTurn);
  }

  get work(): ClientWork {
    let work = this.workNow;
    if (work === null) {
      work = ClientWork.take(this);
      this.workNow = work;
      this.moveSlotTo(work.output);
    }
    return work;
  }

  /** Address of the other end, for people. */
  get remote(): string {
    return this.link.remote;
  }

  get isClosing(): boolean {
    return this.closing;
  }

  /** Bytes of replies that wait to be read by the client. */
  get unread(): number {
    return this.workNow === null ? this.slotBytes : this.workNow.output.bytes;
  }

  get accounted(): number {
    return this.workNow?.load.accounted ?? 0;
  }

  get patience(): number {
    return this.pool.budget.share(this.pool.config.clientBytes);
  }

  /** Takes no more requests; the connection ends when every earlier one is answered. */
  finishAfterReplies(): void {
    this.closing = true;
    this.workNow?.reader.drop();
    this.touch();
  }

  /**
   * Ends the connection shortly after a reply, when nothing is left to answer and nothing has followed: whoever waits for
   * its answers and then does something else has nothing on the way here, as it may have at any other moment. Until then
   * requests are served as ever.
   */
  leaveAfterNextReply(): void {
    this.leaving = true;
  }

  /** Everything is answered: leaves unless something more comes at once. */
  private leaveUnlessAsked(): void {
    const answered = this.head;
    setTimeout(() => {
      const isHalfway = this.solo !== null || this.workNow?.reader.isHalfway;
      if (this.head === answered && this.tail === answered && !isHalfway) this.finishAfterReplies();
    }, LEAVE_AFTER_MS);
  }

  /** Turns the client away in words. */
  refuse(text: string): void {
    this.faulty = true;
    this.workNow?.reader.drop();
    this.reply(this.tail++, errorReply(text), 0);
    this.finishAfterReplies();
  }

  /** The stream of requests cannot be understood from here on. */
  protocolError(fault: string): void {
    this.refuse(`Protocol error: ${fault}`);
  }

  reply(tag: number, chunk: Uint8Array, from: number, to = chunk.length): void {
    if (this.gone) return;
    if (this.workNow === null && tag === this.head && this.putInSlot(chunk, from, to)) {
      this.head++;
      this.touch();
      return;
    }
    const { work } = this;
    if (tag !== this.head) {
      const { early } = work;
      early.put(tag, this.head, chunk, from, to);
      if (early.bytes > WORTH_A_LOOK) this.touch();
      return;
    }
    if (this.head >= this.silentUntil) work.output.append(chunk, from, to);
    this.head++;
    if (work.early.count > 0) this.deliverEarly(work);
    this.touch();
  }

  replyInParts(tag: number, parts: Uint8Array[]): void {
    if (this.gone) return;
    const { work } = this;
    if (tag !== this.head) {
      work.early.putParts(tag, this.head, parts);
      this.touch();
      return;
    }
    if (this.head >= this.silentUntil) for (const part of parts) work.output.append(part, 0, part.length);
    this.head++;
    if (work.early.count > 0) this.deliverEarly(work);
    this.touch();
  }

  canStream(tag: number): boolean {
    return tag === this.head && !this.gone;
  }

  stream(chunk: Uint8Array, from: number, to: number): void {
    if (this.gone) return;
    if (this.head < this.silentUntil) return;
    this.isMidReply = true;
    this.work.output.append(chunk, from, to);
    this.touch();
  }

  streamed(): void {
    if (this.gone) return;
    const { work } = this;
    this.head++;
    this.isMidReply = false;
    if (this.delayed !== null) this.pushDelayed(this.delayed);
    if (work.early.count > 0) this.deliverEarly(work);
    this.touch();
  }

  push(bytes: Uint8Array, from: number, to: number): void {
    if (this.closing) return;
    if (this.isMidReply) {
      this.delayed ??= [];
      this.delayed.push(bytes.subarray(from, to));
      this.work.load.arriving += to - from;
    } else this.work.output.append(bytes, from, to);
    this.touch();
  }

  pushBehind(number: number, bytes: Uint8Array): void {
    if (this.closing) return;
    if (this.head >= number && this.behind === null) {
      this.push(bytes, 0, bytes.length);
      return;
    }
    this.behind ??= [];
    this.behind.push({ number, bytes });
    this.work.load.arriving += bytes.length;
    this.touch();
  }

  /** Says what has waited for replies that are out by now. */
  private sayBehind(behind: { readonly number: number; readonly bytes: Uint8Array }[]): void {
    let said = 0;
    // a request that was withdrawn has no reply
    const isIdle = this.head === this.tail;
    while (said < behind.length && (isIdle || behind[said].number <= this.head)) {
      const { bytes } = behind[said++];
      this.work.load.arriving -= bytes.length;
      this.push(bytes, 0, bytes.length);
    }
    behind.splice(0, said);
    if (behind.length === 0) this.behind = null;
  }

  private pushDelayed(delayed: readonly Uint8Array[]): void {
    const { work } = this;
    this.delayed = null;
    for (const bytes of delayed) {
      work.load.arriving -= bytes.length;
      work.output.append(bytes, 0, bytes.length);
    }
  }

  fail(tag: number, text: Uint8Array): void {
    this.pool.stats.forwardErrors++;
    if (this.pool.config.unknownOutcomes === 'disconnect' && isUnknownOutcome(text)) this.endBefore(tag);
    else this.reply(tag, text, 0, text.length);
  }

  /** The connection ends when everything before request `tag` is answered, as it does when a Redis ends. */
  private endBefore(tag: number): void {
    if (this.gone || tag >= this.tail) return;
    this.tail = tag;
    this.finishAfterReplies();
  }

  /** Ends the connection at once: a reply was passed on in part and cannot be completed. */
  abort(): void {
    if (this.gone) return;
    this.pool.stats.clientErrors++;
    this.link.close();
    this.leave();
  }

  leaveUnanswered(): void {
    if (this.gone) return;
    this.pool.stats.clientEof++;
    this.link.finish();
    this.leave();
  }

  /** Returns the bytes left, or -1 when the link is gone. */
  private writeSlot(): number {
    const { slot, slotFrom, slotTo } = this;
    const taken = this.link.write(slot, slotFrom, slotTo);
    if (taken >= 0 && taken < slotTo - slotFrom) return this.work.output.wrote(taken);
    this.emptySlot();
    if (taken > 0) written(slot, taken);
    return taken < 0 ? -1 : 0;
  }

  private deliverEarly({ early, output }: ClientWork): void {
    while (early.count > 0 && early.take(this.head, this.head < this.silentUntil ? NOWHERE : output))
      this.head++;
    NOWHERE.clear();
  }

  private touch(): void {
    if (this.dirty || this.gone) return;
    this.dirty = true;
    this.pool.loop.flushClient(this);
  }

  flush(): void {
    this.dirty = false;
    if (this.gone) return;
    if (this.awaitsRest()) this.holdBack();
    else if (!this.blocked && this.unread > 0) {
      this.isHeldBack = false;
      const left = this.workNow === null ? this.writeSlot() : this.workNow.output.flush(this.link);
      if (left < 0) {
        // nobody is there any more, which not every runtime says of a socket that is not read
        this.pool.stats.clientErrors++;
        this.link.close();
        this.leave();
        return;
      }
      this.blocked = left > 0;
      if (this.blocked) {
        this.blockedSince = this.pool.loop.now();
        this.watch();
      }
    }
    if (this.leaving && this.head === this.tail && !this.closing) this.leaveUnlessAsked();
    if (this.closing && this.head === this.tail && this.unread === 0) {
      if (this.faulty) this.pool.stats.clientErrors++;
      else this.pool.stats.clientEof++;
      this.link.finish();
      this.leave();
      return;
    }
    this.solo?.startInTurn();
    const work = this.workNow;
    if (work === null) return;
    if (this.behind !== null) this.sayBehind(this.behind);
    work.load.regulate();
    const isSilent = this.head < this.silentUntil;
    if (this.head === this.tail && this.solo === null && work.isDone && !isSilent) this.rest(work);
  }

  awaitReplies(): void {
    this.solo = new ReplyWindow(this, this.work.output);
    this.touch();
  }

  /** Nothing is under way any more. */
  private rest(work: ClientWork): void {
    this.workNow = null;
    this.mostOpen = firstOpen(this.pool.config, this.mostOpen);
    work.giveBack();
  }

  /** A pipeline over several servers is answered in pieces, and each write costs more than all the rest. */
  private awaitsRest(): boolean {
    const bytes = this.unread;
    return this.head < this.batchEnd && this.head < this.tail && bytes > 0 && bytes < WORTH_A_WRITE;
  }

  private holdBack(): void {
    if (this.isHeldBack) return;
    this.isHeldBack = true;
    this.pool.loop.holdBack(this);
  }

  /** The rest of the pipeline is not waited for any longer. */
  letOut(): void {
    if (!this.isHeldBack) return;
    this.isHeldBack = false;
    this.batchEnd = this.head;
    this.flush();
  }

  /** Bytes of an unfinished reply are kept for this client, or (negative) not any more. */
  arriving(_tag: number, bytes: number): void {
    if (this.gone) return;
    this.work.load.arriving += bytes;
    this.touch();
  }

  /** A server connection is not read until the client has read what it has. */
  stop(connection: Stoppable): void {
    this.work.load.stop(connection);
  }

  /** So many bytes more (or fewer) are kept until the client says otherwise. */
  keep(bytes: number): void {
    if (this.gone) return;
    this.work.load.kept += bytes;
    this.touch();
  }

  silence(until: number): void {
    this.silentUntil = until;
    // whoever rests is answered without a look at it
    void this.work;
  }

  comeAgain(tag: number, request: Uint8Array): void {
    this.withdraw(tag);
    dispatchWhole(this, request, 0);
    if (!this.gone && this.solo === null) this.soloEnded();
  }

  reset(): void {
    this.tellEnd();
    this.silentUntil = 0;
    this.authenticated = this.pool.config.redisAuth === null;
    this.name = '';
    this.lane = FIRST_LANE;
  }

  /** Received bytes are kept no longer, or are accounted elsewhere. */
  passedOn(bytes: number): void {
    this.work.load.passedOn(bytes);
  }

  pauseForStream(on: boolean): void {
    this.work.load.pauseForStream(on);
  }

  /** The request that got this number will not be completed. */
  withdraw(tag: number): void {
    this.solo = null;
    this.tail = tag;
    this.touch();
  }

  runAlone(solo: SoloRequest): void {
    this.tail++;
    this.solo = solo;
    solo.startInTurn();
  }

  soloEnded(): void {
    this.solo = null;
    this.afterAnswer();
    if (this.gone || this.solo !== null) return;
    this.work.load.pauseForStream(false);
    this.work.reader.proceed();
    if (this.hasEnded && this.solo === null) this.finishAfterReplies();
  }

  afterAnswer(): void {
    if (!this.gone && this.solo === null && this.unsent > UNREAD) this.awaitNextTurn();
  }

  awaitNextTurn(): void {
    this.solo = new AnswersRead(this);
    this.work.load.pauseForStream(true);
    this.touch();
  }

  /** Bytes of replies that are kept, those before their turn included. */
  get unsent(): number {
    return this.workNow === null ? this.slotBytes : this.workNow.output.bytes + this.workNow.early.bytes;
  }

  /** Everyone behind the reply that this client does not read has waited long enough. */
  tooSlow(server: string, milliseconds: number): void {
    this.letGo(
      `it left ${this.unread} bytes unread and held up others on '${server}' for ${milliseconds} ms`,
    );
  }

  shed(total: number, limit: number): void {
    this.letGo(
      `${this.accounted} bytes are kept for it, the most of all clients, which together have ${total} of ${limit} (--buffer-limit)`,
    );
  }

  letGo(why: string): void {
    this.pool.warnOfClients(`client ${this.remote} is closed: ${why}`);
    this.abort();
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
    if (isAwaited && now - this.awaitedSince >= authTimeout) this.refuseUnauthenticated(authTimeout);
    if (this.blocked && clientUnreadTimeout > 0 && now - this.blockedSince >= clientUnreadTimeout) {
      this.letGo(
        `it read nothing of ${this.unread} bytes for ${clientUnreadTimeout} ms (client_unread_timeout)`,
      );
      return false;
    }
    this.isWatched = this.blocked || this.heldUntil > 0 || (isAwaited && !this.closing);
    return this.isWatched;
  }

  private refuseUnauthenticated(authTimeout: number): void {
    this.faulty = true;
    this.workNow?.reader.drop();
    const text = `Authentication required within ${authTimeout} ms (auth_timeout)`;
    this.reply(this.tail++, errorReply(text, 'NOAUTH'), 0);
    this.finishAfterReplies();
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

  onEnd(): void {
    if (this.solo?.endsWithInput === true) {
      this.link.close();
      this.onClosed(null);
      return;
    }
    this.link.watchPeer();
    // what came before its end is still to be served
    if (this.solo !== null && this.work.reader.backlogBytes > 0) this.hasEnded = true;
    else this.finishAfterReplies();
  }

  onClosed(code: string | null): void {
    if (this.gone) return;
    if (code === null) this.pool.stats.clientEof++;
    else this.pool.stats.clientErrors++;
    this.leave();
  }

  private leave(): void {
    this.gone = true;
    this.closing = true;
    this.workNow?.reader.drop();
    this.solo?.abandon();
    this.solo = null;
    this.emptySlot();
    this.workNow?.output.clear();
    this.workNow?.load.end();
    this.workNow = null;
    this.pool.clientLeft(this);
    this.tellEnd();
  }
}
