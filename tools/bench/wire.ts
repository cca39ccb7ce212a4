import { connect, type Socket } from 'node:net';
import { encodeRequest } from '../../proxy/protocol/replies.ts';
import { REPLY_BAD, REPLY_DONE, ReplyFramer } from '../../proxy/protocol/reply-framer.ts';

/** Where a Redis, or what looks like one, listens. */
export interface Place {
  readonly host: string;
  readonly port: number;
  readonly password?: string;
}

interface Waiter {
  readonly count: number;
  readonly done: (replies: Buffer[]) => void;
  readonly fail: (error: Error) => void;
}

/** A client that costs next to nothing itself: requests are bytes made beforehand, and replies are not looked into. */
export class Wire {
  readonly #framer = new ReplyFramer();
  readonly #waiters: Waiter[] = [];
  #rest: Buffer = Buffer.alloc(0);
  #begun: Buffer[] = [];
  #replies: Buffer[] = [];
  #ended: Error | undefined;

  private constructor(private readonly socket: Socket) {
    socket.on('data', (chunk: Buffer) => this.#take(chunk));
    socket.on('error', (error) => this.#fail(error));
    socket.on('close', () => this.#fail(new Error('the connection was closed')));
  }

  /** @throws Error when it cannot connect, or the password is refused */
  static async open({ host, port, password }: Place): Promise<Wire> {
    const socket = await new Promise<Socket>((done, fail) => {
      const made = connect({ host, port, noDelay: true }, () => done(made));
      made.once('error', fail);
    });
    const wire = new Wire(socket);
    if (password !== undefined) await wire.ask(encodeRequest(['AUTH', password]));
    return wire;
  }

  /**
   * Sends requests and waits for so many replies, in their order; whatever else comes before them counts as one, too.
   * @throws Error with the words of the first error among the replies
   */
  ask(requests: Uint8Array, count = 1): Promise<Buffer[]> {
    const replies = this.next(count);
    this.socket.write(requests);
    return replies;
  }

  /** The next so many replies or messages. @throws Error with the words of the first error among them */
  async next(count = 1): Promise<Buffer[]> {
    const replies = await new Promise<Buffer[]>((done, fail) => {
      if (this.#ended !== undefined) fail(this.#ended);
      else this.#waiters.push({ count, done, fail });
      this.#serve();
    });
    const error = replies.find((reply) => reply[0] === MINUS);
    if (error !== undefined) throw new Error(error.toString('latin1', 1, 300).trimEnd());
    return replies;
  }

  close(): void {
    this.socket.destroy();
  }

  #take(chunk: Buffer): void {
    let buffer = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    for (let from = 0; ; ) {
      const to = this.#framer.next(buffer, from, buffer.length);
      if (this.#framer.status === REPLY_BAD) {
        this.#fail(new Error('what came is no reply'));
        return;
      }
      this.#begun.push(buffer.subarray(from, to));
      if (this.#framer.status !== REPLY_DONE) {
        buffer = buffer.subarray(to);
        break;
      }
      this.#replies.push(this.#begun.length === 1 ? this.#begun[0] : Buffer.concat(this.#begun));
      this.#begun = [];
      from = to;
      if (from === buffer.length) {
        buffer = Buffer.alloc(0);
        break;
      }
    }
    this.#rest = buffer;
    this.#serve();
  }

  #serve(): void {
    while (this.#waiters.length > 0 && this.#replies.length >= this.#waiters[0].count) {
      const waiter = this.#waiters.shift() as Waiter;
      waiter.done(this.#replies.splice(0, waiter.count));
    }
  }

  #fail(error: Error): void {
    this.#ended ??= error;
    for (const { fail } of this.#waiters.splice(0)) fail(error);
  }
}

const MINUS = 45;

/** The bytes of several requests, one after the other. */
export const requests = (...all: ReadonlyArray<readonly string[]>): Buffer =>
  Buffer.concat(all.map((words) => encodeRequest(words)));
