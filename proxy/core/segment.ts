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
  /** For requests that came in many chunks: the chunks after `first`. */
  parts: Uint8Array[] | null = null;
  /** The rest of the request is still to come in. */
  open = false;
  /** The first chunk, also after `nextPart`. */
  first: Uint8Array;
  readonly pooled: boolean;
  private part = 0;
  /** Chunks are let go once they are written. */
  private passing = false;

  constructor(bytes: Uint8Array, pooled: boolean) {
    this.bytes = bytes;
    this.first = bytes;
    this.pooled = pooled;
  }

  /** A request that is sent while it comes in, of which these chunks have come. */
  static passing(chunks: Uint8Array[]): Segment {
    const segment = new Segment(chunks[0], false);
    segment.used = chunks[0].length;
    segment.parts = chunks.slice(1);
    segment.passing = true;
    segment.open = true;
    return segment;
  }

  /** When this chunk is out: goes on to the next one. False when there is none. */
  nextPart(): boolean {
    const { parts } = this;
    if (parts === null || this.part >= parts.length) return false;
    this.bytes = parts[this.part];
    if (this.passing) {
      this.first = NOTHING;
      parts.shift();
    } else this.part++;
    this.sentTo = 0;
    this.used = this.bytes.length;
    return true;
  }

  /** True when every byte was handed to the kernel. */
  get allSent(): boolean {
    if (this.open || this.sentTo < this.used) return false;
    return this.parts === null || this.part >= this.parts.length;
  }

  /** False once a byte of a passing request is gone, which then cannot be sent again. */
  get isRepeatable(): boolean {
    return !this.passing || (this.bytes === this.first && this.sentTo === 0);
  }

  /** Lets go of all bytes: the request is answered. */
  empty(): void {
    this.bytes = NOTHING;
    this.first = NOTHING;
    this.parts = null;
  }

  get isPassing(): boolean {
    return this.passing;
  }

  /** Bytes that are here and were not handed to the kernel. */
  get unsent(): number {
    let bytes = this.used - this.sentTo;
    if (this.parts !== null)
      for (let i = this.part; i < this.parts.length; i++) bytes += this.parts[i].length;
    return bytes;
  }
}

const NOTHING = new Uint8Array(0);

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

/** Gives a pooled segment back for reuse. */
export function recycle(segment: Segment): void {
  if (free.length >= MAX_FREE) return;
  segment.used = 0;
  segment.sentTo = 0;
  free.push(segment);
}
