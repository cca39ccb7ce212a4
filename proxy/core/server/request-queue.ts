import { COMMANDS } from '../../protocol/command-table.ts';
import { LEFT_OUT, type Receiver } from '../base/receiver.ts';
import { RequestRing } from './request-ring.ts';
import { recycle, type Segment } from './segment.ts';

/** One request taken out of a queue, with bytes of its own. Only used when a connection fails. */
export interface Detached {
  who: Receiver;
  tag: number;
  command: number;
  /** When it was first queued, milliseconds of the loop's clock. */
  time: number;
  parts: Uint8Array[];
  /** Of a request that is still coming in, instead of `parts`. */
  passing: Segment | null;
}

/** The same, when it comes to taking requests out again: a connection failed, or stops sending. */
export class RequestQueue extends RequestRing {
  /** A segment whose requests were detached: large ones must not stay in the ring until they are overwritten. */
  private letGo(segment: Segment): void {
    this.weight -= segment.weight;
    if (segment.kind === 'pooled') recycle(segment);
    else if (!segment.isPassing) segment.empty();
  }

  /** Copies request `i` out. */
  detach(i: number): Detached {
    const at = i & this.mask;
    const segment = this.segments[at];
    const passing = segment.isPassing ? segment : null;
    let parts: Uint8Array[] = [];
    if (segment.parts === null) parts = [segment.bytes.slice(this.starts[at], this.endOf(i))];
    else if (passing === null) parts = [segment.first, ...segment.parts];
    return {
      who: this.who[at],
      tag: this.tags[at],
      command: this.commands[at],
      time: this.times[at],
      parts,
      passing,
    };
  }

  /** Empties the queue; what it held is the caller's to deal with. */
  clear(): void {
    for (let i = this.head; i < this.tail; i++) {
      const segment = this.segments[i & this.mask];
      if (segment.last === i && segment !== this.open) this.letGo(segment);
    }
    this.open = null;
    this.weight = 0;
    this.leftOut = 0;
    this.head = this.tail;
    this.sent = this.tail;
    this.bytesWritten = this.bytesIn;
  }

  /** Takes all requests out, but drops those of the connection's own. */
  detachAll(): Detached[] {
    const all: Detached[] = [];
    for (let i = this.head; i < this.tail; i++) if (!this.isLocal(i)) all.push(this.detach(i));
    this.clear();
    return all;
  }

  /** Takes out what was not written, but drops those of the connection's own. Nothing may be written in part. */
  detachUnsent(): Detached[] {
    const all: Detached[] = [];
    const shared = this.sent > this.head ? this.segments[(this.sent - 1) & this.mask] : null;
    for (let i = this.sent; i < this.tail; i++) {
      const segment = this.segments[i & this.mask];
      if (!this.isLocal(i)) all.push(this.detach(i));
      if (segment.last === i && segment !== shared) this.letGo(segment);
    }
    if (shared !== null && this.tail > this.sent) {
      shared.used = shared.sentTo;
      shared.last = this.sent - 1;
    }
    this.open = null;
    this.tail = this.sent;
    this.bytesIn = this.bytesWritten;
    return all;
  }

  /** Clients have left: what waits to be written may be theirs. */
  noteDepartures(): void {
    this.leftUntil = this.tail;
  }

  /** True when a client that has left may have asked for what is written next. */
  get mayLeaveOut(): boolean {
    return this.sent < this.leftUntil;
  }

  /**
   * Of what is written next: leaves out what clients that have left asked for. Nobody would read the replies, and others
   * wait behind them. Only what changes nothing: a write is carried out, as Redis does for a client that writes and goes.
   * @param end the first request that is not written now
   * @param most how many requests are looked at
   * @param why for those who put replies together for the client, an error reply
   * @returns up to where everything may be written
   */
  leaveOut(end: number, most: number, why: Uint8Array): number {
    const known = Math.min(this.leftUntil, this.sent + most);
    const until = Math.min(end, known);
    while (this.sent < until && this.isLeft(this.sent)) this.leaveOutNext(why);
    for (let i = this.sent; i < until; i++) if (this.isLeft(i)) return i;
    return known < this.leftUntil ? until : end;
  }

  private isLeft(i: number): boolean {
    const at = i & this.mask;
    const who = this.who[at];
    if (!who.owner.gone || COMMANDS[this.commands[at]].write || who.batch !== undefined) return false;
    const segment = this.segments[at];
    return segment.parts === null && !segment.isBegun(this.starts[at]) && !this.isBound(i);
  }

  private leaveOutNext(why: Uint8Array): void {
    const at = this.sent & this.mask;
    const who = this.who[at];
    const tag = this.tags[at];
    const segment = this.segments[at];
    const end = this.endOf(this.sent);
    this.bytesWritten += end - segment.sentTo;
    segment.sentTo = end;
    this.who[at] = LEFT_OUT;
    this.sent++;
    if (this.head === this.sent - 1) this.popOne(false);
    else this.leftOut++;
    who.fail(tag, why);
  }

  /** Puts a detached request at the end. */
  pushDetached(request: Detached): void {
    const { who, tag, command, time, parts, passing } = request;
    if (passing !== null) this.pushPassing(who, tag, command, time, passing);
    else if (parts.length === 1) this.push(who, tag, command, time, parts[0], 0, parts[0].length);
    else this.pushParts(who, tag, command, time, parts);
    if (who.batch !== undefined) this.lastBatch = this.tail - 1;
  }
}
