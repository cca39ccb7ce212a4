import { errorReply } from '../protocol/replies.ts';
import type { Link, LinkOwner } from '../transport/link.ts';
import type { Flushable } from './loop.ts';
import { Output } from './output.ts';
import type { Pool } from './pool.ts';
import type { Receiver } from './receiver.ts';
import { ReorderRing } from './reorder-ring.ts';
import { RequestReader } from './request-reader.ts';

let lastId = 0;

/** One client connection: requests numbered as they come in, replies delivered in that order. */
export class Client implements LinkOwner, Receiver, Flushable {
  readonly id = ++lastId;
  readonly owner = this;
  readonly connectedAt = Date.now();
  /** What CLIENT SETNAME and SETINFO said. */
  name = '';
  library = '';
  libraryVersion = '';
  /** 2 or 3, see HELLO. */
  protocol = 2;
  authenticated: boolean;
  gone = false;
  /** Number of the next reply to go out, and of the next request to come in. */
  head = 0;
  tail = 0;
  /** Takes no more requests; closes when all replies are out. */
  private closing = false;
  /** Told to leave; see `leaveAfterNextReply`. */
  private leaving = false;
  private faulty = false;
  private readonly output = new Output();
  private readonly early = new ReorderRing();
  private readonly reader: RequestReader;
  private dirty = false;
  private blocked = false;
  private paused = false;

  constructor(
    readonly link: Link,
    readonly pool: Pool,
    readonly remote: string,
  ) {
    this.authenticated = pool.config.redisAuth === null;
    this.reader = new RequestReader(this);
  }

  onBytes(chunk: Uint8Array): void {
    if (!this.closing) this.reader.read(chunk);
  }

  get isClosing(): boolean {
    return this.closing;
  }

  /** Bytes that wait to be read by the client. */
  get outputBytes(): number {
    return this.output.bytes;
  }

  /** Takes no more requests; the connection ends when every earlier one is answered. */
  finishAfterReplies(): void {
    this.closing = true;
    this.reader.drop();
    this.touch();
  }

  /**
   * Ends the connection right behind the next reply, when nothing is left to answer: whoever waits for each answer has
   * nothing on the way here then, as it may have at any other moment. Until then requests are served as ever.
   */
  leaveAfterNextReply(): void {
    this.leaving = true;
  }

  /** Turns the client away in words. */
  refuse(text: string): void {
    this.faulty = true;
    this.reply(this.tail++, errorReply(text), 0);
    this.finishAfterReplies();
  }

  /** The stream of requests cannot be understood from here on. */
  protocolError(fault: string): void {
    this.refuse(`Protocol error: ${fault}`);
  }

  reply(tag: number, chunk: Uint8Array, from: number, to = chunk.length): void {
    if (this.gone) return;
    if (tag !== this.head) {
      this.early.put(tag, this.head, chunk, from, to);
      return;
    }
    this.output.append(chunk, from, to);
    this.head++;
    if (this.early.count > 0) this.deliverEarly();
    this.touch();
  }

  replyInParts(tag: number, parts: Uint8Array[]): void {
    if (this.gone) return;
    if (tag !== this.head) {
      this.early.putParts(tag, this.head, parts);
      return;
    }
    for (const part of parts) this.output.append(part, 0, part.length);
    this.head++;
    if (this.early.count > 0) this.deliverEarly();
    this.touch();
  }

  canStream(tag: number): boolean {
    return tag === this.head && !this.gone;
  }

  stream(chunk: Uint8Array, from: number, to: number): void {
    if (this.gone) return;
    this.output.append(chunk, from, to);
    this.touch();
  }

  streamed(): void {
    this.head++;
    if (this.early.count > 0) this.deliverEarly();
    this.touch();
  }

  fail(tag: number, text: Uint8Array): void {
    this.pool.stats.forwardErrors++;
    this.reply(tag, text, 0, text.length);
  }

  /** Ends the connection at once: a reply was passed on in part and cannot be completed. */
  abort(): void {
    if (this.gone) return;
    this.pool.stats.clientErrors++;
    this.link.close();
    this.leave();
  }

  private deliverEarly(): void {
    while (this.early.count > 0 && this.early.take(this.head, this.output)) this.head++;
  }

  private touch(): void {
    if (this.dirty || this.gone) return;
    this.dirty = true;
    this.pool.loop.flushClient(this);
  }

  flush(): void {
    this.dirty = false;
    if (this.gone) return;
    if (!this.blocked && this.output.bytes > 0) {
      const left = this.output.flush(this.link);
      if (left < 0) return;
      this.blocked = left > 0;
    }
    if (this.leaving && this.head === this.tail && !this.reader.isHalfway) this.closing = true;
    if (this.closing && this.head === this.tail && this.output.bytes === 0) {
      if (this.faulty) this.pool.stats.clientErrors++;
      else this.pool.stats.clientEof++;
      this.link.finish();
      this.leave();
      return;
    }
    this.regulate();
  }

  /** Stops reading from a client that does not read, or has too much under way; goes on when it has caught up. */
  private regulate(): void {
    const { limits } = this.pool;
    const load = this.output.bytes + this.early.bytes;
    const open = this.tail - this.head;
    if (load > limits.clientUnread) {
      this.pool.warn(`client ${this.remote} leaves ${load} bytes of replies unread and is closed`);
      this.abort();
      return;
    }
    if (!this.paused && (load > limits.clientOutput || open > limits.clientRequests)) {
      this.paused = true;
      this.link.pause();
    } else if (this.paused && load <= limits.clientOutput / 2 && open <= limits.clientRequests / 2) {
      this.paused = false;
      this.link.resume();
    }
  }

  /** To be called after requests came in: a long pipeline must not grow without bound. */
  regulateInput(): void {
    if (!this.paused && this.tail - this.head > this.pool.limits.clientRequests) this.regulate();
  }

  onWritable(): void {
    this.blocked = false;
    this.touch();
  }

  onEnd(): void {
    this.finishAfterReplies();
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
    this.reader.drop();
    this.output.clear();
    this.early.clear();
    this.pool.clientLeft(this);
  }
}
