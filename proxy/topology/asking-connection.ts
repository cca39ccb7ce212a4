import { createConnection, type Socket } from 'node:net';
import type { PoolConfig, TlsConnect } from '../config/pool.ts';
import { encodeRequest } from '../protocol/replies.ts';
import { ReplyError, type Value, ValueReader } from '../protocol/reply-values.ts';
import { tlsSocketTo } from '../transport/node-tls.ts';
import { tlsReason } from '../transport/tls-reason.ts';

/** How to reach and greet a sentinel or a server. */
export interface Access {
  host: string;
  port: number;
  user: string | null;
  password: string | null;
  /** null = plain. */
  tls: TlsConnect | null;
}

/** How a pool reaches and greets the server at a place. */
export function serverAccess({ host, port }: { host: string; port: number }, config: PoolConfig): Access {
  const { serverUser, serverPassword, redisAuth, serverTls } = config;
  return { host, port, user: serverUser, password: serverPassword ?? redisAuth, tls: serverTls };
}

/** Who does not answer within this is asked anew over another connection. Milliseconds. */
const REPLY_LIMIT = 1500;

/**
 * One connection to a sentinel or a server, to ask and not to serve: requests and their replies in order, or a
 * subscription. Closes on any trouble.
 */
export class AskingConnection {
  private readonly socket: Socket;
  private readonly reader = new ValueReader();
  private readonly waiting: ((value: Value) => void)[] = [];
  private deadline: NodeJS.Timeout | null = null;
  private closed = false;

  /**
   * @param onMessage called with channel and payload of every message of a subscription
   * @param onClosed called once, when the connection is gone and `close` was not called
   */
  constructor(
    access: Access,
    private readonly onMessage: (channel: string, payload: string) => void,
    private readonly onClosed: (reason: string) => void,
  ) {
    const { host, port, tls } = access;
    this.socket =
      tls === null ? createConnection({ host, port, noDelay: true }) : tlsSocketTo(host, port, tls);
    this.socket.setKeepAlive(true, 5000);
    this.socket.on('data', (chunk) => this.onData(chunk));
    this.socket.on('error', (error: NodeJS.ErrnoException) => this.fail(failureOf(error)));
    this.socket.on('close', () => this.fail('closed'));
    if (access.password !== null) {
      const auth = access.user === null ? ['AUTH', access.password] : ['AUTH', access.user, access.password];
      this.request(auth, (reply) => {
        if (reply instanceof ReplyError) this.fail(`refused our password: ${reply.text}`);
      });
    }
  }

  /** Sends a request; `done` gets its reply, or nothing at all when the connection goes first. */
  request(words: string[], done: (reply: Value) => void): void {
    if (this.closed) return;
    this.waiting.push(done);
    this.deadline ??= setTimeout(() => this.fail('does not answer'), REPLY_LIMIT);
    this.socket.write(encodeRequest(words));
  }

  subscribe(channels: readonly string[]): void {
    // one confirmation for each channel comes in the form of a message
    if (!this.closed) this.socket.write(encodeRequest(['SUBSCRIBE', ...channels]));
  }

  close(): void {
    this.closed = true;
    if (this.deadline !== null) clearTimeout(this.deadline);
    this.socket.destroy();
  }

  private onData(chunk: Uint8Array): void {
    let values: Value[];
    try {
      values = this.reader.push(chunk);
    } catch (error) {
      this.fail((error as Error).message);
      return;
    }
    for (const value of values) this.onValue(value);
  }

  private onValue(value: Value): void {
    if (Array.isArray(value) && value[0] === 'message') {
      this.onMessage(String(value[1]), String(value[2]));
      return;
    }
    if (Array.isArray(value) && value[0] === 'subscribe') return;
    const done = this.waiting.shift();
    if (this.deadline !== null) clearTimeout(this.deadline);
    this.deadline =
      this.waiting.length > 0 ? setTimeout(() => this.fail('does not answer'), REPLY_LIMIT) : null;
    if (done) done(value);
    else if (value instanceof ReplyError) this.fail(value.text);
  }

  private fail(reason: string): void {
    if (this.closed) return;
    this.close();
    this.onClosed(reason);
  }
}

/** An errno name; for what went wrong with TLS or a certificate, words. */
function failureOf(error: NodeJS.ErrnoException): string {
  return error.code?.startsWith('E') && !/^(EPROTO|ERR_)/.test(error.code) ? error.code : tlsReason(error);
}
