import { release } from '../base/chunk-memory.ts';

const SEGMENT_SIZE = 64 * 1024;
const MAX_FREE = 64;

/**
 * A piece of memory in which the requests of one server connection lie, in order, until they are answered.
 * Requests above `BY_REFERENCE` bytes get a segment that refers to the bytes as they came in.
 */
export class Segment {
  bytes: Uint8Array;
  /** Where the next request goes. */
  used = 0;
  /** Up to where the bytes were handed to the kernel. */
  sentTo = 0;
  /** Number (in the connection's queue) of the last request in it. */
  last = -1;
  /** Bytes of memory; 0 for a request that is sent while it comes in. */
  weight: number;
  /** For requests that came in many chunks: the chunks after `first`. */
  parts: Uint8Array[] | null = null;
  /** The first chunk, also after `nextPart`. */
  first: Uint8Array;
  /** The rest of the request is still to come in. */
  open = false;
  private part = 0;
  /** Sent while it comes in: chunks are let go once they are written. */
  private passing = false;
  /** A chunk was let go. */
  private torn = false;

  /** @param kind 'pooled' for many small requests, 'owner' of all its bytes, 'guest' in a chunk with other requests */
  constructor(
    bytes: Uint8Array,
    readonly kind: 'pooled' | 'owner' | 'guest',
  ) {
    this.bytes = bytes;
    this.first = bytes;
    this.weight = bytes.length;
  }

  /** A request that came in these chunks, which hold nothing else. */
  static ofChunks(chunks: readonly Uint8Array[]): Segment {
    const segment = new Segment(chunks[0], 'owner');
    segment.used = chunks[0].length;
    segment.parts = chunks.slice(1);
    segment.weight = chunks.reduce((sum, chunk) => sum + chunk.length, 0);
    return segment;
  }

  /** A request that is sent while it comes in, of which these chunks have come. */
  static passing(chunks: readonly Uint8Array[]): Segment {
    const segment = Segment.ofChunks(chunks);
    segment.passing = true;
    segment.weight = 0;
    segment.open = true;
    return segment;
  }

  /** A request that lies in `bytes[from, to)`. */
  static referring(bytes: Uint8Array, from: number, to: number): Segment {
    const segment = new Segment(bytes, from === 0 && to === bytes.length ? 'owner' : 'guest');
    segment.sentTo = from;
    segment.used = to;
    segment.weight = to - from;
    return segment;
  }

  /** When this chunk is out: goes on to the next one. False when there is none. */
  nextPart(): boolean {
    const { parts } = this;
    if (parts === null || this.part >= parts.length) return false;
    if (this.passing) {
      release(this.bytes);
      this.first = NOTHING;
      this.bytes = parts.shift() as Uint8Array;
      this.torn = true;
    } else this.bytes = parts[this.part++];
    this.sentTo = 0;
    this.used = this.bytes.length;
    return true;
  }

  /** True when bytes from `start` on were handed to the kernel. */
  isBegun(start: number): boolean {
    return this.part > 0 || this.torn || this.sentTo > start;
  }

  /** True when every byte was handed to the kernel. */
  get allSent(): boolean {
    if (this.open || this.sentTo < this.used) return false;
    return this.parts === null || this.part >= this.parts.length;
  }

  get isPassing(): boolean {
    return this.passing;
  }

  /** False once a byte of a passing request was written: the request cannot be sent again. */
  get isRepeatable(): boolean {
    return !this.passing || (!this.torn && this.sentTo === 0);
  }

  /** Bytes that are here and were not handed to the kernel. */
  get unsent(): number {
    const { part, parts, sentTo, used } = this;
    return (parts ?? []).slice(part).reduce((sum, each) => sum + each.length, used - sentTo);
  }

  /** Lets go of all bytes; they may be in use elsewhere. */
  empty(): void {
    this.bytes = NOTHING;
    this.first = NOTHING;
    this.parts = null;
  }

  /** Lets go of all bytes, which nobody needs any more. */
  discard(): void {
    if (this.kind === 'owner') {
      release(this.first);
      release(this.bytes);
      for (const part of this.parts ?? []) release(part);
    }
    this.empty();
  }
}

const NOTHING = new Uint8Array(0);

const free: Segment[] = [];

/** Above this a request is not copied. */
export const BY_REFERENCE = 16 * 1024;

/**
 * What a connection may have of bytes that are needed further: it lets go of what is not copied as soon as it is answered.
 */
export function forConnection(bytes: Uint8Array): Uint8Array {
  return bytes.length > BY_REFERENCE ? new Uint8Array(bytes) : bytes;
}

/** Bytes of a `smallSegment`. */
export const SMALL_SEGMENT = 512;

/** For the few small requests of one client alone: thousands of clients may wait, each with a connection of its own. */
export function smallSegment(): Segment {
  return new Segment(new Uint8Array(SMALL_SEGMENT), 'owner');
}

export function takeSegment(): Segment {
  return free.pop() ?? new Segment(new Uint8Array(SEGMENT_SIZE), 'pooled');
}

/** Gives a pooled segment back for reuse. */
export function recycle(segment: Segment): void {
  if (free.length >= MAX_FREE) return;
  segment.used = 0;
  segment.sentTo = 0;
  free.push(segment);
}
