import type { Socket } from 'node:net';

/** Of the mark that ends an RDB file whose length was not known when it began. */
export const MARK_BYTES = 40;
/**
 * As long as somebody replicates, a redis lists him among its replicas, and the sentinels of a master would take him for one,
 * for good. An address that cannot be they leave alone (sentinel.c, createSentinelAddr).
 */
export const NO_PORT = 65536;

/** Writes one command of the replication protocol. */
export function tell(socket: Socket, ...words: string[]): void {
  const parts = words.map((word) => `$${Buffer.byteLength(word)}\r\n${word}\r\n`);
  socket.write(`*${words.length}\r\n${parts.join('')}`);
}

/** @returns the reply, which is a line. @throws Error when it is an error */
export async function ask(socket: Socket, lines: LineReader, ...words: string[]): Promise<string> {
  tell(socket, ...words);
  const reply = await lines.line();
  if (!reply.startsWith('+')) throw new Error(`${words[0]}: ${reply.slice(1)}`);
  return reply;
}

/** What a socket sends: lines first, then everything behind them. */
export class LineReader {
  readonly #chunks: AsyncIterator<Buffer>;
  #held: Buffer = Buffer.alloc(0);

  constructor(chunks: AsyncIterator<Buffer>) {
    this.#chunks = chunks;
  }

  /** The next line that is not empty, without its end. */
  async line(): Promise<string> {
    for (;;) {
      const end = this.#held.indexOf('\n');
      if (end >= 0) {
        const line = this.#held.subarray(0, end).toString('latin1').trim();
        this.#held = this.#held.subarray(end + 1);
        if (line !== '') return line;
        continue;
      }
      const { value, done } = await this.#chunks.next();
      if (done === true) throw new Error('the connection was closed');
      // Copied: the chunk may be good no longer than until the next one.
      this.#held = Buffer.concat([this.#held, value]);
    }
  }

  /** What has come behind the last line, or comes next; undefined at the end. */
  async chunk(): Promise<Buffer | undefined> {
    const held = this.#held;
    this.#held = Buffer.alloc(0);
    if (held.length > 0) return held;
    const { value, done } = await this.#chunks.next();
    return done === true ? undefined : value;
  }

  /** Gives back the end of a chunk, which is then the next one. */
  unread(rest: Buffer): void {
    this.#held = rest;
  }

  async *rest(): AsyncGenerator<Buffer> {
    for (;;) {
      const chunk = await this.chunk();
      if (chunk === undefined) return;
      yield chunk;
    }
  }
}
