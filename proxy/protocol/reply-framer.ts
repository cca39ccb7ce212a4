/** Outcomes of `ReplyFramer.next`. */
export const REPLY_DONE = 0;
export const REPLY_MORE = 1;
export const REPLY_BAD = 2;

const CR = 13;
const LF = 10;
const MINUS = 45;

/** A line (`+…`, `-…`, lengths) longer than this is not Redis speaking. */
export const MAX_LINE = 64 * 1024;

/**
 * Finds where replies end, RESP2 and RESP3, in any split of the bytes, without looking at a byte twice: nested
 * aggregates are only a count of elements still to come, so depth costs nothing.
 */
export class ReplyFramer {
  status = REPLY_DONE;
  /** Elements of the current reply still to come; 0 between replies. */
  private pending = 0;
  /** Bytes of the current bulk (with its CRLF) still to come. */
  private skip = 0;

  reset(): void {
    this.pending = 0;
    this.skip = 0;
  }

  /** True between the first and the last byte of a reply, as far as bytes were consumed. */
  get inside(): boolean {
    return this.pending > 0;
  }

  /** Bytes that are known to be missing: the rest of a bulk. */
  get missing(): number {
    return this.skip;
  }

  /**
   * Consumes one reply, or as much of it as is there, and sets `status`. After REPLY_MORE the bytes from the
   * returned position on are the beginning of a line and must be offered again with more behind them.
   */
  next(buffer: Uint8Array, position: number, length: number): number {
    let pending = this.pending || 1;
    if (this.skip > 0) {
      const end = position + this.skip;
      if (!endsWell(buffer, position, length, end)) return this.bad(position);
      this.skip = Math.max(0, end - length);
      if (this.skip > 0) return this.more(length, pending);
      position = end;
      pending--;
    }
    while (pending > 0) {
      let eol = position + 1;
      while (eol < length && buffer[eol] !== CR) eol++;
      if (eol + 1 >= length) {
        if (length - position > MAX_LINE) return this.bad(position);
        return this.more(position, pending);
      }
      if (buffer[eol + 1] !== LF) return this.bad(position);
      const type = buffer[position];
      switch (type) {
        case 43: // +
        case 45: // -
        case 58: // :
        case 95: // _
        case 35: // #
        case 44: // ,
        case 40: // (
          position = eol + 2;
          pending--;
          continue;
        case 36: // $
        case 61: // =
        case 33: {
          const size = lengthAt(buffer, position + 1, eol);
          if (size === BAD_LENGTH) return this.bad(position);
          position = eol + 2;
          if (size < 0) {
            pending--;
            continue;
          }
          const end = position + size + 2;
          if (end > length) {
            if (!endsWell(buffer, position, length, end)) return this.bad(position);
            this.skip = end - length;
            return this.more(length, pending);
          }
          if (buffer[end - 2] !== CR || buffer[end - 1] !== LF) return this.bad(position);
          position = end;
          pending--;
          continue;
        }
        case 42: // *
        case 126: // ~
        case 62: // >
        case 37: // %
        case 124: {
          const count = lengthAt(buffer, position + 1, eol);
          if (count === BAD_LENGTH) return this.bad(position);
          position = eol + 2;
          // a map's pairs count twice; an attribute (|) comes in addition to the value it describes
          if (type === 37) pending += 2 * count - 1;
          else if (type === 124) pending += 2 * count;
          else pending += Math.max(count, 0) - 1;
          continue;
        }
        default:
          return this.bad(position);
      }
    }
    this.pending = 0;
    this.status = REPLY_DONE;
    return position;
  }

  private more(position: number, pending: number): number {
    this.pending = pending;
    this.status = REPLY_MORE;
    return position;
  }

  private bad(position: number): number {
    this.status = REPLY_BAD;
    return position;
  }
}

/** False when `buffer[from, to)` holds one of the last two bytes of a bulk that ends at `end`, and it is wrong. */
function endsWell(buffer: Uint8Array, from: number, to: number, end: number): boolean {
  const lf = end - 1;
  const cr = end - 2;
  return (cr < from || cr >= to || buffer[cr] === CR) && (lf < from || lf >= to || buffer[lf] === LF);
}

const BAD_LENGTH = -2;

/** The decimal length in `buffer[p, end)`: at least -1, at most 2^31; BAD_LENGTH otherwise. */
function lengthAt(buffer: Uint8Array, p: number, end: number): number {
  if (p === end || end - p > 10) return BAD_LENGTH;
  if (buffer[p] === MINUS) return end - p === 2 && buffer[p + 1] === 49 ? -1 : BAD_LENGTH;
  let value = 0;
  for (; p < end; p++) {
    const digit = buffer[p] - 48;
    if (digit < 0 || digit > 9) return BAD_LENGTH;
    value = value * 10 + digit;
  }
  return value;
}
