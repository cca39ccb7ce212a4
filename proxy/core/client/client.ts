import type { Link, LinkOwner } from '../../transport/link.ts';
import { written } from '../base/chunk-memory.ts';
import type { HeldBack } from '../base/loop.ts';
import { type Stoppable, UNREAD } from '../base/receiver.ts';
import type { SoloRequest } from '../commands/session.ts';
import type { Routing } from '../routing/routing.ts';
import { FIRST_LANE } from '../server/lane.ts';
import { AnswersRead } from './answers-read.ts';
import { ClientPatience, type PatientPool } from './client-patience.ts';
import { ClientWork } from './client-work.ts';
import { firstOpen, ReplyWindow } from './reply-window.ts';
import { dispatchWhole } from './request-reader.ts';
import type { WorkingClient } from './working-client.ts';

/** Up to this, an idle client's bytes are read without a look at what it has under way. */
const AT_ONCE = 8 * 1024;
/** Of so many bytes the requests are looked at in one turn. The rest waits: many of what is answered at once fit in. */
const MOST_IN_TURN = 32 * 1024;
/** Replies are held back for others up to this: more fills a write anyway. */
const WORTH_A_WRITE = 16 * 1024;

/** What a client needs of its pool. */
export interface ClientPool extends PatientPool {
  clientLeft(client: Client): void;
}

/** One client connection: requests numbered as they come in, replies delivered in that order. */
export class Client extends ClientPatience implements LinkOwner, WorkingClient, HeldBack {
  readonly owner = this;
  readonly routing: Routing;
  mostOpen: number;
  /** The turn of the loop in which it was heard of last, and what came in it and was looked at. */
  private turn = -1;
  heardAt: number;
  private seenInTurn = 0;
  /** Requests up to here came in together, or while these were open: their replies go out together if they can. */
  private batchEnd = 0;
  private isHeldBack = false;

  constructor(
    readonly link: Link,
    readonly pool: ClientPool,
  ) {
    super(pool.config.redisAuth === null, pool.firstId, pool.loop.now());
    this.heardAt = pool.loop.now();
    this.routing = pool.routing;
    this.mostOpen = firstOpen(pool.config);
  }

  onBytes(chunk: Uint8Array): void {
    if (this.closing) return;
    const { turn } = this.pool.loop;
    if (turn !== this.turn) {
      this.turn = turn;
      this.heardAt = this.pool.loop.now();
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

  get patience(): number {
    return this.pool.budget.share(this.pool.config.clientBytes);
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
      if (left > 0) this.waitUntilWritable();
    }
    if (this.leaving && this.head === this.tail && !this.closing) this.leaveUnlessAsked();
    if (this.closing && this.head === this.tail && this.unread === 0) {
      this.finish();
      return;
    }
    this.solo?.startInTurn();
    const work = this.workNow;
    if (work === null) return;
    if (this.late !== null) this.sayBehind(work, this.late);
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

  comeAgain(tag: number, request: Uint8Array): void {
    this.withdraw(tag);
    dispatchWhole(this, request, 0);
    if (!this.gone && this.solo === null) this.soloEnded();
  }

  reset(): void {
    this.tellEnd();
    // RESET ends CLIENT REPLY OFF; after SKIP it is itself the request that gets no answer
    if (this.silentUntil === Number.POSITIVE_INFINITY) this.silentUntil = 0;
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

  protected leave(): void {
    this.gone = true;
    if (this.head !== this.tail) this.pool.loop.departures++;
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
