import { formatAddress } from '../config/addresses.ts';
import type { Address, PoolConfig } from '../config/pool.ts';
import { isNoSuchClient, peerToken } from '../core/commands/connection/peers.ts';
import { encodeRequest } from '../protocol/replies.ts';
import { REPLY_BAD, REPLY_DONE, ReplyFramer } from '../protocol/reply-framer.ts';
import type { Link, LinkOwner, Transport } from '../transport/link.ts';

/** Who has not answered by then is left out. Milliseconds. */
const ANSWER_LIMIT = 300;
/** Who was left out is not asked again for so long: nobody waits for a dead proxy each time. Milliseconds. */
const NOT_ASKED_FOR = 1000;
/** A connection that nobody needs is closed after this. Milliseconds. */
const IDLE_LIMIT = 30_000;
/** A list of 30,000 clients that say as much of themselves as they may. */
const MOST_BYTES = 64 * 1024 * 1024;
const MINUS = 45;

/** @param reply null when there is none, for the reason that follows */
export type Answered = (reply: Uint8Array | null, why: string) => void;

/** Another proxy of the pool: connected when it is asked something, one question at a time, never for long. */
export class PeerLink implements LinkOwner {
  readonly name: string;
  private link: Link | null = null;
  private cancel: (() => void) | null = null;
  private answered: Answered | null = null;
  private request: Uint8Array = new Uint8Array(0);
  /** What is still to be written. */
  private unwritten: Uint8Array = new Uint8Array(0);
  /** Replies that come before the answer: to AUTH. */
  private greetings = 0;
  /** The connection was there before the question: it may have been closed meanwhile. */
  private isOld = false;
  private timer: NodeJS.Timeout | null = null;
  private notBefore = 0;
  private readonly framer = new ReplyFramer();
  /** The answer as far as it came, its bytes, and the beginning of a line of it. */
  private parts: Uint8Array[] = [];
  private bytes = 0;
  private rest: Uint8Array | null = null;

  constructor(
    private readonly address: Address,
    private readonly config: PoolConfig,
    private readonly transport: Transport,
  ) {
    this.name = formatAddress(address);
  }

  /** @param words behind CLIENT */
  ask(words: readonly Uint8Array[], answered: Answered): void {
    if (performance.now() < this.notBefore) {
      answered(null, 'it did not a moment ago');
      return;
    }
    this.answered = answered;
    this.request = encodeRequest(['CLIENT', 'PEER', peerToken(this.config), ...words]);
    this.setTimer(() => this.fail('it does not answer'), ANSWER_LIMIT);
    this.isOld = this.link !== null;
    if (this.link === null) this.connect();
    else this.send(this.link, this.request);
  }

  close(): void {
    this.answered = null;
    this.drop();
  }

  private connect(): void {
    this.cancel = this.transport.connect(
      this.address,
      this,
      (link) => {
        this.cancel = null;
        this.link = link;
        const { redisAuth } = this.config;
        this.greetings = redisAuth === null ? 0 : 1;
        const auth = redisAuth === null ? [] : [encodeRequest(['AUTH', redisAuth])];
        this.send(link, Buffer.concat([...auth, this.request]));
      },
      (code) => {
        this.cancel = null;
        this.fail(code);
      },
    );
  }

  private send(link: Link, bytes: Uint8Array): void {
    const taken = link.write(bytes, 0, bytes.length);
    if (taken < 0) this.onClosed('EPIPE');
    else this.unwritten = bytes.subarray(taken);
  }

  onWritable(): void {
    if (this.link !== null && this.unwritten.length > 0) this.send(this.link, this.unwritten);
  }

  onBytes(chunk: Uint8Array): void {
    this.bytes += chunk.length;
    if (this.bytes > MOST_BYTES) {
      this.fail(`its answer has more than ${MOST_BYTES} bytes`);
      return;
    }
    const buffer = this.rest === null ? chunk : Buffer.concat([this.rest, chunk]);
    this.rest = null;
    for (let at = 0; at < buffer.length; ) {
      const start = at;
      at = this.framer.next(buffer, start, buffer.length);
      if (this.framer.status === REPLY_BAD) {
        this.fail('it sent what is no reply');
        return;
      }
      this.parts.push(buffer.subarray(start, at));
      if (this.framer.status !== REPLY_DONE) {
        this.rest = buffer.slice(at);
        return;
      }
      const reply = Buffer.concat(this.parts);
      this.parts = [];
      this.bytes = buffer.length - at;
      this.onReply(reply);
      if (this.link === null) return;
    }
  }

  private onReply(reply: Uint8Array): void {
    const words = Buffer.from(reply.subarray(0, 256)).toString('latin1').trimEnd();
    if (reply[0] === MINUS && !isNoSuchClient(reply)) this.fail(words);
    else if (this.greetings > 0) this.greetings--;
    else {
      const { answered } = this;
      this.answered = null;
      this.setTimer(() => this.drop(), IDLE_LIMIT);
      answered?.(reply, '');
    }
  }

  onEnd(): void {
    this.onClosed(null);
  }

  onClosed(code: string | null): void {
    const { answered, isOld } = this;
    if (answered === null) {
      this.drop();
      return;
    }
    if (!isOld) {
      this.fail(code ?? 'it closed the connection');
      return;
    }
    // a proxy lets its clients go when it reloads
    this.drop();
    this.isOld = false;
    this.setTimer(() => this.fail('it does not answer'), ANSWER_LIMIT);
    this.connect();
  }

  private fail(why: string): void {
    const { answered } = this;
    this.answered = null;
    this.notBefore = performance.now() + NOT_ASKED_FOR;
    this.drop();
    answered?.(null, why);
  }

  private drop(): void {
    if (this.timer !== null) clearTimeout(this.timer);
    this.timer = null;
    this.cancel?.();
    this.cancel = null;
    this.link?.close();
    this.link = null;
    this.framer.reset();
    this.parts = [];
    this.bytes = 0;
    this.rest = null;
    this.unwritten = new Uint8Array(0);
  }

  private setTimer(run: () => void, milliseconds: number): void {
    if (this.timer !== null) clearTimeout(this.timer);
    this.timer = setTimeout(run, milliseconds);
    this.timer.unref();
  }
}
