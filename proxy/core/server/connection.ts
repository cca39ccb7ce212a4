import {
  BROKEN_PIPE,
  errorReply,
  INVALID,
  NOT_EXECUTED,
  reasonOf,
  TIMED_OUT,
} from '../../protocol/replies.ts';
import type { Link } from '../../transport/link.ts';
import type { Flushable } from '../base/loop.ts';
import type { Owner, Receiver } from '../base/receiver.ts';
import type { ConnectedServer, EndKind } from './connected-server.ts';
import { HeldRequests } from './held-requests.ts';
import type { Holder } from './holder.ts';
import { isSharedElsewhere, type Lane } from './lane.ts';
import type { PassingRequest } from './passing-request.ts';
import { PushReader } from './push-reader.ts';
import { ReplyReader } from './reply-reader.ts';
import { type Detached, RequestQueue } from './request-queue.ts';
import { ScriptCalls } from './script-calls.ts';
import type { Segment } from './segment.ts';
import { SendWindow } from './send-window.ts';
import { ServerLink } from './server-link.ts';
import { SlowReader } from './slow-reader.ts';
import { writeTogether } from './write-together.ts';

/** Bytes that came at once and may be large replies. */
const WORTH_A_LOOK = 16 * 1024;

/**
 * One of a server's connections, shared by all clients. It outlives its sockets: requests queue here while there is
 * none. Replies are matched to requests by order alone, so after anything unexpected the socket is closed.
 */
export class ServerConnection extends ServerLink implements Flushable {
  readonly queue = new RequestQueue();
  protected replies = new ReplyReader(this);
  /** When it last began to send: time spent waiting for a master is not the server's. */
  private readySince = 0;
  /** When the last bytes of a large request or reply passed: the server was at work then. */
  private progressAt = 0;
  private dirty = false;
  /** The large request that this connection is reserved for, see `LargeConnections`. */
  stream: PassingRequest | null = null;
  private readonly slowReader = new SlowReader(this);
  readonly held = new HeldRequests(this);
  readonly scriptCalls = new ScriptCalls(this);
  private readonly window: SendWindow;
  /** The one client that this connection belongs to, where it does. */
  private holder: Holder | null = null;
  /** Milliseconds that an answer may take besides the pool's timeout: a request that waits for something is on its way. */
  patience = 0;
  /** Bytes of requests that may wait here. */
  private readonly mostWeight: number;

  constructor(server: ConnectedServer, lane: Lane) {
    super(server, lane);
    this.mostWeight = server.budget.limit;
    const { databases, serverReplyBytes, serverConnections } = server.config;
    // all others together may have been asked for as much as the first one
    const sharing = isSharedElsewhere(lane) ? databases : 1;
    this.window = new SendWindow(server.counters, Math.ceil(serverReplyBytes / serverConnections), sharing);
  }

  /** From now on it belongs to one client, who hears what the server says unasked. To be called before it is used. */
  hold(holder: Holder): void {
    this.holder = holder;
    this.replies = new PushReader(this, holder);
  }

  protected override get greeting(): Holder['greeting'] | null {
    return this.holder?.greeting ?? null;
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

  /** No more of the request that is passed on will come: the server must not take what follows for its rest. */
  abandonStream(): void {
    this.replies.breakOff();
    this.drop();
    this.queue.clear();
  }

  /** Closes the socket for good; nobody is told. */
  discard(): void {
    this.replies.breakOff();
    this.held.stop();
    this.drop();
    this.queue.clear();
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
    if (!this.maySend()) {
      if (queue.length > 0) this.server.watchTimeouts();
      return;
    }
    const link = this.link as Link;
    if (queue.sent === queue.head) this.window.begin(this.server.loop.now());
    const all = this.sendEnd;
    const end = Math.min(all, queue.head + this.window.size);
    if (end === all) writeTogether(link, queue, end);
    while (queue.sent < end) {
      const segment = queue.segments[queue.sent & queue.mask];
      while (segment.sentTo < queue.writeEnd(segment, end) || segment.nextPart()) {
        const to = queue.writeEnd(segment, end);
        const taken = link.write(segment.bytes, segment.sentTo, to);
        if (taken < 0) {
          this.end('error', BROKEN_PIPE);
          return;
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
    if (queue.length > 0) this.server.watchTimeouts();
    if (this.stream !== null) this.streamWentOut(this.stream);
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

  protected onReady(): void {
    this.readySince = this.server.loop.now();
    this.held.onReady();
    this.server.onReady();
    this.touch();
  }

  /** The server refused a write because too few replicas follow it. */
  onTooFewReplicas(): void {}

  onBytes(chunk: Uint8Array): void {
    const { queue, replies, window } = this;
    replies.read(chunk);
    if (!window.isShut && chunk.length < WORTH_A_LOOK) return;
    if (window.look(queue.sent - queue.head)) this.touch();
  }

  /** An error reply has come. True when it was dealt with: the request waits, or the connection is gone. */
  takesError(buffer: Uint8Array, from: number, to: number): boolean {
    if (this.server.errorIsFailure(buffer, from, to)) {
      this.end('error', INVALID);
      return true;
    }
    if (this.held.takesBack(buffer, from, to) || this.repeatsScript(buffer, from, to)) return true;
    this.server.onErrorReply(buffer, from);
    return false;
  }

  /** True when the server lacked a script, and gets the call again with it. */
  protected repeatsScript(buffer: Uint8Array, from: number, to: number): boolean {
    if (this.held.draining || this.queue.weight > this.mostWeight) return false;
    if (!this.scriptCalls.mends(buffer, from, to)) return false;
    this.touch();
    return true;
  }

  onWritable(): void {
    this.blocked = false;
    this.touch();
  }

  /** False when time does nothing to what is under way. */
  get isTimed(): boolean {
    const { queue } = this;
    return queue.length > 0 && (this.patience !== Number.POSITIVE_INFINITY || queue.sent !== queue.tail);
  }

  /** Fails what has waited too long at `now`. `timeout` 0 = none. */
  checkTimeouts(now: number, timeout: number): void {
    const { queue } = this;
    const { holds, mustWait, config } = this.server;
    if (this.stream?.turnedAway(now) || queue.length === 0) return;
    if (this.slowReader.isWaitedFor) {
      this.slowReader.check(now, timeout);
      return;
    }
    const isHalfSent = !queue.isRepeatable(queue.head) || (queue.head === queue.sent && queue.isTorn);
    if (holds && !isHalfSent) {
      this.held.expire(now);
      if (queue.head === queue.sent) return;
    }
    if (this.stream?.waitsForClient) return;
    const patient = timeout === 0 ? 0 : timeout + this.patience;
    const limit = isHalfSent && mustWait ? patient || config.failoverHold : patient;
    const since = Math.max(queue.times[queue.head & queue.mask], this.countsFrom(), this.progressAt);
    if (limit > 0 && now - since >= limit) this.end('timeout', TIMED_OUT);
  }

  /** Bytes of a reply have come that is not complete. */
  onProgress(): void {
    this.progressAt = this.server.loop.now();
  }

  /** After reading: reads no further while the client whose reply is next does not read what it has. */
  pauseForReader(): void {
    this.slowReader.waitIfSlow(this.link, this.holder?.owner ?? null);
  }

  /** The client `owner`, or whoever is waited for, has read, or left, or may have more. */
  readOn(owner?: Owner): void {
    if (!this.slowReader.mayGoOn(owner)) return;
    this.slowReader.forget();
    this.progressAt = this.server.loop.now();
    this.link?.resume();
  }

  /** Before this nothing could be answered, whenever it was queued. */
  protected countsFrom(): number {
    return this.server.holds ? this.readySince : 0;
  }

  /** Requests were put back to be sent (again); those of the connection's own were dropped. */
  onRequeued(): void {
    this.holder?.onLost();
  }

  /** Sends again after a pause, or connects. */
  resume(): void {
    this.readySince = this.server.loop.now();
    this.touch();
  }

  /** Closes the socket; everything on the connection is told so, or kept for another attempt. */
  end(kind: EndKind, text: string): void {
    const hadLink = this.link !== null;
    this.drop();
    if (hadLink) this.server.onEnd(kind, this.queue.length > 0);
    this.giveUp(kind, text);
  }

  /** The server is well, but of no use to this connection, and no time makes it better. */
  protected override turnedDown(text: string): void {
    this.drop();
    const error = errorReply(text);
    for (const { tag, who } of this.queue.detachAll()) who.fail(tag, error);
  }

  /** Closes the socket without a word to the statistics. Requests stay queued. */
  override drop(): void {
    const wasConnected = this.isConnected;
    super.drop();
    this.replies.restart();
    this.slowReader.forget();
    this.window.restart();
    if (wasConnected) this.holder?.onLost();
  }

  /** Deals with the requests of a connection that has no socket any more. */
  protected giveUp(kind: EndKind, text: string): void {
    const { queue } = this;
    this.replies.breakOff();
    if (this.server.holds) {
      this.held.keepUnexecuted(kind, text);
      return;
    }
    const error = errorReply(text);
    const lost: { who: Receiver; tag: number; wasSent: boolean }[] = [];
    for (let i = queue.head; i < queue.tail; i++) {
      const at = i & queue.mask;
      lost.push({ who: queue.who[at], tag: queue.tags[at], wasSent: queue.wasSent(i) });
    }
    queue.clear();
    for (const { who, tag, wasSent } of lost) {
      if (who.lost === undefined) who.fail(tag, error);
      else who.lost(tag, wasSent, reasonOf(text));
    }
  }
}
