import { inlineWords } from '../../protocol/inline-words.ts';
import { encodeRequest } from '../../protocol/replies.ts';
import {
  FRAME_DONE,
  FRAME_EMPTY,
  FRAME_INLINE,
  FRAME_MORE,
  RequestFrame,
} from '../../protocol/request-frame.ts';
import { ChunkList } from '../base/chunk-list.ts';
import { strangersFault } from '../commands/connection/auth.ts';
import { dispatch } from '../commands/dispatch.ts';
import { BY_REFERENCE } from '../server/segment.ts';
import { LargeRequest } from './large-request.ts';
import type { WorkingClient } from './working-client.ts';

/** Longest inline command. */
const MAX_INLINE = 64 * 1024;
/** A request that grows beyond this while it is collected is treated as a large one. */
const SMALL = 64 * 1024;
const LF = 10;

/** The frame that whole requests are parsed with. */
const whole = new RequestFrame();
/** The frame for others; a client with half a request takes it along. */
let spare = new RequestFrame();

/**
 * Hands the whole requests in `chunk[start..]` to the pool.
 * @param until no request is begun from here on
 * @returns where it ended: at the end, before something that is no whole request, or when the client takes no more
 */
export function dispatchWhole(
  client: WorkingClient,
  chunk: Uint8Array,
  start: number,
  until = chunk.length,
): number {
  const { length } = chunk;
  while (start < until && client.solo === null && !client.isClosing) {
    if (client.tail - client.head >= client.mostOpen) break;
    whole.begin(start);
    if (whole.parse(chunk, length) !== FRAME_DONE) break;
    const from = start;
    // before the request is sent on its way: by then, the frame may be used for others
    start = whole.end;
    dispatch(client, whole, chunk, from, start);
  }
  return start;
}

/** Cuts a client's bytes into requests and hands them to the pool, whatever way they are split into chunks. */
export class RequestReader {
  /** Of a request that is not complete: its frame … */
  private frame: RequestFrame | null = null;
  /** … and its bytes, copied together … */
  private collected: Uint8Array | null = null;
  private length = 0;
  /** … or, when much is missing, this. */
  private large: LargeRequest | null = null;
  /** Half an inline command. */
  private line: Uint8Array | null = null;
  /** What came behind a request that must be answered first. */
  private backlog: ChunkList | null = null;

  constructor(private client: WorkingClient) {}

  /** Reads for another client from now on; only when it `isIdle`. */
  serve(client: WorkingClient): void {
    this.client = client;
  }

  read(chunk: Uint8Array): void {
    if (this.large !== null) this.continueLarge(this.large, chunk);
    else if (this.frame !== null) this.collect(this.frame, chunk, 0);
    else if (this.line !== null) {
      const whole = Buffer.concat([this.line, chunk]);
      this.line = null;
      this.readFrom(whole, 0);
    } else this.readFrom(chunk, 0);
  }

  /** Bytes that are kept until more come. */
  get bytes(): number {
    return (
      (this.collected?.length ?? 0) + (this.large?.bytes ?? 0) + this.backlogBytes + (this.line?.length ?? 0)
    );
  }

  /** Bytes that are kept because a request before them must be answered first. */
  get backlogBytes(): number {
    return this.backlog?.bytes ?? 0;
  }

  /** Part of a request has come, and not the rest. */
  get isHalfway(): boolean {
    return this.frame !== null || this.line !== null || this.large !== null;
  }

  /** Nothing is kept. */
  get isIdle(): boolean {
    return !this.isHalfway && this.backlog === null;
  }

  /** Forgets a half request. */
  drop(): void {
    this.large?.abandon();
    this.forget();
    this.line = null;
    this.backlog = null;
  }

  private forget(): void {
    this.frame = null;
    this.collected = null;
    this.length = 0;
    this.large = null;
  }

  /** The request that everything waited for is answered. */
  proceed(): void {
    const { backlog } = this;
    if (backlog === null || this.client.isClosing) return;
    this.backlog = null;
    this.readFrom(backlog.whole(), 0);
  }

  private readFrom(chunk: Uint8Array, start: number): void {
    const { client } = this;
    const { length } = chunk;
    const until = Math.min(length, start + client.patienceInTurn);
    for (;;) {
      start = dispatchWhole(client, chunk, start, until);
      if (start === length || client.isClosing) return;
      if (client.solo === null && client.tail - client.head >= client.mostOpen) client.awaitReplies();
      if (client.solo === null && start >= until) client.awaitNextTurn();
      if (client.solo !== null) {
        this.putBack(chunk, start);
        return;
      }
      const frame = spare;
      frame.begin(start);
      const outcome = frame.parse(chunk, length);
      if (outcome === FRAME_INLINE) {
        start = this.readInline(chunk, start);
        if (start < 0) return;
      } else if (outcome === FRAME_EMPTY) start = frame.end;
      else {
        if (outcome === FRAME_MORE) this.keep(frame, chunk, start);
        else client.protocolError(frame.fault);
        return;
      }
    }
  }

  private putBack(chunk: Uint8Array, start: number): void {
    this.backlog ??= new ChunkList();
    this.backlog.append(chunk, start, chunk.length);
  }

  /** True when part of a request is already more than is taken of a client without the password, which is closed. */
  private isTooMuch(frame: RequestFrame, bytes: number): boolean {
    const { client } = this;
    if (client.gates.length === 0 || client.authenticated) return false;
    const fault = strangersFault(frame.argc, bytes);
    if (fault !== null) client.protocolError(fault);
    return fault !== null;
  }

  private keep(frame: RequestFrame, chunk: Uint8Array, start: number): void {
    if (this.isTooMuch(frame, Math.max(frame.need, chunk.length) - start)) return;
    spare = new RequestFrame();
    const isLarge = Math.max(frame.need - chunk.length, chunk.length - start) > BY_REFERENCE;
    frame.rebase(start);
    if (isLarge) {
      this.large = new LargeRequest(this.client, frame, chunk.subarray(start));
      return;
    }
    this.frame = frame;
    this.length = chunk.length - start;
    this.collected = new Uint8Array(Math.max(256, this.length * 2, frame.need));
    this.collected.set(chunk.subarray(start));
  }

  private continueLarge(large: LargeRequest, chunk: Uint8Array): void {
    const end = large.take(chunk, 0);
    const { fault } = large;
    if (fault !== null) this.client.protocolError(fault);
    else if (large.isComplete) {
      this.forget();
      large.complete();
      if (end < chunk.length && !this.client.isClosing) this.readFrom(chunk, end);
    }
  }

  /** Takes from the chunk what the request needs, a little more at a time, until it is complete. */
  private collect(frame: RequestFrame, chunk: Uint8Array, taken: number): void {
    while (taken < chunk.length) {
      if (this.length > SMALL || frame.need - this.length > BY_REFERENCE) {
        this.becomeLarge(frame, chunk, taken);
        return;
      }
      const wanted = Math.max(frame.need - this.length, 4096);
      const count = Math.min(wanted, chunk.length - taken);
      const collected = this.room(count);
      collected.set(chunk.subarray(taken, taken + count), this.length);
      this.length += count;
      taken += count;
      if (this.length < frame.need) continue;
      const outcome = frame.parse(collected, this.length);
      if (outcome === FRAME_MORE) {
        if (this.isTooMuch(frame, frame.need)) return;
        continue;
      }
      if (outcome !== FRAME_DONE && outcome !== FRAME_EMPTY) {
        this.client.protocolError(frame.fault);
        return;
      }
      taken -= this.length - frame.end;
      this.forget();
      if (outcome === FRAME_DONE) dispatch(this.client, frame, collected, 0, frame.end);
      if (taken < chunk.length && !this.client.isClosing) this.readFrom(chunk, taken);
      return;
    }
  }

  private becomeLarge(frame: RequestFrame, chunk: Uint8Array, taken: number): void {
    const collected = (this.collected as Uint8Array).subarray(0, this.length);
    this.forget();
    this.large = new LargeRequest(this.client, frame, collected);
    this.continueLarge(this.large, chunk.subarray(taken));
  }

  private room(count: number): Uint8Array {
    const collected = this.collected as Uint8Array;
    if (this.length + count <= collected.length) return collected;
    const larger = new Uint8Array(Math.max(collected.length * 2, this.length + count));
    larger.set(collected.subarray(0, this.length));
    this.collected = larger;
    return larger;
  }

  /** An inline command: words up to a line end. Returns where the next request starts, -1 to stop. */
  private readInline(chunk: Uint8Array, start: number): number {
    const end = chunk.indexOf(LF, start);
    if (end < 0 ? chunk.length - start > MAX_INLINE : end - start > MAX_INLINE) {
      this.client.protocolError('too big inline request');
      return -1;
    }
    if (end < 0) {
      this.line = chunk.slice(start);
      return -1;
    }
    const words = inlineWords(chunk.subarray(start, end));
    if (words === null) {
      this.client.protocolError('unbalanced quotes in request');
      return -1;
    }
    if (words.length === 0) return end + 1;
    // a browser that was lured here, as Redis itself sees it
    if (/^(post|host:)$/i.test(Buffer.from(words[0]).toString('latin1'))) {
      this.client.protocolError('this is Redis, not HTTP');
      return -1;
    }
    const request = encodeRequest(words);
    whole.begin(0);
    whole.parse(request, request.length);
    dispatch(this.client, whole, request, 0, request.length);
    return end + 1;
  }
}
