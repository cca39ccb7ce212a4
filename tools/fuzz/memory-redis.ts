import { createHash } from 'node:crypto';
import { bulkReply, encodeRequest, integerReply } from '../../proxy/protocol/replies.ts';
import { FRAME_DONE, RequestFrame } from '../../proxy/protocol/request-frame.ts';
import type { Link, LinkOwner } from '../../proxy/transport/link.ts';

/** What a server does wrong with one request: instead of its reply, or with its connection. */
export type Mishap =
  /** The connection ends; the request was carried out, or was not. */
  | 'cut before'
  | 'cut after'
  /** Half of the reply, then the end. */
  | 'half'
  /** Bytes that are no reply. */
  | 'junk'
  /** A reply of a kind that the command cannot have. */
  | 'odd'
  /** Carried out by nobody, in Redis' words. */
  | 'readonly'
  | 'loading'
  | 'misconf';

const WORDS: Readonly<Partial<Record<Mishap, string>>> = {
  junk: 'hello\r\n',
  odd: '*2\r\n:1\r\n*0\r\n',
  readonly: "-READONLY You can't write against a read only replica.\r\n",
  loading: '-LOADING Redis is loading the dataset in memory\r\n',
  misconf: '-MISCONF Errors writing to the AOF file\r\n',
};

/**
 * A little Redis without sockets: SET GET MGET MSET DEL EXISTS, transactions of them, BLPOP of what never comes, and a greeting,
 * over one map.
 */
export class MemoryRedis {
  readonly data = new Map<string, Buffer>();
  readonly links = new Set<MemoryRedisLink>();
  /** Answers nothing; what was asked waits until it goes on, or is forgotten with its connection. */
  hanging = false;
  /** Answers a request with its own digest, so that the answer depends on nothing else. */
  digests = false;
  /** How many answer WAIT. */
  replicas = 1;
  /** What goes wrong with the next requests, in this order. */
  readonly mishaps: Mishap[] = [];
  /** So many of the next connections end as soon as they are made. */
  slams = 0;

  accept(link: Link): LinkOwner {
    const owner = new MemoryRedisLink(this, link);
    if (this.slams > 0) {
      this.slams--;
      link.close();
    } else this.links.add(owner);
    return owner;
  }

  /** Closes every connection, as a crash would. */
  cut(): void {
    for (const { link } of this.links) link.close();
    this.links.clear();
  }

  goOn(): void {
    this.hanging = false;
    for (const link of this.links) link.work();
  }
}

/** What the proxy itself says; nothing goes wrong with it. */
const GREETINGS: Readonly<Record<string, string>> = {
  auth: '+OK\r\n',
  select: '+OK\r\n',
  // nothing that the proxy does not know
  command: '*0\r\n',
  client: ':1\r\n',
  hello: '%0\r\n',
  role: '*3\r\n$6\r\nmaster\r\n:0\r\n*0\r\n',
};

/** Answers that depend on nothing. */
const CONSTANTS: Readonly<Record<string, string>> = {
  watch: '+OK\r\n',
  unwatch: '+OK\r\n',
  discard: '+OK\r\n',
  publish: ':0\r\n',
  eval: ':1\r\n',
  evalsha: '-NOSCRIPT No matching script. Please use EVAL.\r\n',
  scan: '*2\r\n$1\r\n0\r\n*0\r\n',
  dbsize: ':7\r\n',
  ping: '+PONG\r\n',
  info: '$11\r\nrun_id:abcd\r\n',
};
const LISTENING = /^[sp]?(un)?subscribe$/;

class MemoryRedisLink implements LinkOwner {
  private rest: Buffer<ArrayBufferLike> = Buffer.alloc(0);
  private readonly frame = new RequestFrame();
  private waiting = false;
  /** What came since MULTI; null = there was none. */
  private queued: Buffer[][] | null = null;
  /** One of it was refused. */
  private isAborted = false;

  constructor(
    private readonly redis: MemoryRedis,
    readonly link: Link,
  ) {}

  onBytes(chunk: Uint8Array): void {
    this.rest = Buffer.concat([this.rest, chunk]);
    this.work();
  }

  /** Answers what is complete. */
  work(): void {
    let at = 0;
    while (!this.redis.hanging && !this.waiting && this.redis.links.has(this)) {
      this.frame.begin(at);
      if (this.frame.parse(this.rest, this.rest.length) !== FRAME_DONE) break;
      const { args, argc, end } = this.frame;
      at = end;
      const word = (i: number): Buffer => Buffer.from(this.rest.subarray(args[2 * i], args[2 * i + 1]));
      this.respond(Array.from({ length: argc }, (_, i) => word(i)));
    }
    this.rest = this.rest.subarray(at);
  }

  private respond(words: Buffer[]): void {
    const name = words[0].toString().toLowerCase();
    if (name === 'wait') {
      this.wait(Number(words[1]), Number(words[2]));
      return;
    }
    const greeting = GREETINGS[name];
    const mishap = greeting === undefined ? this.redis.mishaps.shift() : undefined;
    const text = mishap === undefined ? greeting : WORDS[mishap];
    if (text !== undefined) {
      this.isAborted ||= mishap !== undefined && this.queued !== null;
      this.say(Buffer.from(text));
      return;
    }
    if (mishap === undefined && name === 'xread' && !this.redis.digests) {
      this.waitFor(50, () => Buffer.from('*-1\r\n'));
      return;
    }
    if (mishap === undefined && name === 'blpop') {
      this.waitFor(1000 * Number(words[words.length - 1]), () => Buffer.from('*-1\r\n'));
      return;
    }
    if (mishap === 'cut before') {
      this.end();
      return;
    }
    const reply = this.redis.digests ? digest(words) : this.inTransaction(name, words);
    if (mishap === 'half') this.say(reply.subarray(0, reply.length >> 1));
    else if (mishap === undefined) this.say(reply);
    if (mishap !== undefined) this.end();
  }

  /** WAIT holds up its connection until so many replicas are there, or its time is over. */
  private wait(replicas: number, milliseconds: number): void {
    if (this.redis.replicas >= replicas) {
      this.say(integerReply(this.redis.replicas));
      return;
    }
    this.waitFor(milliseconds, () => integerReply(this.redis.replicas));
  }

  /** Nothing more is done for this connection before it has answered. */
  private waitFor(milliseconds: number, answer: () => Buffer): void {
    this.waiting = true;
    setTimeout(() => {
      this.waiting = false;
      this.say(answer());
      this.work();
    }, milliseconds);
  }

  /** The answer to a request that may be a part of a transaction, or its beginning or end. */
  private inTransaction(name: string, words: Buffer[]): Buffer {
    const { queued } = this;
    if (name === 'multi') this.queued = [];
    if (name === 'multi') return Buffer.from('+OK\r\n');
    if (queued === null) return this.answer(words);
    if (name !== 'exec') {
      queued.push(words);
      return Buffer.from('+QUEUED\r\n');
    }
    const { isAborted } = this;
    this.queued = null;
    this.isAborted = false;
    if (isAborted) return Buffer.from('-EXECABORT Transaction discarded because of previous errors.\r\n');
    return Buffer.concat([Buffer.from(`*${queued.length}\r\n`), ...queued.map((each) => this.answer(each))]);
  }

  private say(bytes: Uint8Array): void {
    this.link.write(bytes, 0, bytes.length);
  }

  /** Sends FIN after what was said. */
  private end(): void {
    this.redis.links.delete(this);
    this.link.finish();
  }

  private answer([name, ...words]: Buffer[]): Buffer {
    const { data } = this.redis;
    const key = (i: number): string => words[i].toString('latin1');
    switch (name.toString().toLowerCase()) {
      case 'set':
        data.set(key(0), words[1] ?? Buffer.alloc(0));
        return Buffer.from('+OK\r\n');
      case 'get':
        return stored(data.get(key(0)));
      case 'mset':
        for (let i = 0; i < words.length; i += 2) data.set(key(i), words[i + 1]);
        return Buffer.from('+OK\r\n');
      case 'mget': {
        const values = words.map((word) => stored(data.get(word.toString('latin1'))));
        return Buffer.concat([Buffer.from(`*${words.length}\r\n`), ...values]);
      }
      case 'del':
        return integerReply(words.filter((_, i) => data.delete(key(i))).length);
      case 'exists':
        return integerReply(words.filter((_, i) => data.has(key(i))).length);
      default:
        return this.constant(name.toString().toLowerCase(), words);
    }
  }

  private constant(name: string, names: readonly Buffer[]): Buffer {
    if (!LISTENING.test(name)) return Buffer.from(CONSTANTS[name] ?? '-ERR what?\r\n');
    const confirmed = names.map((each, i) =>
      Buffer.concat([encodeRequest([name, each]).subarray(4), integerReply(i + 1)]),
    );
    return Buffer.concat(confirmed.flatMap((each) => [Buffer.from('*3\r\n'), each]));
  }

  onWritable(): void {}

  onEnd(): void {
    this.link.finish();
  }

  onClosed(): void {
    this.redis.links.delete(this);
  }
}

const stored = (value: Buffer | undefined): Buffer =>
  value === undefined ? Buffer.from('$-1\r\n') : bulkReply(value);

/** The parts of a split command have the shape that merging needs; anything else is a hash of the whole request. */
function digest([name, ...words]: Buffer[]): Buffer {
  const hash = (parts: readonly Buffer[]): Buffer =>
    bulkReply(createHash('md5').update(encodeRequest(parts)).digest('hex'));
  switch (name.toString().toLowerCase()) {
    case 'mget':
      return Buffer.concat([Buffer.from(`*${words.length}\r\n`), ...words.map((word) => hash([word]))]);
    case 'mset':
      return Buffer.from('+OK\r\n');
    case 'del':
    case 'exists':
    case 'touch':
    case 'unlink':
      return integerReply(words.length);
    default:
      return hash([name, ...words]);
  }
}
