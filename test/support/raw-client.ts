import { connect, type Socket } from 'node:net';
import { REPLY_DONE, ReplyFramer } from '../../proxy/protocol/reply-framer.ts';
import { waitUntil } from './wait-until.ts';

/** A plain socket that sees every byte of the answers. */
export class RawClient {
  received: Buffer<ArrayBufferLike> = Buffer.alloc(0);
  closed = false;

  private constructor(readonly socket: Socket) {
    socket.on('data', (chunk) => {
      this.received = Buffer.concat([this.received, chunk]);
    });
    socket.on('close', () => {
      this.closed = true;
    });
    socket.on('error', () => undefined);
  }

  /** @param place a port on 127.0.0.1, the path of a Unix socket, or host and port, with the address to connect from */
  static open(
    place: number | string | { host: string; port: number; localAddress?: string },
  ): Promise<RawClient> {
    const address =
      typeof place === 'string'
        ? { path: place }
        : typeof place === 'number'
          ? { host: '127.0.0.1', port: place }
          : place;
    return new Promise((done, fail) => {
      const socket = connect({ ...address, noDelay: true }, () => done(new RawClient(socket)));
      socket.once('error', fail);
    });
  }

  send(bytes: string | Uint8Array): void {
    this.socket.write(bytes);
  }

  /** Sends and waits for so many replies, or for the end of the connection. Returns all bytes since the last call. */
  async ask(bytes: string | Uint8Array, replies = 1, withinMs = 5000): Promise<string> {
    this.received = Buffer.alloc(0);
    this.send(bytes);
    return await this.replies(replies, withinMs);
  }

  /** Waits until so many replies are there, or the end of the connection. Returns all bytes since the last `ask`. */
  async replies(replies: number, withinMs = 5000): Promise<string> {
    await waitUntil(`${replies} replies`, () => this.closed || countReplies(this.received) >= replies, {
      withinMs,
      everyMs: 1,
    });
    return this.received.toString('latin1');
  }

  end(): void {
    this.socket.destroy();
  }
}

function countReplies(bytes: Uint8Array): number {
  const framer = new ReplyFramer();
  let count = 0;
  let at = 0;
  while (at < bytes.length) {
    at = framer.next(bytes, at, bytes.length);
    if (framer.status !== REPLY_DONE) break;
    count++;
  }
  return count;
}

/** A request in RESP form, as text in latin1. */
export function request(...words: (string | Buffer)[]): Buffer {
  const parts = words.map((word) => Buffer.from(word as string, 'latin1'));
  return Buffer.concat([
    Buffer.from(`*${parts.length}\r\n`),
    ...parts.flatMap((part) => [Buffer.from(`$${part.length}\r\n`), part, Buffer.from('\r\n')]),
  ]);
}
