import { COMMANDS, commandId } from '../protocol/command-table.ts';
import { Confirmations } from './confirmations.ts';
import { ServerConnection } from './connection.ts';
import type { Receiver } from './receiver.ts';
import type { PoolServer } from './server.ts';

const WAIT = commandId('wait');
/**
 * WAITs under way at once: one that the server works on, and one behind it so that it does not idle. What comes
 * meanwhile is sent together, under one WAIT. More of them would only queue up when a replica hangs.
 */
const MOST_WAITS = 2;

/**
 * A server connection of a pool with `wait_replicas`: one WAIT goes behind everything that is flushed at once, if a
 * write is among it, and the replies to those writes go out when its answer is good.
 */
export class ConfirmingConnection extends ServerConnection {
  private readonly confirmations: Confirmations;
  /** When the last WAIT was answered: what is behind it had to wait for it. */
  private answeredAt = 0;
  /** The socket took a part of a batch, so the rest must follow whatever else waits. */
  private unfinished = false;

  constructor(server: PoolServer, protocol: number) {
    super(server, protocol);
    const { waitReplicas, waitTimeout } = server.config;
    this.confirmations = new Confirmations(waitReplicas, waitTimeout, () => {
      this.answeredAt = server.loop.now();
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

  private receiverOf(who: Receiver, tag: number, command: number): Receiver {
    return COMMANDS[command].write ? this.confirmations.receiver(who, tag) : who;
  }

  protected override maySend(): boolean {
    if (!super.maySend()) return false;
    const { confirmations, queue, server } = this;
    if (!confirmations.needed || queue.sent === queue.tail) return true;
    if (confirmations.underWay >= MOST_WAITS && !this.unfinished) return false;
    this.unfinished = false;
    confirmations.needed = false;
    confirmations.underWay++;
    const { request } = confirmations;
    queue.push(confirmations, 0, WAIT, server.loop.now(), request, 0, request.length);
    server.counters.requests++;
    server.counters.requestBytes += request.length;
    return true;
  }

  override onWritable(): void {
    this.unfinished = true;
    super.onWritable();
  }

  override onRequeued(): void {
    this.confirmations.startOver();
  }

  override checkTimeouts(now: number, timeout: number): void {
    super.checkTimeouts(now, timeout === 0 ? 0 : timeout + this.server.config.waitTimeout);
  }

  protected override countsFrom(): number {
    return Math.max(super.countsFrom(), this.answeredAt);
  }

  override drop(): void {
    super.drop();
    this.unfinished = false;
    this.confirmations.startOver();
    this.confirmations.doubt(`the connection to '${this.server.name}' ended before they had answered`);
  }
}
