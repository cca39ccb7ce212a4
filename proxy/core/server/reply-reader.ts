import { INVALID } from '../../protocol/replies.ts';
import { REPLY_BAD, REPLY_DONE, ReplyFramer } from '../../protocol/reply-framer.ts';
import { lease } from '../base/chunk-memory.ts';
import type { Receiver } from '../base/receiver.ts';
import type { ConnectedServer, EndKind } from './connected-server.ts';
import type { HeldRequests } from './held-requests.ts';
import type { RequestQueue } from './request-queue.ts';

const MINUS = 45;
/** Replies up to this are passed on in one piece only. */
const STREAM_ABOVE = 16 * 1024;

/** What it needs of its connection. */
interface AnsweredConnection {
  readonly queue: RequestQueue;
  readonly server: ConnectedServer;
  readonly held: HeldRequests;
  readonly isReady: boolean;
  readonly isConnected: boolean;
  /** One reply to what was said before the first request. */
  greeted(reply: Buffer): void;
  /** An error reply has come. True when it was dealt with: the request waits, or the connection is gone. */
  takesError(buffer: Uint8Array, from: number, to: number): boolean;
  /** Bytes of a reply have come that is not complete. */
  onProgress(): void;
  /** After reading: reads no further while the client whose reply is next does not read what it has. */
  pauseForReader(): void;
  /** Closes the socket; everything on the connection is told so, or kept for another attempt. */
  end(kind: EndKind, text: string): void;
}

/** Cuts what a server sends into replies and hands each to whoever waits for it, oldest first. */
export class ReplyReader {
  private readonly framer = new ReplyFramer();
  /** The beginning of a line that is not complete. */
  private rest: Uint8Array | null = null;
  /** Chunks of a reply that came in several. */
  private parts: Uint8Array[] | null = null;
  private partBytes = 0;
  private streaming = false;
  /** Replies of a batch that came before its last one. */
  private batched = 0;
  /** Bytes in `parts`, which the receiver knows of. */
  private kept = 0;

  constructor(private readonly connection: AnsweredConnection) {}

  read(chunk: Uint8Array): void {
    let buffer = chunk;
    if (this.rest !== null) {
      buffer = Buffer.concat([this.rest, chunk]);
      this.rest = null;
    }
    lease(buffer);
    const { connection, framer } = this;
    const { queue } = connection;
    const length = buffer.length;
    let position = 0;
    while (position < length) {
      const isUnsent = queue.head === queue.sent && !this.isInBatch;
      if (isUnsent && connection.isReady && !this.isUnasked(buffer, position)) {
        // nobody asked: whatever this is, the replies behind it could not be told apart
        connection.end('error', this.farewell(buffer, position));
        return;
      }
      const start = position;
      position = framer.next(buffer, start, length);
      if (framer.status === REPLY_DONE) {
        if (connection.isReady) this.complete(buffer, start, position);
        else this.greeted(buffer, start, position);
        if (!connection.isConnected) return;
      } else if (framer.status === REPLY_BAD) {
        connection.end('error', INVALID);
        return;
      } else {
        if (position > start) this.partial(buffer, start, position);
        if (position < length) this.rest = buffer.slice(position);
        break;
      }
    }
    connection.pauseForReader();
  }

  /** True when only a part of a batch was written yet, and there are replies to come before its last one. */
  private get isInBatch(): boolean {
    const { queue } = this.connection;
    if (queue.head > queue.lastBatch || !queue.isTorn) return false;
    const { batch } = queue.who[queue.head & queue.mask];
    return batch !== undefined && this.batched < batch.replies - 1;
  }

  /** True when what comes next is no reply, and the connection is one on which a server may say such things. */
  protected isUnasked(_buffer: Uint8Array, _from: number): boolean {
    return false;
  }

  /** Why a server speaks unasked: one that is full, or protected, says so before it closes. */
  private farewell(buffer: Uint8Array, from: number): string {
    const line = /^-([^\r]{1,200})\r\n/.exec(
      Buffer.from(buffer.subarray(from, from + 256)).toString('latin1'),
    );
    if (line === null) return INVALID;
    return `server '${this.connection.server.name}' closed the connection: ${line[1]}`;
  }

  /** One reply has ended at `to`; its beginning may have come earlier. */
  protected complete(buffer: Uint8Array, from: number, to: number): void {
    const { queue, server, held } = this.connection;
    if (queue.head <= queue.lastBatch && this.isBeforeLast(buffer, from, to)) return;
    if (buffer[from] === MINUS && this.parts === null && !this.streaming) {
      if (this.takesError(buffer, from, to)) return;
    }
    const i = queue.head & queue.mask;
    const who = queue.who[i];
    const tag = queue.tags[i];
    server.answered(queue.times[i], to - from + this.partBytes, queue.commands[i]);
    queue.pop();
    if (held.draining) held.onLaterReply(who);
    if (this.streaming) {
      who.stream(buffer, from, to);
      who.streamed(tag);
      this.streaming = false;
    } else if (this.parts !== null) {
      this.parts.push(buffer.subarray(from, to));
      if (this.kept > 0) who.arriving(tag, -this.kept);
      who.replyInParts(tag, this.parts);
    } else who.reply(tag, buffer, from, to);
    this.parts = null;
    this.partBytes = 0;
    this.kept = 0;
    if (held.draining) held.onReply();
  }

  /** True when the reply is one of several, and not the last. */
  private isBeforeLast(buffer: Uint8Array, from: number, to: number): boolean {
    const { queue } = this.connection;
    const i = queue.head & queue.mask;
    const { batch } = queue.who[i];
    if (batch === undefined || this.batched === batch.replies - 1) {
      this.batched = 0;
      return false;
    }
    const whole = this.parts === null ? null : Buffer.concat([...this.parts, buffer.subarray(from, to)]);
    if (this.kept > 0) queue.who[i].arriving(queue.tags[i], -this.kept);
    this.parts = null;
    this.partBytes = 0;
    this.kept = 0;
    if (whole === null) batch.before(this.batched, buffer, from, to);
    else batch.before(this.batched, whole, 0, whole.length);
    this.batched++;
    return true;
  }

  /** True when the request of an error reply waits now, or the connection is gone. Of a batch, the reason counts. */
  private takesError(buffer: Uint8Array, from: number, to: number): boolean {
    const { connection } = this;
    const { queue } = connection;
    const { batch } = queue.who[queue.head & queue.mask];
    if (batch === undefined) return connection.takesError(buffer, from, to);
    const reason = batch.refusal(buffer.subarray(from, to));
    return reason !== null && connection.takesError(reason, 0, reason.length);
  }

  /** Some of a reply, not its end. */
  protected partial(buffer: Uint8Array, from: number, to: number): void {
    const { connection, parts } = this;
    this.partBytes += to - from;
    connection.onProgress();
    if (!connection.isReady) {
      this.parts = [...(parts ?? []), buffer.subarray(from, to)];
      return;
    }
    const { queue } = connection;
    const tag = queue.tags[queue.head & queue.mask];
    const who = queue.who[queue.head & queue.mask];
    const expected = this.partBytes + this.framer.missing;
    if (!this.streaming && expected > STREAM_ABOVE && who.canStream(tag)) this.startStreaming(who, tag);
    if (this.streaming) who.stream(buffer, from, to);
    else {
      this.kept += to - from;
      this.parts ??= [];
      this.parts.push(buffer.subarray(from, to));
      who.arriving(tag, to - from);
    }
  }

  private startStreaming(who: Receiver, tag: number): void {
    for (const part of this.parts ?? []) who.stream(part, 0, part.length);
    if (this.kept > 0) who.arriving(tag, -this.kept);
    this.parts = null;
    this.kept = 0;
    this.streaming = true;
  }

  private greeted(buffer: Uint8Array, from: number, to: number): void {
    const whole = Buffer.concat([...(this.parts ?? []), buffer.subarray(from, to)]);
    this.parts = null;
    this.partBytes = 0;
    this.connection.greeted(whole);
  }

  /** The next bytes come from another socket. */
  restart(): void {
    this.batched = 0;
    this.framer.reset();
    this.rest = null;
  }

  /** No more of the current reply will come; whoever has seen a part of it is told so. */
  breakOff(): void {
    if (this.streaming) {
      const { queue } = this.connection;
      queue.who[queue.head & queue.mask].abort();
      this.streaming = false;
      queue.pop();
    } else if (this.kept > 0) {
      const { queue } = this.connection;
      queue.who[queue.head & queue.mask].arriving(queue.tags[queue.head & queue.mask], -this.kept);
    }
    this.parts = null;
    this.partBytes = 0;
    this.kept = 0;
  }
}
