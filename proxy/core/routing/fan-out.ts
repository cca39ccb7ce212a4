import { errorReply } from '../../protocol/replies.ts';
import type { Owner, Receiver } from '../base/receiver.ts';
import type { PoolServer } from '../server/server.ts';

const MINUS = 45;

/** What one server answered. */
export interface ServerReply {
  readonly server: PoolServer;
  /** The whole reply; an error reply when it is an error, or when there was none. */
  readonly bytes: Uint8Array;
  readonly isError: boolean;
}

/**
 * One request of a client that is asked of several servers, and what they answered. Each is asked once; `done` is called
 * with all replies, in the order in which the servers were asked, and not at all when the client has left.
 */
export class FanOut implements Receiver {
  readonly owner: Owner;
  private readonly replies: ServerReply[] = [];
  private readonly servers: PoolServer[] = [];
  private waiting = 0;
  private isClosed = false;
  /** Bytes of replies that wait for the others. */
  private kept = 0;

  /**
   * @param asker the client
   * @param tag its number for the request
   * @param mostBytes that all replies together may have; what comes above is answered with an error in its place
   */
  constructor(
    private readonly asker: Receiver,
    private readonly tag: number,
    private readonly mostBytes: number,
    private readonly done: (replies: readonly ServerReply[]) => void,
  ) {
    this.owner = asker.owner;
  }

  /** Asks one more server: `send` is to send it something that is answered to `who` under this number. */
  ask(server: PoolServer, send: (who: Receiver, number: number) => void): void {
    this.waiting++;
    send(this, this.servers.push(server) - 1);
  }

  /** Everyone is asked. */
  close(): void {
    this.isClosed = true;
    this.doneWhenAllHaveAnswered();
  }

  reply(number: number, chunk: Uint8Array, from: number, to: number): void {
    this.arriving(number, to - from);
    const bytes = this.kept > this.mostBytes ? this.tooLarge() : chunk.subarray(from, to);
    this.note(number, bytes);
  }

  replyInParts(number: number, parts: Uint8Array[]): void {
    const whole = Buffer.concat(parts);
    this.reply(number, whole, 0, whole.length);
  }

  arriving(_number: number, bytes: number): void {
    this.kept += bytes;
    this.asker.arriving(this.tag, bytes);
  }

  /** The rest of what is too large is thrown away as it comes. */
  canStream(): boolean {
    return this.kept > this.mostBytes;
  }

  stream(): void {}

  streamed(number: number): void {
    this.note(number, this.tooLarge());
  }

  fail(number: number, text: Uint8Array): void {
    this.note(number, text);
  }

  abort(): void {
    this.asker.abort();
  }

  private tooLarge(): Uint8Array {
    return errorReply(
      `the replies of all servers together have more than ${this.mostBytes} bytes (request_bytes)`,
    );
  }

  private note(number: number, bytes: Uint8Array): void {
    this.replies[number] = { server: this.servers[number], bytes, isError: bytes[0] === MINUS };
    this.waiting--;
    this.doneWhenAllHaveAnswered();
  }

  private doneWhenAllHaveAnswered(): void {
    if (this.waiting > 0 || !this.isClosed) return;
    if (this.kept > 0) this.asker.arriving(this.tag, -this.kept);
    if (!this.owner.gone) this.done(this.replies);
  }
}
