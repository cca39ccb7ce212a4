import type { Flushable } from '../base/loop.ts';
import type { PoolContext } from '../commands/session.ts';
import type { ClientWork } from './client-work.ts';
import { LatePushes } from './late-pushes.ts';
import { Output } from './output.ts';
import { ReplySlot } from './reply-slot.ts';

/** Bytes of replies before their turn that are worth a look at the limits. */
const WORTH_A_LOOK = 64 * 1024;

/** Where the replies go that a client does not want. */
const NOWHERE = new Output();

/**
 * A client's replies: they come in any order and go out in that of its requests, with what it is told between them.
 *
 * A layer of `Client`, not a part with a reference to it: this is the way of every reply, and each object more is one that
 * has to be fetched.
 */
export abstract class ClientReplies extends ReplySlot implements Flushable {
  /** It left: replies to it are thrown away. */
  gone = false;
  /** Number of the next reply to go out, and of the next request to come in. */
  head = 0;
  tail = 0;
  /** Takes no more requests; closes when all replies are out. */
  protected closing = false;
  /** Null while nothing is under way, as with most clients most of the time. */
  protected workNow: ClientWork | null = null;
  /** It is flushed at the end of the turn. */
  protected dirty = false;
  /** A reply was passed on in part. */
  private isMidReply = false;
  /** Null with nearly all clients. */
  protected late: LatePushes | null = null;

  abstract override readonly pool: PoolContext;
  /** What it needs while something is under way. */
  abstract get work(): ClientWork;
  abstract flush(): void;

  /** Bytes of replies that wait to be read by the client. */
  get unread(): number {
    return this.workNow === null ? this.slotBytes : this.workNow.output.bytes;
  }

  /** Bytes of replies that are kept, those before their turn included. */
  get unsent(): number {
    return this.workNow === null ? this.slotBytes : this.workNow.output.bytes + this.workNow.early.bytes;
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
    if (this.late !== null) this.late.replyEnded(work);
    if (work.early.count > 0) this.deliverEarly(work);
    this.touch();
  }

  /** Bytes of an unfinished reply are kept for this client, or (negative) not any more. */
  arriving(_tag: number, bytes: number): void {
    if (this.gone) return;
    this.work.load.arriving += bytes;
    this.touch();
  }

  private deliverEarly({ early, output }: ClientWork): void {
    while (early.count > 0 && early.take(this.head, this.head < this.silentUntil ? NOWHERE : output))
      this.head++;
    NOWHERE.clear();
  }

  push(bytes: Uint8Array, from: number, to: number): void {
    if (this.closing) return;
    if (this.isMidReply) {
      this.late ??= new LatePushes();
      this.late.untilReplyEnds(this.work, bytes.subarray(from, to));
    } else this.work.output.append(bytes, from, to);
    this.touch();
  }

  pushBehind(number: number, bytes: Uint8Array): void {
    if (this.closing) return;
    if (this.head >= number && (this.late === null || this.late.isNothingBehind)) {
      this.push(bytes, 0, bytes.length);
      return;
    }
    this.late ??= new LatePushes();
    this.late.untilReplied(this.work, number, bytes);
    this.touch();
  }

  /** After a flush: says what has waited for replies that are out by now. */
  protected sayBehind(work: ClientWork, late: LatePushes): void {
    if (late.isNothingBehind) return;
    late.sayBehind(work, this.head, this.head === this.tail, (bytes) => this.push(bytes, 0, bytes.length));
  }

  silence(until: number): void {
    this.silentUntil = until;
    // whoever rests is answered without a look at it
    void this.work;
  }

  /** It is flushed at the end of the turn. */
  protected touch(): void {
    if (this.dirty || this.gone) return;
    this.dirty = true;
    this.pool.loop.flushClient(this);
  }
}
