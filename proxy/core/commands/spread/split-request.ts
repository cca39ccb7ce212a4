import { CLOSED, errorReply, INVALID } from '../../../protocol/replies.ts';
import { copyBytes, writeDecimal } from '../../base/bytes.ts';
import type { Receiver } from '../../base/receiver.ts';
import type { Session } from '../session.ts';
import { splitError } from '../split-error.ts';

const LF = 10;
const MINUS = 45;
const DOLLAR = 36;
/** Replies up to this are not accounted: they are gone with the turn, or soon after. */
const NEGLIGIBLE = 4096;
const CR = 13;
/** Bytes of `*n` and CRLF at most. */
const LONGEST_HEADER = 16;
const NOTHING = new Uint8Array(0);
const CLOSED_ERROR = errorReply(CLOSED);
const INVALID_ERROR = errorReply(INVALID);

/** How the replies of the parts become one: MGET, DEL and the like, MSET. */
export type Merge = 'values' | 'sum' | 'ok';

/** What a command needs to be split: elements per key, and how its parts begin behind the `*n`. */
export interface Shape {
  readonly step: number;
  readonly merge: Merge;
  readonly name: Uint8Array;
}

/** The first byte of a part's reply: array, integer, status. */
const KIND: Readonly<Record<Merge, number>> = { values: 42, sum: 58, ok: 43 };

/** The part of a split request that goes to one server. */
export class Part {
  keyCount = 0;
  /** Numbers of its first and last key, in the client's order. */
  readonly firstKey: number;
  lastKey: number;
  /** Its reply: `chunk[from, to)`. */
  chunk: Uint8Array = NOTHING;
  from = 0;
  to = 0;
  error: Uint8Array | null = null;

  constructor(
    readonly server: number,
    key: number,
  ) {
    this.firstKey = key;
    this.lastKey = key;
  }
}

/** A request whose keys live on several servers: its parts, and the merging of their replies. */
export class SplitRequest implements Receiver {
  readonly parts: Part[] = [];
  /** The part of each key, in the client's order. */
  private readonly owners: Part[] = [];
  private waiting = 0;
  private failed = false;
  /** Bytes of large replies that wait to be merged. */
  private kept = 0;
  private isTooLarge = false;

  constructor(
    readonly owner: Session,
    private readonly tag: number,
    private readonly merge: Merge,
  ) {}

  /** `key` is the first one that lives on `server`; `addKey` follows. */
  addPart(server: number, key: number): Part {
    const part = new Part(server, key);
    this.parts.push(part);
    this.waiting++;
    return part;
  }

  /** The next key of the client's request is of this part. */
  addKey(part: Part, key: number): void {
    part.keyCount++;
    part.lastKey = key;
    this.owners.push(part);
  }

  reply(number: number, chunk: Uint8Array, from: number, to: number): void {
    const part = this.parts[number];
    if (chunk[from] === MINUS) this.noteError(part, chunk.slice(from, to));
    else if (chunk[from] !== KIND[this.merge]) this.noteError(part, INVALID_ERROR);
    else if (!this.isTooLarge) {
      part.chunk = chunk;
      part.from = from;
      part.to = to;
    }
    if (to - from > NEGLIGIBLE) this.arriving(number, to - from);
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
    for (const part of this.parts) part.chunk = NOTHING;
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

  fail(number: number, text: Uint8Array): void {
    // the original has no errno for a closed connection, and speaks of something else then
    this.noteError(this.parts[number], CLOSED_ERROR.equals(text) ? INVALID_ERROR : text);
    this.partDone();
  }

  private noteError(part: Part, error: Uint8Array): void {
    part.error = error;
    this.failed = true;
  }

  private partDone(): void {
    this.waiting--;
    if (this.waiting > 0) return;
    if (this.kept > 0) this.owner.arriving(this.tag, -this.kept);
    if (this.owner.gone) return;
    if (this.isTooLarge) this.owner.fail(this.tag, tooLarge(this.owner.pool.config.requestBytes));
    else if (this.failed) this.owner.fail(this.tag, this.firstError());
    else if (this.merge === 'values') this.mergeValues();
    else if (this.merge === 'sum') this.mergeSum();
    else this.owner.reply(this.tag, this.parts[0].chunk, this.parts[0].from, this.parts[0].to);
  }

  /** The error for the client: as in the original, of the first failing part in the order of the servers. */
  private firstError(): Uint8Array {
    const failed = this.parts.filter((part) => part.error !== null).sort((a, b) => a.server - b.server);
    return splitError(
      failed.map((part) => part.error ?? INVALID_ERROR),
      this.parts.length,
    );
  }

  private mergeSum(): void {
    let sum = 0;
    for (const { chunk, from, to } of this.parts) sum += decimalAt(chunk, from + 1, to);
    const reply = Buffer.from(`:${sum}\r\n`);
    this.owner.reply(this.tag, reply, 0, reply.length);
  }

  private mergeValues(): void {
    const { owner, owners, parts, tag } = this;
    let room = LONGEST_HEADER;
    for (let i = 0; i < parts.length; i++) {
      const part = parts[i];
      room += part.to - part.from;
      part.from = afterLine(part.chunk, part.from);
    }
    const merged = new Uint8Array(room);
    merged[0] = KIND.values;
    let at = writeDecimal(owners.length, merged, 1);
    merged[at++] = CR;
    merged[at++] = LF;
    for (let i = 0; i < owners.length; i++) {
      const part = owners[i];
      const end = valueEnd(part.chunk, part.from, part.to);
      if (end < 0) {
        owner.fail(tag, INVALID_ERROR);
        return;
      }
      copyBytes(part.chunk, part.from, end, merged, at);
      at += end - part.from;
      part.from = end;
    }
    owner.reply(tag, merged, 0, at);
  }
}

function tooLarge(limit: number): Uint8Array {
  return errorReply(
    `the merged reply has more than ${limit} bytes (request_bytes); ask for fewer keys at a time`,
  );
}

/** Where the line that `p` is in has ended. */
function afterLine(bytes: Uint8Array, p: number): number {
  while (bytes[p] !== LF) p++;
  return p + 1;
}

/** The digits from `p` up to CR, as a number. */
function decimalAt(bytes: Uint8Array, p: number, to: number): number {
  let value = 0;
  for (; p < to && bytes[p] !== CR; p++) value = value * 10 + bytes[p] - 48;
  return value;
}

/** End of the bulk string (or null, also RESP3's) that begins at `start`; -1 when none does before `limit`. */
function valueEnd(bytes: Uint8Array, start: number, limit: number): number {
  if (start >= limit) return -1;
  let p = start + 1;
  let size = 0;
  if (bytes[start] === DOLLAR && bytes[p] === MINUS) return start + 5;
  if (bytes[start] === 95) return start + 3;
  if (bytes[start] !== DOLLAR) return -1;
  for (; bytes[p] !== CR && p < limit; p++) size = size * 10 + bytes[p] - 48;
  const end = p + 2 + size + 2;
  return end <= limit ? end : -1;
}
