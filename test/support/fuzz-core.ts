import assert from 'node:assert/strict';
import { parseConfig } from '../../proxy/config/nutcracker-yml.ts';
import { Loop } from '../../proxy/core/loop.ts';
import { DEFAULT_LIMITS, Pool } from '../../proxy/core/pool.ts';
import type { Link, LinkOwner } from '../../proxy/transport/link.ts';
import { MemoryLink, MemoryNetwork } from '../../proxy/transport/memory.ts';
import { MemoryRedis } from './memory-redis.ts';
import { request } from './raw-client.ts';

/** Repeatable chance: xorshift32. */
export function seeded(seed: number): (below: number) => number {
  let x = seed | 0 || 1;
  return (below) => {
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    return (x >>> 0) % below;
  };
}

const SERVERS = 3;
const CONF = `fuzz:
  listen: 127.0.0.1:1
  redis: true
  timeout: 60000
  servers:
${Array.from({ length: SERVERS }, (_, i) => `  - 10.0.0.${i}:6379:1 server${i}`).join('\n')}
`;

/** A client with keys of its own, so that it knows every answer beforehand. */
class FuzzClient implements LinkOwner {
  readonly expected: Buffer[] = [];
  private readonly chunks: Uint8Array[] = [];
  readonly link: Link;
  private readonly own = new Map<string, Buffer>();
  closed = false;

  constructor(
    readonly id: number,
    pool: Pool,
    network: MemoryNetwork,
    private readonly chance: (below: number) => number,
  ) {
    const [near, far] = [new MemoryLink(), new MemoryLink()];
    near.peer = far;
    far.peer = near;
    near.owner = this;
    // sometimes a narrow pipe, so that writes come back short
    if (chance(3) === 0) far.capacity = 500 + chance(5000);
    network.links.push(near, far);
    far.owner = pool.accept(far, 'fuzz');
    this.link = near;
  }

  /** Sends one random request and notes its answer. */
  ask(): void {
    const { chance } = this;
    const key = (): string => `client${this.id}:${chance(30) * 7919}`;
    switch (chance(9)) {
      case 0:
      case 1:
      case 2: {
        const [name, value] = [key(), this.value()];
        this.own.set(name, value);
        this.send([chance(2) === 0 ? 'SET' : 'set', name, value], '+OK\r\n');
        break;
      }
      case 3:
      case 4: {
        const name = key();
        this.send(['GET', name], this.bulk(name));
        break;
      }
      case 5: {
        const names = Array.from({ length: 1 + chance(12) }, key);
        this.send(['MGET', ...names], `*${names.length}\r\n${names.map((name) => this.bulk(name)).join('')}`);
        break;
      }
      case 6: {
        const names = [...new Set(Array.from({ length: 1 + chance(8) }, key))];
        const pairs = names.map((name): [string, Buffer] => [name, this.value()]);
        for (const [name, value] of pairs) this.own.set(name, value);
        this.send(['MSET', ...pairs.flat()], '+OK\r\n');
        break;
      }
      case 7: {
        const names = Array.from({ length: 1 + chance(6) }, key);
        const count = names.filter((name) => this.own.delete(name)).length;
        this.send(['DEL', ...names], `:${count}\r\n`);
        break;
      }
      default:
        if (chance(2) === 0) this.send(['PING'], '+PONG\r\n');
        else this.send(['NOPE'], "-ERR unknown command 'NOPE', with args beginning with: \r\n");
    }
  }

  private value(): Buffer {
    const { chance } = this;
    const size = chance(40) === 0 ? chance(120_000) : chance(200);
    return Buffer.alloc(size, `\r\n$5\r\n*3:${chance(1e9)}`);
  }

  private bulk(name: string): string {
    const value = this.own.get(name);
    return value === undefined ? '$-1\r\n' : `$${value.length}\r\n${value.toString('latin1')}\r\n`;
  }

  private send(words: (string | Buffer)[], answer: string): void {
    const bytes = request(...words);
    this.link.write(bytes, 0, bytes.length);
    this.expected.push(Buffer.from(answer, 'latin1'));
  }

  onBytes(chunk: Uint8Array): void {
    this.chunks.push(chunk);
  }

  /** Compares what came with what was expected, as far as it came. */
  check(whole: boolean): void {
    const expected = Buffer.concat(this.expected);
    const received = Buffer.concat(this.chunks.splice(0));
    if (whole) assert.equal(received.length, expected.length, `client ${this.id}: answers are missing`);
    const prefix = expected.subarray(0, received.length);
    assert.ok(prefix.equals(received), `client ${this.id} got an answer that it did not ask for`);
    this.expected.length = 0;
    this.expected.push(expected.subarray(received.length));
  }

  onWritable(): void {}

  onEnd(): void {
    this.closed = true;
  }

  onClosed(): void {
    this.closed = true;
  }
}

/**
 * One run of the whole core over the in-memory network: clients with random pipelines, every chunk cut at random,
 * short writes, clients that leave. Every answer is checked.
 * @returns how many requests were answered
 */
export async function fuzzCore(seed: number, rounds: number): Promise<number> {
  const chance = seeded(seed);
  const network = new MemoryNetwork();
  const redises = Array.from({ length: SERVERS }, () => new MemoryRedis());
  for (const [i, redis] of redises.entries()) {
    const address = { kind: 'tcp', host: `10.0.0.${i}`, port: 6379 } as const;
    await network.listen({ address, backlog: 1, reusePort: false, keepAlive: false }, (link) =>
      redis.accept(link),
    );
  }
  let clock = 0;
  const loop = new Loop(
    () => {},
    () => clock,
  );
  const [config] = parseConfig(CONF);
  const around = { loop, transport: network, mbufSize: 16384, limits: DEFAULT_LIMITS, slowAbove: 1e9 };
  const pool = new Pool(config, { ...around, log: () => {}, onSlow: () => {} });
  let clients: FuzzClient[] = [];
  let answered = 0;
  let nextId = 0;
  const settle = (): void => {
    for (let quiet = 0; quiet < 3; ) {
      loop.flush();
      quiet = network.step() ? 0 : quiet + 1;
    }
  };
  for (let round = 0; round < rounds; round++) {
    clock++;
    while (clients.length < 1 + chance(8)) clients.push(new FuzzClient(nextId++, pool, network, chance));
    for (const client of clients) {
      const count = chance(4) === 0 ? chance(60) : chance(4);
      for (let i = 0; i < count; i++) client.ask();
      answered += count;
    }
    for (let i = chance(20); i >= 0; i--) {
      network.step(1 + chance(chance(2) === 0 ? 8 : 70_000));
      if (chance(3) > 0) loop.flush();
    }
    if (chance(10) === 0 && clients.length > 0) {
      const [left] = clients.splice(chance(clients.length), 1);
      left.check(false);
      left.link.close();
    }
    if (chance(8) === 0) {
      settle();
      for (const client of clients) client.check(true);
    }
  }
  settle();
  for (const client of clients) client.check(true);
  clients = [];
  const waiting = pool.servers
    .flatMap((server) => server.all)
    .reduce((sum, each) => sum + each.queue.length, 0);
  assert.equal(waiting, 0, 'requests are left in the queues');
  pool.close();
  return answered;
}
