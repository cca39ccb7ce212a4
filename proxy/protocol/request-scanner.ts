import { MAX_BULK, printable } from './request-frame.ts';

/** Outcomes of `RequestScanner.scan`. */
export const SCAN_MORE = 0;
export const SCAN_DONE = 1;
export const SCAN_BAD = 2;

const CR = 13;
const LF = 10;
const DOLLAR = 36;
const MAX_DIGITS = 10;

/** What the next byte belongs to. */
const TYPE = 0;
const DIGITS = 1;
const LENGTH_LF = 2;
const BODY = 3;
const BODY_CR = 4;
const BODY_LF = 5;

/**
 * Finds the end of a request whose beginning was parsed, in any split of the bytes and without keeping one: a count of
 * elements still to come and of bytes to skip is all there is. Says what `RequestFrame` says, and no sooner.
 */
export class RequestScanner {
  status = SCAN_MORE;
  /** After SCAN_BAD: the sentence for the client. */
  fault = '';
  private state = TYPE;
  private size = 0;
  private digits = 0;
  private skip = 0;
  private endsWrong = false;

  /** @param elements how many are still to come; the next byte is the `$` of the first */
  constructor(private elements: number) {}

  /** Consumes bytes from `position` on. Returns where the request ends, or the end of the chunk. */
  scan(chunk: Uint8Array, position: number): number {
    const { length } = chunk;
    while (position < length && this.status === SCAN_MORE) {
      if (this.state === BODY) {
        const taken = Math.min(this.skip, length - position);
        position += taken;
        this.skip -= taken;
        if (this.skip === 0) this.state = BODY_CR;
      } else this.step(chunk[position++]);
    }
    return position;
  }

  private step(byte: number): void {
    switch (this.state) {
      case TYPE:
        if (byte !== DOLLAR) this.bad(`expected '$', got '${printable(byte)}'`);
        this.size = 0;
        this.digits = 0;
        this.state = DIGITS;
        return;
      case DIGITS:
        if (byte === CR) this.state = LENGTH_LF;
        else this.digit(byte - 48);
        return;
      case LENGTH_LF:
        if (byte !== LF || this.digits === 0 || this.size > MAX_BULK) this.bad('invalid bulk length');
        this.skip = this.size;
        this.state = this.size === 0 ? BODY_CR : BODY;
        return;
      case BODY_CR:
        this.endsWrong = byte !== CR;
        this.state = BODY_LF;
        return;
      default:
        if (byte !== LF || this.endsWrong) this.bad('expected CRLF after a bulk string');
        else if (--this.elements === 0) this.status = SCAN_DONE;
        this.state = TYPE;
    }
  }

  private digit(digit: number): void {
    const leadingZero = this.digits > 0 && this.size === 0;
    if (digit < 0 || digit > 9 || leadingZero || ++this.digits > MAX_DIGITS) this.bad('invalid bulk length');
    this.size = this.size * 10 + digit;
  }

  private bad(fault: string): void {
    this.status = SCAN_BAD;
    this.fault = fault;
  }
}
