import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { type Chance, oneOf, seeded } from '../../scripts/chance.ts';
import { type RunningProxy, startProxy } from '../support/proxy.ts';
import { RawClient, request } from '../support/raw-client.ts';
import { type RedisServer, startRedis } from '../support/redis-server.ts';

/*
 * Random pipelines in random pieces to ours and to the original, each before redis-servers of its own with the same
 * history: the whole answers must be the same bytes. Only what both serve; the differences have tests of their own.
 */
const SEEDS = 120;
const PIPELINES = 4;
const MBUF = ['512', '16384'];
let redises: RedisServer[];
const proxies: { ours: RunningProxy; original: RunningProxy }[] = [];

const conf =
  (servers: readonly RedisServer[], distribution: string) =>
  ([port]: readonly number[]): string =>
    `p:\n  listen: 127.0.0.1:${port}\n  redis: true\n  hash_tag: "{}"\n  distribution: ${distribution}\n  servers:\n${servers
      .map((server, i) => `  - 127.0.0.1:${server.port}:1 server${i}\n`)
      .join('')}`;

before(async () => {
  redises = await Promise.all(Array.from({ length: 6 }, () => startRedis()));
  for (const [i, mbuf] of MBUF.entries()) {
    const distribution = ['ketama', 'modula'][i];
    const flags = ['-m', mbuf];
    proxies.push({
      ours: await startProxy('bun', 1, conf(redises.slice(0, 3), distribution), flags),
      original: await startProxy('original', 1, conf(redises.slice(3), distribution), flags),
    });
  }
});

after(async () => {
  await Promise.all(proxies.flatMap(({ ours, original }) => [ours.stop(), original.stop()]));
  await Promise.all(redises.map((server) => server.stop()));
});

const KEYS = ['a', 'b', '', 'key', '\r\n', 'caf\u00e9', '{t}1', '{t}2', '{u}1', 'x'.repeat(300), '*1\r\n'];
const TAGGED = ['{t}1', '{t}2', '{t}3', '{t}list', '{t}set'];

function value(chance: Chance): string {
  const size = chance(12) === 0 ? chance(60_000) : chance(60);
  return '\r\n$3\r\nab\0'.repeat(size / 10 + 1).slice(0, size);
}

function words(chance: Chance): string[] {
  const key = (): string => oneOf(chance, KEYS);
  const tagged = (): string => oneOf(chance, TAGGED);
  const some = (of: () => string): string[] => Array.from({ length: 1 + chance(6) }, of);
  const makers: (() => string[])[] = [
    () => ['SET', key(), value(chance)],
    () => ['set', key(), value(chance), 'EX', '1000'],
    () => ['GET', key()],
    () => ['MGET', ...some(key)],
    () => ['MSET', ...some(key).flatMap((each) => [each, value(chance)])],
    () => ['DEL', ...some(key)],
    () => ['UNLINK', ...some(key)],
    () => ['TOUCH', ...some(key)],
    () => ['INCR', key()],
    () => ['APPEND', key(), value(chance)],
    () => ['RPUSH', tagged(), ...some(() => value(chance))],
    () => ['LRANGE', tagged(), '0', '-1'],
    () => ['SADD', '{t}set', String(chance(9))],
    () => ['SCARD', '{t}set'],
    () => ['ZADD', '{t}z', String(chance(9)), 'm'],
    () => ['ZRANGE', '{t}z', '0', '-1', 'WITHSCORES'],
    () => ['HSET', '{t}h', 'f', value(chance)],
    () => ['HGETALL', '{t}h'],
    () => ['SINTERSTORE', '{t}d', '{t}set', '{t}set'],
    () => ['EVAL', "return {KEYS[1], {1, 'x', {}}, false}", '1', key()],
    () => ['EVAL', 'nonsense(', '1', key()],
    () => ['SET', key()],
    () => ['AUTH', 'x'],
    () => ['PING'],
  ];
  return oneOf(chance, makers)();
}

/** Everything that is answered to the pieces, each written in a turn of its own. */
async function answer(port: number, pieces: readonly Buffer[], replies: number): Promise<string> {
  const client = await RawClient.open(port);
  for (const piece of pieces) {
    client.send(piece);
    await turn();
  }
  const text = await client.replies(replies, 10_000);
  client.end();
  return text;
}

describe('random pipelines, cut at random', () => {
  for (const [i, mbuf] of MBUF.entries()) {
    test(`-m ${mbuf}: ${SEEDS * PIPELINES} of them`, async () => {
      for (let seed = 1; seed <= SEEDS; seed++) {
        const chance = seeded(seed);
        for (let n = 0; n < PIPELINES; n++) {
          const requests = Array.from({ length: 1 + chance(40) }, () => words(chance));
          const bytes = Buffer.concat(requests.map((each) => request(...each)));
          const pieces = cut(bytes, chance);
          const { ours, original } = proxies[i];
          const [theirs, mine] = await Promise.all(
            [original, ours].map((proxy) => answer(proxy.ports[0], pieces, requests.length)),
          );
          assert.equal(mine, theirs, `seed ${seed}: ${requests.map((each) => each[0]).join(' ')}`);
        }
      }
    });
  }
});

function cut(bytes: Buffer, chance: Chance): Buffer[] {
  const pieces: Buffer[] = [];
  const most = oneOf(chance, [20, 700, 20_000, bytes.length]);
  const least = Math.ceil(bytes.length / 60);
  for (let at = 0; at < bytes.length; ) {
    const end = at + least + chance(most);
    pieces.push(bytes.subarray(at, end));
    at = end;
  }
  return pieces;
}
