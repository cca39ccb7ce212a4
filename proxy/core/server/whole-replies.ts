import { REPLY_BAD, REPLY_DONE, ReplyFramer } from '../../protocol/reply-framer.ts';

/** Who is given them. */
interface Reader {
  /** A whole reply is `buffer[from, to)`. @returns false when no more is to be read */
  onWhole(buffer: Uint8Array, from: number, to: number): boolean;
  /** So many bytes of an unfinished one are kept, or (negative) not any more. */
  onKept(bytes: number): void;
}

/** Cuts what a server says into whole replies, whatever way they are split into chunks; an unfinished one is kept. */
export class WholeReplies {
  private readonly framer = new ReplyFramer();
  /** The beginning of a line that is not complete. */
  private rest: Uint8Array | null = null;
  /** Chunks of a reply that came in several, and their bytes. */
  private parts: Uint8Array[] = [];
  private kept = 0;

  constructor(private readonly reader: Reader) {}

  /** @returns false when what came is no reply */
  read(chunk: Uint8Array): boolean {
    const buffer = this.rest === null ? chunk : Buffer.concat([this.rest, chunk]);
    this.rest = null;
    const { framer } = this;
    const { length } = buffer;
    for (let position = 0; position < length; ) {
      const start = position;
      position = framer.next(buffer, start, length);
      if (framer.status === REPLY_BAD) return false;
      if (framer.status !== REPLY_DONE) {
        this.keep(buffer, start, position);
        if (position < length) this.rest = buffer.slice(position);
        break;
      }
      if (!this.complete(buffer, start, position)) break;
    }
    return true;
  }

  private complete(buffer: Uint8Array, from: number, to: number): boolean {
    if (this.kept === 0) return this.reader.onWhole(buffer, from, to);
    this.keep(buffer, from, to);
    const whole = Buffer.concat(this.parts);
    this.forgetParts();
    return this.reader.onWhole(whole, 0, whole.length);
  }

  private keep(buffer: Uint8Array, from: number, to: number): void {
    if (from === to) return;
    this.parts.push(buffer.subarray(from, to));
    this.kept += to - from;
    this.reader.onKept(to - from);
  }

  private forgetParts(): void {
    this.reader.onKept(-this.kept);
    this.parts = [];
    this.kept = 0;
  }

  /** What comes next belongs to another socket. */
  restart(): void {
    this.framer.reset();
    this.rest = null;
    if (this.kept > 0) this.forgetParts();
  }
}
