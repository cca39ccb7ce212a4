import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import fc from 'fast-check';
import { Redis } from 'ioredis';
import { type RunningProxy, startProxy } from '../../support/proxy.ts';
import { type RedisServer, startRedis } from '../../support/redis-server.ts';
import { carryOut, type Step } from '../../support/same-as-redis.ts';
import { waitUntil } from '../../support/wait-until.ts';

/* Several databases, as one redis-server has them, through the proxy: over one server always the same, over two where it is served. */
const DATABASES = 4;
let plain: RedisServer;
let servers: RedisServer[];
let proxy: RunningProxy;

before(async () => {
  const start = (): Promise<RedisServer> => startRedis(['--databases', String(DATABASES)]);
  [plain, ...servers] = await Promise.all([start(), start(), start(), start()]);
  const pool = (name: string, port: number, some: readonly RedisServer[]): string =>
    `${name}:\n  listen: 127.0.0.1:${port}\n  redis: true\n  hash_tag: "{}"\n  databases: ${DATABASES}\n  servers:\n${some
      .map((server, i) => `   - 127.0.0.1:${server.port}:1 server${i}\n`)
      .join('')}`;
  proxy = await startProxy(
    'bun',
    2,
    ([a, b]) => pool('one', a, servers.slice(0, 1)) + pool('two', b, servers.slice(1)),
  );
});

after(async () => {
  await proxy?.stop();
  await Promise.all([plain, ...servers].map((server) => server?.stop()));
});

const CLIENTS = 3;
const key = fc.constantFrom('{t}a', '{t}b');
const value = fc.constantFrom('1', '2', 'x');
const database = fc.constantFrom('0', '1', '2');
/** Also what is none. */
const anyDatabase = fc.oneof(
  { weight: 8, arbitrary: database },
  {
    weight: 1,
    arbitrary: fc.constantFrom('3', '4', '-1', 'x', '', '01', '99999999999', '9999999999999999999'),
  },
);
const words = (...parts: (string | fc.Arbitrary<string>)[]): fc.Arbitrary<string[]> =>
  fc.tuple(...parts.map((part) => (typeof part === 'string' ? fc.constant(part) : part)));

/** Inside a transaction or not. */
const anything: fc.Arbitrary<readonly string[]> = fc.oneof(
  { weight: 6, arbitrary: words('SELECT', anyDatabase) },
  { weight: 4, arbitrary: words('SET', key, value) },
  { weight: 4, arbitrary: words('GET', key) },
  { weight: 2, arbitrary: words('INCR', key) },
  { weight: 2, arbitrary: words('MOVE', key, database) },
  { weight: 2, arbitrary: words('COPY', key, key, 'DB', database, 'REPLACE') },
  { weight: 1, arbitrary: words('LPUSH', '{t}list', value) },
  { weight: 1, arbitrary: words('BLPOP', '{t}list', '0.01') },
  { weight: 1, arbitrary: words('DEL', key, key) },
  { weight: 1, arbitrary: words('MGET', key, key) },
  { weight: 1, arbitrary: words('TYPE', key) },
  {
    weight: 1,
    arbitrary: words(
      'EVAL',
      'redis.call("select", ARGV[1]) return redis.call("get",KEYS[1])',
      '1',
      key,
      database,
    ),
  },
  {
    weight: 1,
    arbitrary: fc.constantFrom(['PING'], ['SELECT'], ['SELECT', '1', '2'], ['MOVE', '{t}a'], ['ECHO', 'x']),
  },
);
const ofOneServer: fc.Arbitrary<readonly string[]> = fc.oneof(
  { weight: 2, arbitrary: words('SWAPDB', database, database) },
  { weight: 1, arbitrary: fc.constantFrom(['FLUSHDB'], ['DBSIZE'], ['SWAPDB', '1'], ['FLUSHDB', 'SYNC']) },
);
const control = fc.oneof(
  { weight: 4, arbitrary: words('MULTI') },
  { weight: 4, arbitrary: words('EXEC') },
  { weight: 1, arbitrary: words('DISCARD') },
  { weight: 1, arbitrary: words('UNWATCH') },
  { weight: 3, arbitrary: words('WATCH', key) },
  { weight: 1, arbitrary: words('RESET') },
);
/** What is not served inside a transaction, or is refused there when it is queued. */
const outside = fc
  .oneof(
    fc.constantFrom(['FLUSHALL'], ['FLUSHALL', 'ASYNC'], ['FLUSHALL', 'NOSUCH'], ['DBSIZE'], ['FLUSHDB']),
    words('MOVE', key, anyDatabase),
    words('COPY', key, key, 'DB', anyDatabase),
  )
  .map((each) => [['DISCARD'], each]);

const program = (general: fc.Arbitrary<readonly string[]>): fc.Arbitrary<Step[]> =>
  fc.array(
    fc.record({
      client: fc.nat({ max: CLIENTS - 1 }),
      requests: fc
        .array(
          fc.oneof(
            { weight: 20, arbitrary: general.map((each) => [each]) },
            { weight: 8, arbitrary: control.map((each) => [each]) },
            { weight: 1, arbitrary: outside },
          ),
          { minLength: 1, maxLength: 6 },
        )
        .map((chunks) => chunks.flat()),
    }),
    { minLength: 5, maxLength: 40 },
  );

async function sameOn(port: number, home: readonly RedisServer[], steps: readonly Step[]): Promise<void> {
  for (const server of [plain, ...home]) await server.client.flushall();
  const ours = await carryOut(port, CLIENTS, steps);
  const theirs = await carryOut(plain.port, CLIENTS, steps);
  const at = theirs.findIndex((line, i) => line !== ours[i]);
  if (at >= 0) assert.fail(`redis: ${theirs[at]}\nours:  ${ours[at]}`);
}

describe('databases', () => {
  test('SCAN, KEYS, DBSIZE and RANDOMKEY are of the one that is selected, INFO and CONFIG tell of all', async () => {
    for (const server of servers) await server.client.flushall();
    const [one, two] = proxy.ports.map((port) => new Redis(port, '127.0.0.1', { db: 2 }));
    try {
      const keys = Array.from({ length: 50 }, (_, i) => `key-${i}`).sort();
      for (const client of [one, two]) {
        await client.mset(...keys.flatMap((each) => [each, 'x']));
        await client.select(1);
        await client.set('other', 'x', 'EX', 1000);
        await client.select(2);
        const found: string[] = [];
        for await (const some of client.scanStream({ count: 7 })) found.push(...(some as string[]));
        assert.deepEqual(found.sort(), keys);
        assert.deepEqual((await client.keys('*')).sort(), keys);
        assert.equal(await client.dbsize(), keys.length);
        assert.match(String(await client.randomkey()), /^key-/);
        const lines = /db1:keys=1,expires=1,avg_ttl=\d+\r\ndb2:keys=50,expires=0,avg_ttl=0\r\n/;
        // what servers said is good for a second
        await waitUntil('INFO', async () => lines.test(await client.info('keyspace')));
        assert.deepEqual(await client.config('GET', 'databases'), ['databases', String(DATABASES)]);
      }
      await two.flushdb();
      await two.select(1);
      assert.equal(await two.dbsize(), 1);
      await two.flushall();
      assert.equal(await two.dbsize(), 0);
    } finally {
      one.disconnect();
      two.disconnect();
    }
  });

  test('events of keys name theirs, whichever the subscriber is in', async () => {
    for (const { client } of servers) await client.config('SET', 'notify-keyspace-events', 'KEA');
    const [writer, hearer] = [0, 3].map((db) => new Redis(proxy.ports[1], '127.0.0.1', { db }));
    const heard: string[] = [];
    try {
      hearer.on('pmessage', (_pattern, name, what) => heard.push(`${name} ${what}`));
      await hearer.psubscribe('__keyspace@*__:*');
      await writer.set('a', '1');
      await writer.select(2);
      await writer.set('b', '1');
      await waitUntil('both events', () => heard.length === 2);
      assert.deepEqual(heard, ['__keyspace@0__:a set', '__keyspace@2__:b set']);
    } finally {
      writer.disconnect();
      hearer.disconnect();
      for (const { client } of servers) await client.config('SET', 'notify-keyspace-events', '');
    }
  });

  test('of any program are those of the server itself, in transactions, under WATCH and while waiting', async () => {
    await fc.assert(
      fc.asyncProperty(
        program(fc.oneof({ weight: 12, arbitrary: anything }, { weight: 1, arbitrary: ofOneServer })),
        (steps) => sameOn(proxy.ports[0], servers.slice(0, 1), steps),
      ),
      { numRuns: 80, includeErrorInReport: true },
    );
  });

  test('over two servers too', async () => {
    await fc.assert(
      fc.asyncProperty(program(anything), (steps) => sameOn(proxy.ports[1], servers.slice(1), steps)),
      { numRuns: 25, includeErrorInReport: true },
    );
  });
});
