import { errorReply, INVALID, reasonOf, TIMED_OUT } from '../../protocol/replies.ts';
import type { Owner, Receiver } from '../base/receiver.ts';
import type { EndKind } from './connected-server.ts';
import { HeldRequests } from './held-requests.ts';
import type { Holder } from './holder.ts';
import { PushReader } from './push-reader.ts';
import { ReplyReader } from './reply-reader.ts';
import { ScriptCalls } from './script-calls.ts';
import { SendingConnection } from './sending-connection.ts';
import { SlowReader } from './slow-reader.ts';

/** Bytes that came at once and may be large replies. */
const WORTH_A_LOOK = 16 * 1024;

/**
 * One of a server's connections, shared by all clients. It outlives its sockets: requests queue here while there is
 * none. Replies are matched to requests by order alone, so after anything unexpected the socket is closed.
 */
export class ServerConnection extends SendingConnection {
  protected replies = new ReplyReader(this);
  /** When it last began to send: time spent waiting for a master is not the server's. */
  private readySince = 0;
  protected readonly slowReader = new SlowReader(this);
  readonly held = new HeldRequests(this);
  readonly scriptCalls = new ScriptCalls(this);
  /** The one client that this connection belongs to, where it does. */
  private holder: Holder | null = null;
  /** Milliseconds that an answer may take besides the pool's timeout: a request that waits for something is on its way. */
  patience = 0;

  /** From now on it belongs to one client, who hears what the server says unasked. To be called before it is used. */
  hold(holder: Holder): void {
    this.holder = holder;
    this.replies = new PushReader(this, holder);
  }

  protected override get greeting(): Holder['greeting'] | null {
    return this.holder?.greeting ?? null;
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
    if (window.look(queue.unanswered)) this.touch();
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
    const { holds, config } = this.server;
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
    const limit = isHalfSent && this.waitsForMaster ? patient || config.failoverHold : patient;
    const since = Math.max(queue.times[queue.head & queue.mask], this.countsFrom(), this.progressAt);
    if (limit > 0 && now - since >= limit) this.end('timeout', TIMED_OUT);
  }

  /** True while there is no master to send anything to. */
  protected get waitsForMaster(): boolean {
    return this.server.mustWait;
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

  /** Sends again after a pause, or connects. The time of what was sent before goes on. */
  resume(): void {
    const { queue, server } = this;
    if (queue.head === queue.sent && !queue.isTorn) this.readySince = server.loop.now();
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
