import { BROKEN_PIPE, errorReply, NOT_EXECUTED } from '../../protocol/replies.ts';
import type { Link } from '../../transport/link.ts';
import type { Flushable } from '../base/loop.ts';
import type { Owner, Receiver } from '../base/receiver.ts';
import type { ConnectedServer } from './connected-server.ts';
import type { HeldRequests } from './held-requests.ts';
import { isSharedElsewhere, type Lane } from './lane.ts';
import type { PassingRequest } from './passing-request.ts';
import { type Detached, RequestQueue } from './request-queue.ts';
import type { ScriptCalls } from './script-calls.ts';
import type { Segment } from './segment.ts';
import { SendWindow } from './send-window.ts';
import { ServerLink } from './server-link.ts';
import type { SlowReader } from './slow-reader.ts';
import { writeTogether } from './write-together.ts';

/** Requests that are looked at in one turn, where some may be of clients that have left. */
const LOOKED_AT = 4096;
const LEFT = errorReply(`its client has left; ${NOT_EXECUTED}`);

/**
 * The way out of a server connection: requests queue here, and what was queued in a turn is written at its end. A layer of
 * `ServerConnection`, which has the way back; every request takes both.
 */
export abstract class SendingConnection extends ServerLink implements Flushable {
  readonly queue: RequestQueue;
  /** When the last bytes of a large request or reply passed: the server was at work then. */
  protected progressAt = 0;
  private dirty = false;
  /** Of clients, see `Loop`: when these were last looked at. */
  private departures = 0;
  /** The large request that this connection is reserved for, see `LargeConnections`. */
  stream: PassingRequest | null = null;
  protected readonly window: SendWindow;
  /** Bytes of requests that may wait here. */
  protected readonly mostWeight: number;

  abstract readonly held: HeldRequests;
  abstract readonly scriptCalls: ScriptCalls;
  protected abstract readonly slowReader: SlowReader;
  /** Reads from the server again, where it was not for the sake of a client that may have more now. */
  abstract readOn(owner?: Owner): void;

  /** @param isShared by all clients; otherwise one has it to itself */
  constructor(server: ConnectedServer, lane: Lane, isShared: boolean) {
    super(server, lane);
    this.queue = new RequestQueue(isShared);
    this.mostWeight = server.budget.limit;
    const { databases, serverReplyBytes, serverConnections } = server.config;
    // all others together may have been asked for as much as the first one
    const sharing = isSharedElsewhere(lane) ? databases : 1;
    this.window = new SendWindow(server.counters, Math.ceil(serverReplyBytes / serverConnections), sharing);
  }

  send(who: Receiver, tag: number, command: number, bytes: Uint8Array, from: number, to: number): void {
    if (this.queue.weight > this.mostWeight) {
      this.refuseFor(who, tag);
      return;
    }
    if (this.server.holds && this.isHeldUp && this.held.refuses(who, tag, to - from)) return;
    this.queue.push(who, tag, command, this.server.loop.now(), bytes, from, to);
    const { counters } = this.server;
    counters.requests++;
    counters.requestBytes += to - from;
    this.touch();
  }

  sendParts(who: Receiver, tag: number, command: number, parts: Uint8Array[]): void {
    if (this.queue.weight > this.mostWeight) {
      this.refuseFor(who, tag);
      return;
    }
    if (this.server.holds && this.isHeldUp) {
      const length = parts.reduce((sum, part) => sum + part.length, 0);
      if (this.held.refuses(who, tag, length)) return;
    }
    const before = this.queue.bytesIn;
    this.queue.pushParts(who, tag, command, this.server.loop.now(), parts);
    const { counters } = this.server;
    counters.requests++;
    counters.requestBytes += this.queue.bytesIn - before;
    this.touch();
  }

  /** A request that is answered with several replies, as the `batch` of `who` says. */
  sendBatch(who: Receiver, tag: number, command: number, parts: Uint8Array[]): void {
    const { queue } = this;
    const before = queue.tail;
    if (parts.length === 1) this.send(who, tag, command, parts[0], 0, parts[0].length);
    else this.sendParts(who, tag, command, parts);
    if (queue.tail > before) queue.lastBatch = queue.tail - 1;
  }

  /** Requests of clients that left wait too, and nobody can be stopped for them. */
  private refuseFor(who: Receiver, tag: number): void {
    const { name } = this.server;
    who.fail(tag, errorReply(`${this.mostWeight} bytes already wait for '${name}'; ${NOT_EXECUTED}`));
  }

  /** A request that is sent while it comes in; `streamGrew` says that more of it is there. */
  sendStream(who: Receiver, command: number, segment: Segment): void {
    this.progressAt = this.server.loop.now();
    this.queue.pushPassing(who, 0, command, this.progressAt, segment);
    const { counters } = this.server;
    counters.requests++;
    counters.requestBytes += segment.unsent;
    this.touch();
  }

  streamGrew(bytes: number): void {
    this.queue.bytesIn += bytes;
    this.server.counters.requestBytes += bytes;
    this.touch();
  }

  /** Takes over what another connection could not get answered; its time begins anew. */
  adopt(requests: readonly Detached[]): void {
    const { counters, loop } = this.server;
    const before = this.queue.bytesIn;
    for (const request of requests)
      this.queue.pushDetached({ ...this.scriptCalls.renewed(request), time: loop.now() });
    counters.requests += requests.length;
    counters.requestBytes += this.queue.bytesIn - before;
    this.touch();
  }

  touch(): void {
    if (this.dirty) return;
    this.dirty = true;
    this.server.loop.flushServer(this);
  }

  /** Writes what waits, once per turn. */
  flush(): void {
    this.dirty = false;
    const { queue } = this;
    if (this.slowReader.isWaitedFor) this.readOn();
    if (!this.isReady) {
      if (this.isIdle && queue.length > 0 && !this.held.blocks) this.connect();
      if (queue.length > 0) this.server.watchTimeouts();
      return;
    }
    const maySend = this.maySend();
    // asking may have failed requests that waited in vain, and their client's own connection ends with them
    const { link } = this;
    if (!maySend || link === null) {
      if (queue.length > 0) this.server.watchTimeouts();
      return;
    }
    if (queue.sent === queue.head) this.window.begin(this.server.loop.now());
    if (this.server.loop.departures !== this.departures) {
      this.departures = this.server.loop.departures;
      queue.noteDepartures();
    }
    const all = this.sendEnd;
    const isOver = queue.mayLeaveOut ? this.writeForThoseHere(link, all) : this.write(link, all);
    if (!isOver) return;
    if (queue.length > 0) this.server.watchTimeouts();
    if (this.stream !== null) this.streamWentOut(this.stream);
  }

  /** Writes what the link takes of the requests before `all`, and the window lets through. False when the link is gone. */
  private write(link: Link, all: number): boolean {
    const { queue } = this;
    const end = Math.min(all, queue.sent + this.window.size - queue.unanswered);
    if (end === all) writeTogether(link, queue, end);
    while (queue.sent < end) {
      const segment = queue.segments[queue.sent & queue.mask];
      while (segment.sentTo < queue.writeEnd(segment, end) || segment.nextPart()) {
        const to = queue.writeEnd(segment, end);
        const taken = link.write(segment.bytes, segment.sentTo, to);
        if (taken < 0) {
          this.end('error', BROKEN_PIPE);
          return false;
        }
        segment.sentTo += taken;
        queue.bytesWritten += taken;
        if (segment.sentTo < to) {
          this.blocked = true;
          break;
        }
      }
      queue.noteWritten(segment);
      if (this.blocked || segment.open) break;
    }
    if (end < all) this.shutWindow();
    return true;
  }

  /** As `write`, without what clients that have left asked for. What that takes is bounded: the rest follows next turn. */
  private writeForThoseHere(link: Link, all: number): boolean {
    const { queue } = this;
    const stopAt = queue.sent + LOOKED_AT;
    while (queue.sent < all) {
      const from = queue.sent;
      const end = queue.leaveOut(all, LOOKED_AT, LEFT);
      if (!this.write(link, end)) return false;
      if (this.blocked || queue.sent < end || queue.sent === from) break;
      if (queue.sent < stopAt) continue;
      if (queue.sent < all) this.shutWindow();
      this.server.loop.nextTurn(() => this.touch());
      break;
    }
    return true;
  }

  /** The rest of what waits is sent when more replies have come. */
  protected shutWindow(): void {
    this.window.isShut = true;
  }

  private streamWentOut(stream: PassingRequest): void {
    this.progressAt = this.server.loop.now();
    stream.onWritten();
  }

  /** Asked once before a flush, while the connection is ready. */
  protected maySend(): boolean {
    return !this.blocked && !this.held.blocks && !this.server.mustWait;
  }

  /** Up to which request of the queue a flush may write. */
  protected get sendEnd(): number {
    return this.queue.tail;
  }

  /** True while nothing is sent for want of a master. */
  protected get isHeldUp(): boolean {
    return !this.isReady || this.held.blocks || this.server.mustWait;
  }
}
