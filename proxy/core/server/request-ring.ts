import { copyBytes } from '../base/bytes.ts';
import { LEFT_OUT, type Receiver } from '../base/receiver.ts';
import { BY_REFERENCE, recycle, Segment, SMALL_SEGMENT, smallSegment, takeSegment } from './segment.ts';

/** Requests that there is room for at first: of all clients together, and of one that has the connection to itself. */
const FOR_ALL = 64;
const FOR_ONE = 4;

/**
 * The requests of one server connection, oldest first: `head..sent` were written and wait for replies, `sent..tail` wait to
 * be written (the first may be written in part). A ring of parallel arrays; nothing is allocated per
 * request. The bytes of a request stay until it is answered, so that it can be sent again elsewhere.
 */
export class RequestRing {
  head = 0;
  sent = 0;
  tail = 0;
  mask: number;
  who: Receiver[];
  tags: Int32Array;
  commands: Int16Array;
  times: Float64Array;
  segments: Segment[];
  protected starts: Int32Array;
  /** Where small requests are being appended. */
  protected open: Segment | null = null;
  /** Bytes that ever went in, and those handed to the kernel (or dropped): the difference waits to be written. */
  bytesIn = 0;
  bytesWritten = 0;

  /** Number of the newest request that is answered with several replies; -1 = there was none. */
  lastBatch = -1;

  /** Up to where there may be requests of clients that have left. */
  protected leftUntil = 0;
  /** Of `head..sent`, those that were left out: no reply comes for them. */
  protected leftOut = 0;

  /** Bytes of memory that the requests take, answered ones next to them included. */
  weight = 0;

  /** Small requests are appended to segments that are shared out among all queues. */
  private isRoomy: boolean;

  /** @param isShared by all clients, or one client's alone, which rarely asks much at once */
  constructor(isShared: boolean) {
    const size = isShared ? FOR_ALL : FOR_ONE;
    this.isRoomy = isShared;
    this.mask = size - 1;
    this.who = new Array<Receiver>(size);
    this.tags = new Int32Array(size);
    this.commands = new Int16Array(size);
    this.times = new Float64Array(size);
    this.segments = new Array<Segment>(size);
    this.starts = new Int32Array(size);
  }

  /** Requests that were written and wait for replies. */
  get unanswered(): number {
    return this.sent - this.head - this.leftOut;
  }

  get length(): number {
    return this.tail - this.head;
  }

  /** Bytes that wait to be written. */
  get unwritten(): number {
    return this.bytesIn - this.bytesWritten;
  }

  push(
    who: Receiver,
    tag: number,
    command: number,
    time: number,
    bytes: Uint8Array,
    from: number,
    to: number,
  ): void {
    const length = to - from;
    let segment: Segment;
    let start: number;
    if (length > BY_REFERENCE) {
      segment = Segment.referring(bytes, from, to);
      this.weight += length;
      start = from;
      this.open = null;
    } else {
      segment = this.open ?? this.openSegment(length);
      if (segment.used + length > segment.bytes.length) segment = this.openSegment(length);
      start = segment.used;
      copyBytes(bytes, from, to, segment.bytes, start);
      segment.used = start + length;
    }
    this.add(who, tag, command, time, segment, start);
    this.bytesIn += length;
  }

  /** A request that came in many chunks. */
  pushParts(who: Receiver, tag: number, command: number, time: number, parts: Uint8Array[]): void {
    this.open = null;
    const segment = Segment.ofChunks(parts);
    this.weight += segment.weight;
    this.add(who, tag, command, time, segment, 0);
    for (const part of parts) this.bytesIn += part.length;
  }

  /** A request of which a part has come; the rest is appended to the segment, see `grew`. */
  pushPassing(who: Receiver, tag: number, command: number, time: number, segment: Segment): void {
    this.open = null;
    this.add(who, tag, command, time, segment, 0);
    this.bytesIn += segment.unsent;
  }

  private add(
    who: Receiver,
    tag: number,
    command: number,
    time: number,
    segment: Segment,
    start: number,
  ): void {
    if (this.tail - this.head > this.mask) this.grow();
    const i = this.tail & this.mask;
    this.who[i] = who;
    this.tags[i] = tag;
    this.commands[i] = command;
    this.times[i] = time;
    this.segments[i] = segment;
    this.starts[i] = start;
    segment.last = this.tail++;
  }

  private openSegment(length: number): Segment {
    // where one small segment was not enough the next one would not be either
    if (this.open !== null || length > SMALL_SEGMENT) this.isRoomy = true;
    if (this.open?.used === 0) this.weight -= this.open.weight;
    this.open = this.isRoomy ? takeSegment() : smallSegment();
    this.weight += this.open.weight;
    return this.open;
  }

  /**
   * Drops the oldest request: it is answered.
   * @param detached its bytes are still needed
   */
  pop(detached = false): void {
    this.popOne(detached);
    while (this.leftOut > 0 && this.who[this.head & this.mask] === LEFT_OUT) {
      this.leftOut--;
      this.popOne(false);
    }
  }

  protected popOne(detached: boolean): void {
    const segment = this.segments[this.head & this.mask];
    if (segment.last === this.head) {
      if (segment === this.open) {
        if (segment.sentTo === segment.used) {
          segment.used = 0;
          segment.sentTo = 0;
        }
      } else {
        this.weight -= segment.weight;
        if (segment.kind === 'pooled') recycle(segment);
        else if (detached) segment.empty();
        else segment.discard();
      }
    }
    this.head++;
    if (this.head === this.tail && this.head > 0x3fffffff) this.restart();
  }

  /** Keeps the counters in the range of small integers. */
  private restart(): void {
    this.head = 0;
    this.sent = 0;
    this.tail = 0;
    this.open = null;
    this.weight = 0;
    this.lastBatch = -1;
    this.leftUntil = 0;
  }

  private grow(): void {
    const size = (this.mask + 1) * 2;
    const place = (i: number): number => i & (size - 1);
    const who = new Array<Receiver>(size);
    const segments = new Array<Segment>(size);
    const tags = new Int32Array(size);
    const commands = new Int16Array(size);
    const times = new Float64Array(size);
    const starts = new Int32Array(size);
    for (let i = this.head; i < this.tail; i++) {
      const from = i & this.mask;
      who[place(i)] = this.who[from];
      segments[place(i)] = this.segments[from];
      tags[place(i)] = this.tags[from];
      commands[place(i)] = this.commands[from];
      times[place(i)] = this.times[from];
      starts[place(i)] = this.starts[from];
    }
    Object.assign(this, { who, segments, tags, commands, times, starts, mask: size - 1 });
  }

  /** False when request `i` was passed on while it came in, and a part of it is gone. */
  isRepeatable(i: number): boolean {
    return this.segments[i & this.mask].isRepeatable;
  }

  /** Bytes of `segment`, the first that is not all out, were written: their requests may be answered from now on. */
  noteWritten(segment: Segment): void {
    if (segment.allSent) this.sent = segment.last + 1;
    else if (segment.parts === null) while (this.endOf(this.sent) <= segment.sentTo) this.sent++;
  }

  /** True when a part of the next request was written: the rest must follow on the same socket. */
  get isTorn(): boolean {
    if (this.sent === this.tail) return false;
    const i = this.sent & this.mask;
    return this.segments[i].isBegun(this.starts[i]);
  }

  /** True when request `i` was written to its last byte, so that the server may have carried it out. */
  wasSent(i: number): boolean {
    return i < this.sent;
  }

  /** Up to where `segment`, with the next request, is written when request `end` is the first that is not. */
  writeEnd(segment: Segment, end: number): number {
    return segment.last < end ? segment.used : this.endOf(end - 1);
  }

  protected endOf(i: number): number {
    const segment = this.segments[i & this.mask];
    return i < segment.last ? this.starts[(i + 1) & this.mask] : segment.used;
  }

  isLocal(i: number): boolean {
    return this.who[i & this.mask].local === true;
  }

  /** True for what means nothing on another socket. */
  isBound(i: number): boolean {
    return this.who[i & this.mask].lost !== undefined;
  }

  /** Bytes of the requests that were written and not answered. Walks the queue: for statistics only. */
  sentBytes(): number {
    let bytes = 0;
    for (let i = this.head; i < this.sent; i++) {
      const segment = this.segments[i & this.mask];
      if (segment.parts !== null)
        bytes += segment.parts.reduce((sum, part) => sum + part.length, segment.first.length);
      else bytes += this.endOf(i) - this.starts[i & this.mask];
    }
    return bytes;
  }

  /** The next small request begins a segment of its own, so that everything before it can be written alone. */
  seal(): void {
    this.open = null;
  }
}
