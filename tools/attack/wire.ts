import { connect, type Socket } from 'node:net';
import { REPLY_BAD, REPLY_DONE, ReplyFramer } from '../../proxy/protocol/reply-framer.ts';

/** Of each reply; the rest is counted and let go, for replies may be larger than this machine. */
const KEPT_BYTES = 2048;
const CONNECT_MS = 5000;

/** A connection in a hostile hand: it sends what it likes, reads when it likes, and leaves as it likes. */
export class Wire {
  /** How many replies came, and how many bytes. */
  replies = 0;
  bytes = 0;
  closed = false;
  readonly #socket: Socket;
  readonly #framer = new ReplyFramer();
  readonly #waiting: Array<(text: string | undefined) => void> = [];
  readonly #unread: string[] = [];
  readonly #hear: (bytes: Buffer) => void;
  #rest: Buffer = Buffer.alloc(0);
  #text = '';

  private constructor(socket: Socket, hear: (bytes: Buffer) => void) {
    this.#socket = socket;
    this.#hear = hear;
    socket.on('data', (chunk: Buffer) => this.#take(chunk));
    socket.on('error', () => undefined);
    socket.on('close', () => {
      this.closed = true;
      for (const wake of this.#waiting.splice(0)) wake(undefined);
    });
  }

  /** @param hear is given everything that comes @throws Error when nobody answers there */
  static open(host: string, port: number, hear: (bytes: Buffer) => void): Promise<Wire> {
    return new Promise((resolve, reject) => {
      const socket = connect({ host, port, noDelay: true });
      const fail = (error: Error): void => {
        clearTimeout(timer);
        socket.destroy();
        reject(error);
      };
      const timer = setTimeout(() => fail(new Error(`${host}:${port} does not answer`)), CONNECT_MS);
      socket.once('error', fail);
      socket.once('connect', () => {
        clearTimeout(timer);
        socket.removeListener('error', fail);
        resolve(new Wire(socket, hear));
      });
    });
  }

  /** Returns when the kernel has it, or when the connection has ended. */
  send(bytes: string | Buffer): Promise<void> {
    if (this.closed) return Promise.resolve();
    return new Promise((resolve) => {
      this.#socket.once('close', resolve);
      this.#socket.write(bytes, () => {
        this.#socket.removeListener('close', resolve);
        resolve();
      });
    });
  }

  /** The beginning of the next reply; undefined = the connection ended, or nothing came in time. */
  reply(withinMs = 5000): Promise<string | undefined> {
    const next = this.#unread.shift();
    if (next !== undefined || this.closed) return Promise.resolve(next);
    return new Promise((resolve) => {
      const wake = (text: string | undefined): void => {
        clearTimeout(timer);
        resolve(text);
      };
      const timer = setTimeout(() => {
        this.#waiting.splice(this.#waiting.indexOf(wake), 1);
        resolve(undefined);
      }, withinMs);
      this.#waiting.push(wake);
    });
  }

  /** One request and the beginning of its reply. */
  async ask(...words: ReadonlyArray<string | Buffer>): Promise<string | undefined> {
    await this.send(request(...words));
    return this.reply();
  }

  /** Reads no more, whatever comes. */
  stopReading(): void {
    this.#socket.pause();
  }

  /** A reset, without a goodbye: what was not read is thrown away. */
  vanish(): void {
    this.#socket.resetAndDestroy();
  }

  close(): void {
    this.#socket.destroy();
  }

  #take(chunk: Buffer): void {
    this.bytes += chunk.length;
    this.#hear(chunk);
    const buffer = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    let at = 0;
    while (at < buffer.length) {
      const next = this.#framer.next(buffer, at, buffer.length);
      if (this.#text.length < KEPT_BYTES)
        this.#text += buffer.toString('latin1', at, Math.min(next, at + KEPT_BYTES));
      at = next;
      if (this.#framer.status === REPLY_BAD) {
        this.#socket.destroy();
        break;
      }
      if (this.#framer.status !== REPLY_DONE) break;
      this.#tell(this.#text);
      this.#text = '';
    }
    this.#rest = Buffer.from(buffer.subarray(at));
  }

  #tell(text: string): void {
    this.replies += 1;
    const wake = this.#waiting.shift();
    if (wake !== undefined) wake(text);
    // Who only counts must not keep a million of them.
    else if (this.#unread.length < 1000) this.#unread.push(text);
  }
}

/** A request in RESP form. */
export const request = (...words: ReadonlyArray<string | Buffer>): Buffer => longRequest(words);

/** The same for more words than a call takes arguments. */
export function longRequest(words: ReadonlyArray<string | Buffer>): Buffer {
  const parts: Buffer[] = [Buffer.from(`*${words.length}\r\n`)];
  for (const word of words) {
    const bytes = typeof word === 'string' ? Buffer.from(word) : word;
    parts.push(Buffer.from(`$${bytes.length}\r\n`), bytes, Buffer.from('\r\n'));
  }
  return Buffer.concat(parts);
}

/** Whether a reply is an error. */
export const isError = (reply: string | undefined): boolean => reply === undefined || reply.startsWith('-');

/** First line of a reply, for people. */
export const brief = (reply: string | undefined): string =>
  reply === undefined ? 'no answer' : reply.split('\r\n')[0].slice(0, 100);
