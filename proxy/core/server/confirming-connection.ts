import { COMMANDS, commandId } from '../../protocol/command-table.ts';
import { encodeRequest } from '../../protocol/replies.ts';
import type { Receiver } from '../base/receiver.ts';
import { Confirmations } from './confirmations.ts';
import type { ConnectedServer } from './connected-server.ts';
import { ServerConnection } from './connection.ts';
import type { Lane } from './lane.ts';
import type { Detached } from './request-queue.ts';
import type { Segment } from './segment.ts';

const WAIT = commandId('wait');
/** Replicas have no part in what these do: it is done when the master has answered. */
const UNCONFIRMED: ReadonlySet<number> = new Set([commandId('publish'), commandId('spublish')]);
/**
 * WAITs under way at once: one that the server works on, and one behind it so that it does not idle. What comes
 * meanwhile is sent together, under one WAIT. More of them would only queue up when a replica hangs.
 */
const MOST_WAITS = 2;
/** How long the server may wait for replicas when it is only asked whether they are back. Milliseconds. */
const PROBE_TIMEOUT = 100;

/** Why requests wait, for the error of those that wait in vain. */
const UNCERTAIN = 'nobody confirms that it has not been replaced';
const TOO_FEW = 'too few replicas answer';

/**
 * A server connection of a pool with `wait_replicas`: one WAIT goes behind everything that is flushed at once, if a
 * write is among it, and the replies to those writes go out when its answer is good.
 *
 * A pool that holds requests sends no write where a WAIT would tell that replicas are missing: on a new connection that
 * is asked first, and after a WAIT that too few replicas answered, until one is answered well or another master is
 * named. The master may have been promoted a moment ago, or be the one that the others have left behind. It sends nothing at
 * all while nothing speaks for the master (`Lease`): what is read from it then may be old.
 */
export class ConfirmingConnection extends ServerConnection {
  private readonly confirmations: Confirmations;
  /** When the last WAIT was answered: what is behind it had to wait for it. */
  private answeredAt = 0;
  /** The socket took a part of a batch, or the window did, so the rest must follow whatever else waits. */
  private unfinished = false;
  /** Replicas are missing, or may be: writes wait. */
  private doubtful = false;
  /** Up to which request of the queue may be sent all the same. */
  private doubtfulEnd = 0;
  private readonly probe: Uint8Array;
  /** Nothing is sent, for the master may have been replaced. */
  private uncertain = false;
  /** Since when replies are held back and no WAIT is on its way; null = that is not so. */
  private owedSince: number | null = null;

  constructor(server: ConnectedServer, lane: Lane, isShared: boolean) {
    super(server, lane, isShared);
    const { waitReplicas, waitTimeout } = server.config;
    this.probe = encodeRequest(['WAIT', String(waitReplicas), String(Math.min(PROBE_TIMEOUT, waitTimeout))]);
    this.confirmations = new Confirmations(waitReplicas, waitTimeout, (answer) => {
      this.answeredAt = server.loop.now();
      if (answer === 'too few') this.beginDoubt();
      else if (this.doubtful) this.endDoubt();
      this.touch();
    });
  }

  override send(
    who: Receiver,
    tag: number,
    command: number,
    bytes: Uint8Array,
    from: number,
    to: number,
  ): void {
    super.send(this.receiverOf(who, tag, command), tag, command, bytes, from, to);
  }

  override sendParts(who: Receiver, tag: number, command: number, parts: Uint8Array[]): void {
    super.sendParts(this.receiverOf(who, tag, command), tag, command, parts);
  }

  override sendStream(who: Receiver, command: number, segment: Segment): void {
    super.sendStream(this.receiverOf(who, 0, command), command, segment);
  }

  private receiverOf(who: Receiver, tag: number, command: number): Receiver {
    const isConfirmed = COMMANDS[command].write && !UNCONFIRMED.has(command);
    return isConfirmed ? this.confirmations.receiver(who, tag) : who;
  }

  protected override maySend(): boolean {
    if (!super.maySend()) return false;
    const { lease, loop } = this.server;
    if (lease !== null && lease.holds(loop.now()) === this.uncertain) this.turnUncertain();
    if (this.uncertain) return false;
    if (this.doubtful) return this.mayProbe();
    const { confirmations, queue } = this;
    if (!confirmations.needed || (queue.sent === queue.tail && !confirmations.isOwed)) return true;
    if (confirmations.underWay >= MOST_WAITS && !this.unfinished) return false;
    this.unfinished = false;
    confirmations.needed = false;
    this.pushWait(confirmations.request);
    return true;
  }

  /** Between sending and not sending, as the lease says. */
  private turnUncertain(): void {
    const { held } = this;
    this.uncertain = !this.uncertain;
    if (this.uncertain) held.lastFault = UNCERTAIN;
    else held.lastFault = this.doubtful ? TOO_FEW : '';
    if (!this.uncertain) held.forgetLeft();
  }

  private pushWait(request: Uint8Array): void {
    const { confirmations, queue, server } = this;
    confirmations.underWay++;
    queue.push(confirmations, 0, WAIT, server.loop.now(), request, 0, request.length);
    server.counters.requests++;
    server.counters.requestBytes += request.length;
  }

  /** It is a write that no WAIT covers, once more. */
  protected override repeatsScript(buffer: Uint8Array, from: number, to: number): boolean {
    if (!super.repeatsScript(buffer, from, to)) return false;
    this.confirmations.needed = true;
    return true;
  }

  protected override onReady(): void {
    super.onReady();
    this.beginDoubt();
  }

  override onTooFewReplicas(): void {
    this.beginDoubt();
  }

  private beginDoubt(): void {
    const { held, queue, server } = this;
    if (!server.holds || this.doubtful) return;
    this.doubtful = true;
    held.lastFault = TOO_FEW;
    // a batch that the socket took in part is completed, and what comes from now on is not a part of it
    queue.seal();
    this.doubtfulEnd = this.blocked || queue.isTorn ? queue.tail : queue.sent;
  }

  private endDoubt(): void {
    this.doubtful = false;
    this.held.lastFault = '';
    this.held.forgetLeft();
  }

  /**
   * While writes wait: asks whether the replicas have the last one by now, and lets reads pass that do not stand behind
   * a write of their client.
   */
  private mayProbe(): boolean {
    const { confirmations, held, queue } = this;
    if (queue.sent === queue.tail && !confirmations.isOwed) return false;
    if (queue.sent < this.doubtfulEnd) return true;
    if (confirmations.underWay > 0) return false;
    const { kept, expired } = held.sort(queue.detachUnsent(), this.server.loop.now());
    const writers = new Set<object>();
    const waiting: Detached[] = [];
    for (const request of kept) {
      if (COMMANDS[request.command].write) writers.add(request.who.owner);
      if (writers.has(request.who.owner)) waiting.push(request);
      else queue.pushDetached(request);
    }
    this.pushWait(this.probe);
    queue.seal();
    this.doubtfulEnd = queue.tail;
    for (const request of waiting) queue.pushDetached(request);
    confirmations.needed = waiting.length > 0;
    held.failExpired(expired);
    return true;
  }

  protected override get sendEnd(): number {
    return this.doubtful ? Math.min(this.doubtfulEnd, this.queue.tail) : super.sendEnd;
  }

  protected override get isHeldUp(): boolean {
    return this.doubtful || this.uncertain || super.isHeldUp;
  }

  protected override get waitsForMaster(): boolean {
    return this.uncertain || super.waitsForMaster;
  }

  override onWritable(): void {
    this.unfinished = true;
    super.onWritable();
  }

  /** The rest of a batch, with its WAIT, must follow. */
  protected override shutWindow(): void {
    super.shutWindow();
    this.unfinished = true;
  }

  override onRequeued(): void {
    super.onRequeued();
    this.doubtfulEnd = this.queue.sent;
    this.confirmations.startOver();
    if (this.confirmations.isOwed) this.touch();
  }

  override get isTimed(): boolean {
    return super.isTimed || this.confirmations.isOwed;
  }

  override checkTimeouts(now: number, timeout: number): void {
    const { failoverHold, waitTimeout } = this.server.config;
    super.checkTimeouts(now, timeout === 0 ? 0 : timeout + waitTimeout);
    this.owedSince = this.confirmations.isOwed ? (this.owedSince ?? now) : null;
    if (this.owedSince !== null && now - this.owedSince >= failoverHold)
      this.confirmations.doubt(`nobody could be asked for ${failoverHold} ms`);
  }

  protected override countsFrom(): number {
    return Math.max(super.countsFrom(), this.answeredAt);
  }

  override drop(): void {
    super.drop();
    this.unfinished = false;
    this.doubtful = false;
    this.uncertain = false;
    this.confirmations.startOver();
    this.confirmations.doubt(`the connection to '${this.server.name}' ended before they had answered`);
  }
}
