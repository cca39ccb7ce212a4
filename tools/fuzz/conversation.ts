import assert from 'node:assert/strict';
import { encodeRequest } from '../../proxy/protocol/replies.ts';
import type { Chance } from '../../scripts/chance.ts';
import { decode, type Reply } from './decode.ts';
import { KnownValues, type Revenants, type Value, valueBytes } from './known-values.ts';

const SPLIT = /^(MGET|MSET|DEL|EXISTS)$/;

/** What a conversation may contain, and what it must put up with. */
export interface Rules {
  /** Size of the next value in bytes. */
  size(chance: Chance): number;
  /** The texts of error replies that may come instead of an answer; null = none may. */
  readonly errors: RegExp | null;
  /** Besides, in answer to what may have been taken apart by server: MGET, MSET, DEL and EXISTS. */
  readonly errorsOfSplit?: RegExp;
  readonly revenants: Revenants;
  /** Also transactions, and requests that wait for what never comes. */
  readonly modes?: boolean;
}

/** A request that waits for its reply: what the reply means, and what follows when none comes. */
interface Question {
  readonly words: readonly string[];
  check(reply: Reply): void;
  /** An error came, or nothing: whether it was carried out is not known. */
  unknown(): void;
}

/**
 * One client's side of a conversation with keys of its own: makes up requests, knows which answers are right, and
 * throws on any other. Says nothing about how bytes travel.
 */
export class Conversation {
  /** Replies that were right. */
  answered = 0;
  /** Error replies among them. */
  failed = 0;
  private readonly waiting: Question[] = [];
  private readonly known: KnownValues;
  private received: Buffer[] = [];
  private bytes = 0;
  private need = 1;
  private written = 0;

  constructor(
    readonly name: string,
    private readonly chance: Chance,
    private readonly rules: Rules,
  ) {
    this.known = new KnownValues(rules.revenants);
  }

  /** Requests without a reply. */
  get open(): number {
    return this.waiting.length;
  }

  /** A random request. */
  next(): Buffer {
    const { chance } = this;
    if (this.rules.modes === true && chance(8) === 0)
      return chance(2) === 0 ? this.transaction() : this.wait();
    switch (chance(12)) {
      case 0:
      case 1:
      case 2:
        return this.set(this.key());
      case 3:
      case 4:
        return this.get(this.key());
      case 5:
        return this.mget(this.keys(1 + chance(12)));
      case 6:
        return this.mset([...new Set(this.keys(1 + chance(8)))]);
      case 7:
        return this.del(this.keys(1 + chance(6)));
      case 8:
        return this.exists(this.keys(1 + chance(6)));
      case 9:
        return this.fixed(['ECHO', this.name], (reply) => isBulk(reply, this.name));
      case 10:
        return this.fixed(['PING'], (reply) => isLine(reply, '+PONG'));
      default:
        return this.fixed([`NOPE-${this.name}`], (reply) => {
          isLine(reply, `-ERR unknown command 'NOPE-${this.name}', with args beginning with: `);
        });
    }
  }

  /** Reads every key once, as one pipeline. */
  readAll(): Buffer {
    return Buffer.concat(this.known.keys().map((key) => this.get(key)));
  }

  /** AUTH, as the first request. */
  login(password: string): Buffer {
    return this.fixed(['AUTH', password], (reply) => isLine(reply, '+OK'));
  }

  /** HELLO 3: replies are in RESP3 from here on. */
  greet(): Buffer {
    return this.fixed(['HELLO', '3'], (reply) => assert.equal(reply.kind, 'array'));
  }

  /** A value written and read back as one; of no other server's key, for there may be several. */
  private transaction(): Buffer {
    const key = this.key();
    const value = this.value();
    const queued = (reply: Reply): void => isLine(reply, '+QUEUED');
    return Buffer.concat([
      this.fixed(['MULTI'], (reply) => isLine(reply, '+OK')),
      this.ask(['SET', key], [valueBytes(key, value)], { check: queued, unknown: () => undefined }),
      this.fixed(['GET', key], queued),
      this.ask(['EXEC'], [], {
        check: (reply) => {
          assert.ok(reply.kind === 'array' && reply.items.length === 2, 'two replies');
          isLine(reply.items[0], '+OK');
          this.known.isNow(key, value);
          this.isValue(key, reply.items[1]);
        },
        unknown: () => this.known.mayBe(key, value),
      }),
    ]);
  }

  /** Over a server connection of its own, with whatever is asked behind it. */
  private wait(): Buffer {
    return this.fixed(['BLPOP', `${this.name}:nothing`, '0.005'], (reply) => {
      const isNil =
        reply.kind === 'array' ? reply.items.length === 0 : reply.kind === 'bulk' && reply.bytes === null;
      assert.ok(isNil, 'nothing came');
    });
  }

  private key(): string {
    return `${this.name}:${this.chance(30) * 7919}`;
  }

  private keys(count: number): string[] {
    return Array.from({ length: count }, () => this.key());
  }

  private value(): Value {
    return { id: this.written++, size: this.rules.size(this.chance) };
  }

  private fixed(words: string[], check: (reply: Reply) => void): Buffer {
    return this.ask(words, [], { check, unknown: () => undefined });
  }

  private set(key: string): Buffer {
    const value = this.value();
    return this.ask([this.chance(2) === 0 ? 'SET' : 'set', key], [valueBytes(key, value)], {
      check: (reply) => {
        isLine(reply, '+OK');
        this.known.isNow(key, value);
      },
      unknown: () => this.known.mayBe(key, value),
    });
  }

  private get(key: string): Buffer {
    const check = (reply: Reply): void => this.isValue(key, reply);
    return this.ask(['GET', key], [], { check, unknown: () => undefined });
  }

  private mget(keys: string[]): Buffer {
    const check = (reply: Reply): void => {
      assert.ok(reply.kind === 'array' && reply.items.length === keys.length, 'as many values as keys');
      for (const [i, item] of reply.items.entries()) this.isValue(keys[i], item);
    };
    return this.ask(['MGET', ...keys], [], { check, unknown: () => undefined });
  }

  private mset(keys: string[]): Buffer {
    const pairs = keys.map((key): [string, Value] => [key, this.value()]);
    const bytes = pairs.flatMap(([key, value]) => [key, valueBytes(key, value)]);
    return this.ask(['MSET'], bytes, {
      check: (reply) => {
        isLine(reply, '+OK');
        for (const [key, value] of pairs) this.known.isNow(key, value);
      },
      unknown: () => {
        for (const [key, value] of pairs) this.known.mayBe(key, value);
      },
    });
  }

  private del(keys: string[]): Buffer {
    const distinct = [...new Set(keys)];
    return this.ask(['DEL', ...keys], [], {
      check: (reply) => {
        this.isCount(reply, distinct);
        for (const key of distinct) this.known.isNow(key, null);
      },
      unknown: () => {
        for (const key of distinct) this.known.mayBe(key, null);
      },
    });
  }

  private exists(keys: string[]): Buffer {
    const check = (reply: Reply): void => this.isCount(reply, keys);
    return this.ask(['EXISTS', ...keys], [], { check, unknown: () => undefined });
  }

  private ask(
    words: readonly string[],
    more: readonly (string | Buffer)[],
    meaning: Omit<Question, 'words'>,
  ): Buffer {
    this.waiting.push({ words, ...meaning });
    return encodeRequest([...words, ...more]);
  }

  private isValue(key: string, reply: Reply): void {
    assert.equal(reply.kind, 'bulk', `a value of ${key}`);
    if (reply.kind === 'bulk') this.known.see(key, reply.bytes);
  }

  private isCount(reply: Reply, keys: readonly string[]): void {
    assert.ok(reply.kind === 'line' && reply.text[0] === ':', 'a number');
    const [least, most] = this.known.count(keys);
    const count = Number(reply.text.slice(1));
    assert.ok(count >= least && count <= most, `${count} is not from ${least} to ${most}`);
  }

  /** Takes bytes from the proxy and checks every reply that is complete. @throws AssertionError on a wrong one */
  receive(chunk: Uint8Array): void {
    this.received.push(Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length));
    this.bytes += chunk.length;
    if (this.bytes < this.need) return;
    const all = this.received.length === 1 ? this.received[0] : Buffer.concat(this.received);
    let at = 0;
    this.need = 1;
    while (at < all.length) {
      const decoded = decode(all, at);
      if (typeof decoded === 'number') {
        this.need = decoded - at;
        break;
      }
      this.take(decoded.reply);
      at = decoded.end;
    }
    const rest = all.subarray(at);
    this.received = rest.length === 0 ? [] : [Buffer.from(rest)];
    this.bytes = rest.length;
  }

  private take(reply: Reply): void {
    const question = this.waiting.shift();
    assert.ok(question !== undefined, `${this.name} got a reply that nobody asked for: ${show(reply)}`);
    try {
      if (reply.kind === 'line' && this.mayBe(reply.text, question)) {
        this.failed++;
        // an error that says so promises that nothing was done
        if (!reply.text.endsWith('; not executed')) question.unknown();
      } else question.check(reply);
    } catch (error) {
      const asked = question.words.join(' ').slice(0, 200);
      throw new Error(`${this.name}: ${asked} was answered with ${show(reply)}: ${(error as Error).message}`);
    }
    this.answered++;
  }

  /** Whether this is an error that may come instead of an answer. */
  private mayBe(text: string, { words: [name] }: Question): boolean {
    const { errors, errorsOfSplit } = this.rules;
    if (text[0] !== '-') return false;
    return (
      errors?.test(text.slice(1)) === true ||
      (errorsOfSplit?.test(text.slice(1)) === true && SPLIT.test(name))
    );
  }

  /** The connection is gone: what was not answered may have been carried out or not. */
  lost(): void {
    for (const question of this.waiting.splice(0)) question.unknown();
    this.received = [];
    this.bytes = 0;
    this.need = 1;
  }
}

function isLine(reply: Reply, text: string): void {
  assert.equal(reply.kind === 'line' ? reply.text : reply.kind, text);
}

function isBulk(reply: Reply, text: string): void {
  assert.equal(reply.kind === 'bulk' ? reply.bytes?.toString() : reply.kind, text);
}

function show(reply: Reply): string {
  if (reply.kind === 'line') return reply.text;
  if (reply.kind === 'array') return `[${reply.items.slice(0, 3).map(show).join(', ')}…]`;
  if (reply.bytes === null) return 'null';
  return `${reply.bytes.length} bytes '${reply.bytes.toString('latin1', 0, 60)}'`;
}
