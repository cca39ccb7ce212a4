import { COMMANDS, FATE_KEY, lookupCommand } from '../protocol/command-table.ts';
import { encodeRequest } from '../protocol/replies.ts';
import { FRAME_DONE, FRAME_INLINE, FRAME_MORE, RequestFrame } from '../protocol/request-frame.ts';
import type { Client } from './client.ts';
import { BY_REFERENCE } from './segment.ts';

/** Longest inline command. */
const MAX_INLINE = 64 * 1024;
const LF = 10;

/** The frame that whole requests are parsed with; a client with half a request takes it along. */
let spare = new RequestFrame();

/** Cuts a client's bytes into requests and hands them to the pool, whatever way they are split into chunks. */
export class RequestReader {
  /** Of a request that is not complete: its frame … */
  private frame: RequestFrame | null = null;
  /** … and its bytes, collected … */
  private collected: Uint8Array | null = null;
  private length = 0;
  /** … or, when only the end of a large last element is missing, the chunks as they came. */
  private chain: Uint8Array[] | null = null;
  private chainNeeds = 0;
  /** Half an inline command. */
  private line: Uint8Array | null = null;

  constructor(private readonly client: Client) {}

  read(chunk: Uint8Array): void {
    if (this.frame !== null) this.continueRequest(chunk);
    else if (this.line !== null) {
      const whole = Buffer.concat([this.line, chunk]);
      this.line = null;
      this.readFrom(whole, 0);
    } else this.readFrom(chunk, 0);
    this.client.regulateInput();
  }

  /** Part of a request has come, and not the rest. */
  get isHalfway(): boolean {
    return this.frame !== null || this.line !== null;
  }

  /** Forgets a half request. */
  drop(): void {
    this.frame = null;
    this.collected = null;
    this.chain = null;
    this.line = null;
  }

  private readFrom(chunk: Uint8Array, start: number): void {
    const { client } = this;
    const length = chunk.length;
    const frame = spare;
    while (start < length) {
      frame.begin(start);
      const outcome = frame.parse(chunk, length);
      if (outcome === FRAME_DONE) {
        const end = frame.end;
        client.pool.dispatch(client, frame, chunk, start, end);
        start = end;
      } else if (outcome === FRAME_MORE) {
        this.keep(frame, chunk, start);
        return;
      } else if (outcome === FRAME_INLINE) {
        start = this.readInline(chunk, start);
        if (start < 0) return;
      } else {
        client.protocolError(frame.fault);
        return;
      }
      if (client.isClosing) return;
    }
  }

  private keep(frame: RequestFrame, chunk: Uint8Array, start: number): void {
    spare = new RequestFrame();
    this.frame = frame;
    const missing = frame.need - chunk.length;
    if (frame.lastBulk && missing > BY_REFERENCE && isPlain(frame, chunk)) {
      this.chain = [chunk.subarray(start)];
      this.chainNeeds = missing;
      frame.rebase(start);
      return;
    }
    this.length = chunk.length - start;
    frame.rebase(start);
    this.collected = new Uint8Array(Math.max(256, this.length * 2, Math.min(frame.need, BY_REFERENCE * 8)));
    this.collected.set(chunk.subarray(start));
  }

  private continueRequest(chunk: Uint8Array): void {
    if (this.chain !== null) this.continueChain(this.chain, chunk);
    else this.collect(this.frame as RequestFrame, chunk);
  }

  private continueChain(chain: Uint8Array[], chunk: Uint8Array): void {
    const taken = Math.min(this.chainNeeds, chunk.length);
    chain.push(taken === chunk.length ? chunk : chunk.subarray(0, taken));
    this.chainNeeds -= taken;
    if (this.chainNeeds > 0) return;
    const frame = this.frame as RequestFrame;
    this.drop();
    if (chunk[taken - 1] !== LF) {
      this.client.protocolError('expected CRLF after a bulk string');
      return;
    }
    this.client.pool.dispatchChain(this.client, frame, chain);
    if (taken < chunk.length && !this.client.isClosing) this.readFrom(chunk, taken);
  }

  /** Takes from the chunk what the request needs, a little more at a time, until it is complete. */
  private collect(frame: RequestFrame, chunk: Uint8Array): void {
    let taken = 0;
    while (taken < chunk.length) {
      const wanted = Math.max(frame.need - this.length, 4096);
      const count = Math.min(wanted, chunk.length - taken);
      const { requestBytes } = this.client.pool.limits;
      if (this.length + count > requestBytes) {
        this.client.protocolError(`a request has at most ${requestBytes} bytes`);
        return;
      }
      const collected = this.room(count);
      collected.set(chunk.subarray(taken, taken + count), this.length);
      this.length += count;
      taken += count;
      if (this.length < frame.need) continue;
      const outcome = frame.parse(collected, this.length);
      if (outcome === FRAME_MORE) continue;
      if (outcome !== FRAME_DONE) {
        this.client.protocolError(frame.fault);
        return;
      }
      taken -= this.length - frame.end;
      this.drop();
      this.client.pool.dispatch(this.client, frame, collected, 0, frame.end);
      if (taken < chunk.length && !this.client.isClosing) this.readFrom(chunk, taken);
      return;
    }
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
    const words = Buffer.from(chunk.subarray(start, end)).toString('latin1').trim().split(/\s+/);
    if (words[0] === '') return end + 1;
    // a browser that was lured here, as Redis itself sees it
    if (/^(post|host:)$/i.test(words[0])) {
      this.client.protocolError('this is Redis, not HTTP');
      return -1;
    }
    const request = encodeRequest(words.map((word) => Buffer.from(word, 'latin1')));
    const frame = new RequestFrame();
    frame.begin(0);
    frame.parse(request, request.length);
    this.client.pool.dispatch(this.client, frame, request, 0, request.length);
    return end + 1;
  }
}

/** A command routed by its first argument, which is there. */
function isPlain(frame: RequestFrame, chunk: Uint8Array): boolean {
  if (frame.complete < 2) return false;
  const id = lookupCommand(chunk, frame.args[0], frame.args[1]);
  return id >= 0 && COMMANDS[id].fate === FATE_KEY;
}
