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
  /** For requests that came in many chunks: the chunks after `bytes`. */
  parts: Uint8Array[] | null = null;
  private part = 0;
  /** The first chunk, also after `nextPart`. */
  readonly first: Uint8Array;
  readonly pooled: boolean;

  constructor(bytes: Uint8Array, pooled: boolean) {
    this.bytes = bytes;
    this.first = bytes;
    this.pooled = pooled;
  }

  /** When this chunk is out: goes on to the next one. False when there is none. */
  nextPart(): boolean {
    if (this.parts === null || this.part >= this.parts.length) return false;
    this.bytes = this.parts[this.part++];
    this.sentTo = 0;
    this.used = this.bytes.length;
    return true;
  }

  /** True when every byte was handed to the kernel. */
  get allSent(): boolean {
    return this.sentTo === this.used && (this.parts === null || this.part >= this.parts.length);
  }
}

const free: Segment[] = [];

/** Above this a request is not copied. */
export const BY_REFERENCE = 16 * 1024;

export function takeSegment(): Segment {
  return free.pop() ?? new Segment(new Uint8Array(SEGMENT_SIZE), true);
}

export function referringSegment(bytes: Uint8Array, from: number, to: number): Segment {
  const segment = new Segment(bytes, false);
  segment.sentTo = from;
  segment.used = to;
  return segment;
}

/** Gives a segment back for reuse. */
export function recycle(segment: Segment): void {
  if (!segment.pooled || free.length >= MAX_FREE) return;
  segment.used = 0;
  segment.sentTo = 0;
  free.push(segment);
}
