import { decompressLzf } from './lzf.ts';

/** Two bits that say how a length is written, and how a string that has none is packed (rdb.h, RDB_ENC_*). */
const PACKED = { int8: 0, int16: 1, int32: 2, lzf: 3 } as const;
const LENGTH_32 = 0x80;
const LENGTH_64 = 0x81;
/** Of a number of 32 bits, with its sign. */
const MOST_DIGITS = 11;

/** A step of reading that comes to a stop where bytes are missing, and goes on when they are there. */
export type Reading<T> = Generator<undefined, T, undefined>;

/**
 * The bytes of an RDB file as they come, in chunks of any size, each good until the next. What is skipped is kept nowhere, unless `keep` said so.
 * Yields when it has come to the end of a chunk.
 */
export class RdbBytes {
  #chunk: Buffer = Buffer.alloc(0);
  #at = 0;
  /** Where the kept bytes begin in this chunk; undefined = none are kept. */
  #keptFrom: number | undefined;
  #kept: Buffer[] = [];

  /** The next chunk. All of the one before must have been read. */
  feed(chunk: Buffer): void {
    this.#chunk = chunk;
    this.#at = 0;
  }

  /** The present chunk is good no longer: what of it is kept is copied. */
  leave(): void {
    if (this.#keptFrom === undefined) return;
    this.#kept.push(Buffer.from(this.#chunk.subarray(this.#keptFrom, this.#at)));
    this.#keptFrom = 0;
  }

  /** How many bytes of the present chunk nobody has read. */
  get left(): number {
    return this.#chunk.length - this.#at;
  }

  /** As `byte`, without a generator; undefined where this chunk ends. */
  nextByte(): number | undefined {
    return this.#at < this.#chunk.length ? this.#chunk[this.#at++] : undefined;
  }

  /** Keeps what is read from here on, until `kept`. */
  keep(): void {
    this.#keptFrom = this.#at;
    this.#kept = [];
  }

  kept(): Buffer {
    const last = this.#chunk.subarray(this.#keptFrom, this.#at);
    const all = this.#kept.length === 0 ? Buffer.from(last) : Buffer.concat([...this.#kept, last]);
    this.#keptFrom = undefined;
    this.#kept = [];
    return all;
  }

  *skip(count: number): Reading<void> {
    let left = count;
    while (left > this.#chunk.length - this.#at) {
      left -= this.#chunk.length - this.#at;
      this.#at = this.#chunk.length;
      yield;
    }
    this.#at += left;
  }

  /** So many bytes in one piece, good until the next chunk. */
  *take(count: number): Reading<Buffer> {
    if (this.#chunk.length - this.#at >= count) {
      this.#at += count;
      return this.#chunk.subarray(this.#at - count, this.#at);
    }
    const pieces: Buffer[] = [];
    let left = count;
    while (left > 0) {
      const here = Buffer.from(this.#chunk.subarray(this.#at, this.#at + left));
      pieces.push(here);
      left -= here.length;
      this.#at += here.length;
      if (left > 0) yield;
    }
    return Buffer.concat(pieces);
  }

  *byte(): Reading<number> {
    while (this.#at === this.#chunk.length) yield;
    return this.#chunk[this.#at++];
  }

  /** A length (rdb.c, rdbLoadLen). @throws Error where a packed string stands */
  *length(): Reading<number> {
    const first = yield* this.byte();
    const kind = first >> 6;
    if (kind === 0) return first;
    if (kind === 1) return ((first & 0x3f) << 8) | (yield* this.byte());
    if (first === LENGTH_32) return (yield* this.take(4)).readUInt32BE();
    if (first === LENGTH_64) return Number((yield* this.take(8)).readBigUInt64BE());
    throw new Error(`a length begins with the byte ${first}`);
  }

  /** Strings that nobody reads. */
  *skipStrings(count: number): Reading<void> {
    for (let left = count; left > 0; left--) if (!this.#skippedShort()) yield* this.#skipString();
  }

  *#skipString(): Reading<void> {
    const first = yield* this.byte();
    if (first >> 6 !== 3) {
      this.#at--;
      yield* this.skip(yield* this.length());
      return;
    }
    const packed = first & 0x3f;
    if (packed === PACKED.lzf) {
      const length = yield* this.length();
      yield* this.length();
      yield* this.skip(length);
    } else yield* this.skip(integerBytes(packed));
  }

  /** Most strings are short and whole in this chunk: a generator for each would take longer than all the rest. */
  #skippedShort(): boolean {
    const first = this.#chunk[this.#at];
    const second = this.#chunk[this.#at + 1];
    if (first === undefined || second === undefined || first >= LENGTH_32) return false;
    const size = first < 0x40 ? 1 + first : 2 + (((first & 0x3f) << 8) | second);
    if (this.#chunk.length - this.#at < size) return false;
    this.#at += size;
    return true;
  }

  /** How long a string is when it is unpacked, at least, and some bytes more at most; it is skipped. */
  *stringLength(): Reading<number> {
    const from = this.#at;
    if (this.#skippedShort()) return this.#at - from;
    const first = yield* this.byte();
    if (first >> 6 !== 3) {
      this.#at--;
      const length = yield* this.length();
      yield* this.skip(length);
      return length;
    }
    const packed = first & 0x3f;
    if (packed !== PACKED.lzf) {
      yield* this.skip(integerBytes(packed));
      return MOST_DIGITS;
    }
    const length = yield* this.length();
    const plain = yield* this.length();
    yield* this.skip(length);
    return plain;
  }

  /** A string, unpacked; a number as its digits. */
  *string(): Reading<Buffer> {
    const first = yield* this.byte();
    if (first >> 6 !== 3) {
      this.#at--;
      return Buffer.from(yield* this.take(yield* this.length()));
    }
    const packed = first & 0x3f;
    if (packed === PACKED.lzf) {
      const length = yield* this.length();
      const plain = yield* this.length();
      return decompressLzf(yield* this.take(length), plain);
    }
    const count = integerBytes(packed);
    return Buffer.from(String((yield* this.take(count)).readIntLE(0, count)));
  }
}

function integerBytes(packed: number): number {
  if (packed === PACKED.int8) return 1;
  if (packed === PACKED.int16) return 2;
  if (packed === PACKED.int32) return 4;
  throw new Error(`a string is packed in a way that is not known (${packed})`);
}
