/** Outcomes of `RequestFrame.parse`. */
export const FRAME_DONE = 0;
export const FRAME_MORE = 1;
export const FRAME_BAD = 2;
export const FRAME_INLINE = 3;
/** `*0`, or a negative number of elements: no request, to be passed over. */
export const FRAME_EMPTY = 4;

const CR = 13;
const LF = 10;
const DOLLAR = 36;
const STAR = 42;
const MINUS = 45;

/** Most elements of one request, and most bytes of one element (Redis' own proto-max-bulk-len). */
export const MAX_ARGUMENTS = 1024 * 1024;
export const MAX_BULK = 512 * 1024 * 1024;
/** Longest `*n` or `$n` line: 10 digits are more than both limits need. */
const MAX_DIGITS = 10;

/**
 * One request in RESP array form: where its elements lie in the buffer. Parsing resumes where it stopped, so a
 * request that trickles in costs each byte once. Meant to be reused: nothing is allocated per request.
 */
export class RequestFrame {
  /** Number of elements; -1 while the header is not read. */
  argc = -1;
  /** Start and end of every element: `args[2 * i]`, `args[2 * i + 1]`. */
  args = new Int32Array(32);
  /** After FRAME_DONE and FRAME_EMPTY: where the request ends. */
  end = 0;
  /** After FRAME_MORE: where the request must at least reach to the next time. */
  need = 0;
  /** After FRAME_BAD: the sentence for the client. */
  fault = '';
  private done = 0;
  private at = 0;

  /** Begins a new request at `start`. */
  begin(start: number): void {
    this.argc = -1;
    this.done = 0;
    this.at = start;
  }

  /** After FRAME_MORE: how many elements are complete. */
  get complete(): number {
    return this.done;
  }

  /** After FRAME_MORE: where the first element begins that is not complete (or the header, when even that is not). */
  get resumeAt(): number {
    return this.at;
  }

  /** Moves all offsets by -`start`: the bytes were copied to the front of another buffer. */
  rebase(start: number): void {
    for (let i = 0; i < this.done * 2; i++) this.args[i] -= start;
    this.at -= start;
    this.need -= start;
  }

  /** Parses `buffer[.., length)` on from where it stopped. */
  parse(buffer: Uint8Array, length: number): number {
    let p = this.at;
    if (this.argc < 0) {
      if (p >= length) return this.more(p, p + 1);
      if (buffer[p] !== STAR) return FRAME_INLINE;
      const negative = buffer[p + 1] === MINUS && p + 1 < length;
      const count = this.number(buffer, negative ? p + 2 : p + 1, length, 'multibulk');
      if (count < 0) return count === -1 ? this.more(p, length + 1) : FRAME_BAD;
      if (count > MAX_ARGUMENTS || (negative && count === 0)) return this.bad('invalid multibulk length');
      if (count === 0 || negative) {
        this.end = this.numberEnd;
        return FRAME_EMPTY;
      }
      this.argc = count;
      if (this.args.length < count * 2) this.args = grown(this.args, Math.min(count, 64) * 2);
      p = this.numberEnd;
    }
    const argc = this.argc;
    let i = this.done;
    for (; i < argc; i++) {
      if (p >= length) return this.pause(i, p, p + 1);
      if (buffer[p] !== DOLLAR) return this.bad(`expected '$', got '${printable(buffer[p])}'`);
      const size = this.number(buffer, p + 1, length, 'bulk');
      if (size < 0) return size === -1 ? this.pause(i, p, length + 1) : FRAME_BAD;
      if (size > MAX_BULK) return this.bad('invalid bulk length');
      const from = this.numberEnd;
      const to = from + size;
      if (to + 2 > length) return this.pause(i, p, to + 2);
      if (buffer[to] !== CR || buffer[to + 1] !== LF) return this.bad('expected CRLF after a bulk string');
      if (i * 2 >= this.args.length) this.args = grown(this.args, this.args.length * 2);
      this.args[2 * i] = from;
      this.args[2 * i + 1] = to;
      p = to + 2;
    }
    this.done = argc;
    this.end = p;
    return FRAME_DONE;
  }

  private numberEnd = 0;

  /** Digits up to CRLF at `p`. Returns the value, -1 when more bytes are needed, -2 when bad. */
  private number(buffer: Uint8Array, p: number, length: number, what: string): number {
    let value = 0;
    const first = p;
    for (; p < length; p++) {
      const byte = buffer[p];
      if (byte === CR) break;
      const digit = byte - 48;
      if (digit < 0 || digit > 9 || p - first >= MAX_DIGITS || (value === 0 && p > first)) {
        this.fault = `invalid ${what} length`;
        return -2;
      }
      value = value * 10 + digit;
    }
    if (p + 1 >= length) return -1;
    if (p === first || buffer[p + 1] !== LF) {
      this.fault = `invalid ${what} length`;
      return -2;
    }
    this.numberEnd = p + 2;
    return value;
  }

  private pause(done: number, at: number, need: number): number {
    this.done = done;
    return this.more(at, need);
  }

  private more(at: number, need: number): number {
    this.at = at;
    this.need = need;
    return FRAME_MORE;
  }

  private bad(fault: string): number {
    this.fault = fault;
    return FRAME_BAD;
  }
}

function grown(array: Int32Array, size: number): Int32Array<ArrayBuffer> {
  const larger = new Int32Array(Math.max(size, array.length));
  larger.set(array);
  return larger;
}

/** One byte for a message. */
export function printable(byte: number): string {
  return byte >= 32 && byte < 127 ? String.fromCharCode(byte) : `\\x${byte.toString(16).padStart(2, '0')}`;
}
