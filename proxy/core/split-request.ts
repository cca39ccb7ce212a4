import { CLOSED, errorReply, INVALID, NOT_EXECUTED } from '../protocol/replies.ts';
import { copyBytes } from './bytes.ts';
import type { Client } from './client.ts';
import type { Receiver } from './receiver.ts';

const LF = 10;
const MINUS = 45;
const DOLLAR = 36;
const CRLF = Buffer.from('\r\n');
/** Replies up to this are not accounted: they are gone with the turn, or soon after. */
const NEGLIGIBLE = 4096;
const CLOSED_ERROR = errorReply(CLOSED);
const INVALID_ERROR = errorReply(INVALID);

/** How the replies of the parts become one: MGET, DEL and the like, MSET. */
export type Merge = 'values' | 'sum' | 'ok';

/** The first byte of a part's reply: array, integer, status. */
const KIND: Readonly<Record<Merge, number>> = { values: 42, sum: 58, ok: 43 };

/** The part of a split request that goes to one server. */
class Part {
  /** Numbers of the keys (in the client's order) that this server owns. */
  readonly keys: number[] = [];
  reply: Uint8Array = CRLF;
  error: Uint8Array | null = null;
  /** Where its next value begins, while values are merged. */
  cursor = 0;

  constructor(readonly server: number) {}
}

/** A request whose keys live on several servers: its parts, and the merging of their replies. */
export class SplitRequest implements Receiver {
  readonly parts: Part[] = [];
  private readonly owners: Part[] = [];
  private readonly byServer: (Part | undefined)[] = [];
  private waiting = 0;
  /** Bytes of large replies that wait to be merged. */
  private kept = 0;
  private isTooLarge = false;

  constructor(
    readonly owner: Client,
    private readonly tag: number,
    private readonly merge: Merge,
  ) {}

  /** The next key of the client's request lives on `server`. */
  addKey(server: number): void {
    let part = this.byServer[server];
    if (part === undefined) {
      part = new Part(server);
      this.byServer[server] = part;
      this.parts.push(part);
      this.waiting++;
    }
    part.keys.push(this.owners.length);
    this.owners.push(part);
  }

  reply(part: number, chunk: Uint8Array, from: number, to: number): void {
    if (chunk[from] !== KIND[this.merge]) this.parts[part].error = INVALID_ERROR;
    else if (!this.isTooLarge) this.parts[part].reply = chunk.subarray(from, to);
    if (to - from > NEGLIGIBLE) this.arriving(part, to - from);
    this.partDone();
  }

  replyInParts(part: number, parts: Uint8Array[]): void {
    const whole = Buffer.concat(parts);
    this.reply(part, whole, 0, whole.length);
  }

  /** What was merged so far must be in bounds too. */
  arriving(_part: number, bytes: number): void {
    this.kept += bytes;
    this.owner.arriving(this.tag, bytes);
    if (this.isTooLarge || this.kept <= this.owner.pool.config.requestBytes) return;
    this.isTooLarge = true;
    for (const part of this.parts) part.reply = CRLF;
  }

  /** The rest of what is too large is thrown away as it comes. */
  canStream(): boolean {
    return this.isTooLarge;
  }

  stream(): void {}

  streamed(): void {
    this.partDone();
  }

  abort(): void {
    this.owner.abort();
  }

  fail(part: number, text: Uint8Array): void {
    // the original has no errno for a closed connection, and speaks of something else then
    this.parts[part].error = CLOSED_ERROR.equals(text) ? INVALID_ERROR : text;
    this.partDone();
  }

  private partDone(): void {
    this.waiting--;
    if (this.waiting > 0) return;
    if (this.kept > 0) this.owner.arriving(this.tag, -this.kept);
    if (this.owner.gone) return;
    // the original reports the first failing part in the order of the servers
    const failed = this.parts.filter((part) => part.error !== null).sort((a, b) => a.server - b.server);
    if (this.isTooLarge) this.owner.fail(this.tag, tooLarge(this.owner.pool.config.requestBytes));
    else if (failed.length > 0) this.owner.fail(this.tag, this.errorOf(failed));
    else if (this.merge === 'values') this.mergeValues();
    else if (this.merge === 'sum') this.mergeSum();
    else this.owner.reply(this.tag, this.parts[0].reply, 0, this.parts[0].reply.length);
  }

  /** The error for the client; that nothing was executed is only said when it is true of every part. */
  private errorOf(failed: readonly Part[]): Uint8Array {
    const errors = failed.map((part) => Buffer.from(part.error ?? INVALID_ERROR));
    const undone = errors.filter((error) => error.includes(NOT_EXECUTED)).length;
    if (undone === 0 || undone === this.parts.length) return errors[0];
    const text = errors[0]
      .toString('latin1')
      .replace(`; ${NOT_EXECUTED}`, '')
      .slice('-ERR '.length)
      .trimEnd();
    return errorReply(`${text}; some keys of this request may have been dealt with`);
  }

  private mergeSum(): void {
    let sum = 0;
    for (const part of this.parts) sum += Number.parseInt(Buffer.from(part.reply).toString('latin1', 1), 10);
    const reply = Buffer.from(`:${sum}\r\n`);
    this.owner.reply(this.tag, reply, 0, reply.length);
  }

  private mergeValues(): void {
    const { owner, owners, parts, tag } = this;
    const header = `*${owners.length}\r\n`;
    let total = header.length;
    for (const part of parts) {
      part.cursor = part.reply.indexOf(LF) + 1;
      total += part.reply.length - part.cursor;
    }
    const merged = new Uint8Array(total);
    for (let i = 0; i < header.length; i++) merged[i] = header.charCodeAt(i);
    let at = header.length;
    for (const part of owners) {
      const start = part.cursor;
      const end = valueEnd(part.reply, start);
      if (end < 0) {
        owner.fail(tag, INVALID_ERROR);
        return;
      }
      copyBytes(part.reply, start, end, merged, at);
      at += end - start;
      part.cursor = end;
    }
    owner.reply(tag, merged, 0, at);
  }
}

function tooLarge(limit: number): Uint8Array {
  return errorReply(
    `the merged reply has more than ${limit} bytes (request_bytes); ask for fewer keys at a time`,
  );
}

/** End of the bulk string (or null, also RESP3's) that begins at `start`; -1 when there is none. */
function valueEnd(bytes: Uint8Array, start: number): number {
  let p = start + 1;
  let size = 0;
  if (bytes[start] === DOLLAR && bytes[p] === MINUS) return start + 5;
  if (bytes[start] === 95) return start + 3;
  if (bytes[start] !== DOLLAR) return -1;
  for (; bytes[p] !== 13 && p < bytes.length; p++) size = size * 10 + bytes[p] - 48;
  const end = p + 2 + size + 2;
  return end <= bytes.length ? end : -1;
}
