import { createConnection, type Socket } from 'node:net';

/** What a redis answers; an error reply is a ReplyError. */
export type Reply = string | number | null | ReplyError | Reply[];

export class ReplyError extends Error {}

export interface Access {
  /** Own address to connect from; undefined: as the kernel likes. */
  readonly from?: string;
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
}

/** A reply larger than this is nobody's that we ask. Bytes. */
const LONGEST_REPLY = 1024 * 1024;

interface Waiting {
  readonly done: (reply: Reply) => void;
  readonly failed: (error: Error) => void;
  readonly timer: NodeJS.Timeout;
}

/**
 * One connection to a redis or a sentinel: commands and their replies in order, or a subscription. It ends at the first
 * trouble, an answer that is late included; whoever uses it makes another.
 */
export class RedisConnection {
  private readonly socket: Socket;
  private readonly waiting: Waiting[] = [];
  private received: Buffer = Buffer.alloc(0);
  private ended = false;

  /**
   * @param patienceMs how long an answer may take
   * @param onMessage channel and payload of what is published
   * @param onEnd called once, unless `close` was
   */
  constructor(
    { from, host, port, user, password }: Access,
    private readonly patienceMs: number,
    private readonly onEnd: (reason: string) => void = () => undefined,
    private readonly onMessage: (channel: string, payload: string) => void = () => undefined,
  ) {
    this.socket = createConnection({ host, port, noDelay: true, localAddress: from });
    this.socket.on('data', (chunk) => this.take(chunk));
    this.socket.on('error', (error) => this.end(error.message));
    this.socket.on('close', () => this.end('the connection was closed'));
    // Its failure ends the connection, and with it everything that is asked.
    this.call('AUTH', user, password).catch((error: Error) => this.end(error.message));
  }

  get open(): boolean {
    return !this.ended;
  }

  /** @throws ReplyError for an error reply, Error when the connection ends first */
  call(...words: string[]): Promise<Reply> {
    return new Promise((done, failed) => {
      if (this.ended) {
        failed(new Error('the connection has ended'));
        return;
      }
      const timer = setTimeout(() => this.end(`no answer within ${this.patienceMs} ms`), this.patienceMs);
      this.waiting.push({ done, failed, timer });
      this.socket.write(encode(words));
    });
  }

  /** Its confirmations are messages of their own kind; nothing but PING may be called any more. */
  subscribe(channels: readonly string[]): void {
    if (!this.ended) this.socket.write(encode(['SUBSCRIBE', ...channels]));
  }

  close(): void {
    this.finish('closed');
  }

  private end(reason: string): void {
    if (this.finish(reason)) this.onEnd(reason);
  }

  private finish(reason: string): boolean {
    if (this.ended) return false;
    this.ended = true;
    this.socket.destroy();
    for (const { failed, timer } of this.waiting.splice(0)) {
      clearTimeout(timer);
      failed(new Error(reason));
    }
    return true;
  }

  private take(chunk: Buffer): void {
    this.received = this.received.length === 0 ? chunk : Buffer.concat([this.received, chunk]);
    if (this.received.length > LONGEST_REPLY) {
      this.end('its answer is too long');
      return;
    }
    for (let reply = this.next(); reply !== undefined && !this.ended; reply = this.next())
      this.deliver(reply);
  }

  private next(): Reply | undefined {
    try {
      const parsed = parse(this.received, 0);
      if (parsed === undefined) return undefined;
      this.received = this.received.subarray(parsed.end);
      return parsed.value;
    } catch (error) {
      this.end((error as Error).message);
      return undefined;
    }
  }

  private deliver(reply: Reply): void {
    if (Array.isArray(reply) && reply[0] === 'subscribe') return;
    if (Array.isArray(reply) && reply[0] === 'message') {
      this.onMessage(String(reply[1]), String(reply[2]));
      return;
    }
    const first = this.waiting.shift();
    if (first === undefined) {
      this.end(`it says unasked: ${String(reply)}`);
      return;
    }
    clearTimeout(first.timer);
    if (reply instanceof ReplyError) first.failed(reply);
    else first.done(reply);
  }
}

const encode = (words: readonly string[]): string =>
  `*${words.length}\r\n${words.map((word) => `$${Buffer.byteLength(word)}\r\n${word}\r\n`).join('')}`;

/** One value of Redis' protocol, version 2; undefined while it is not complete. @throws Error for something else */
export function parse(bytes: Buffer, at: number): { value: Reply; end: number } | undefined {
  const stop = bytes.indexOf('\r\n', at, 'latin1');
  if (stop < 0) return undefined;
  const text = bytes.toString('utf8', at + 1, stop);
  const end = stop + 2;
  switch (String.fromCharCode(bytes[at])) {
    case '+':
      return { value: text, end };
    case '-':
      return { value: new ReplyError(text), end };
    case ':':
      return { value: Number(text), end };
    case '$': {
      const length = Number(text);
      if (length < 0) return { value: null, end };
      if (bytes.length < end + length + 2) return undefined;
      return { value: bytes.toString('utf8', end, end + length), end: end + length + 2 };
    }
    case '*': {
      const values: Reply[] = [];
      let next = end;
      for (let left = Number(text); left > 0; left--) {
        const item = parse(bytes, next);
        if (item === undefined) return undefined;
        values.push(item.value);
        next = item.end;
      }
      return { value: values, end: next };
    }
    default:
      throw new Error('it does not speak the protocol of Redis');
  }
}
