import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import fc from 'fast-check';
import { poolOf, type RunningProxy, startProxy } from '../../support/proxy.ts';
import { type RedisServer, startRedis } from '../../support/redis-server.ts';
import { carryOut, type Step } from '../../support/same-as-redis.ts';

/* Transactions as one redis-server has them, through the proxy: over one server always the same, over two where they are served. */
let plain: RedisServer;
let servers: RedisServer[];
let one: RunningProxy;
let two: RunningProxy;
let parts: RunningProxy;

before(async () => {
  [plain, ...servers] = await Promise.all([startRedis(), startRedis(), startRedis(), startRedis()]);
  one = await startProxy('bun', 1, poolOf(servers[0]));
  const sharded = (more: string) =>
    startProxy('bun', 1, (ports) => `${poolOf(servers[1], servers[2])(ports)}  hash_tag: "{}"\n${more}`);
  two = await sharded('');
  parts = await sharded('  transactions: per_shard\n');
});

after(async () => {
  await one?.stop();
  await two?.stop();
  await parts?.stop();
  await Promise.all([plain, ...servers].map((server) => server?.stop()));
});

const CLIENTS = 3;
/** Few, so that clients meet. All on one server, whatever the number of servers. */
const key = fc.constantFrom('{t}a', '{t}b', '{t}c');
const value = fc.constantFrom('1', '2', 'x', 'y'.repeat(20_000));

/** Requests that a client may send at any time, inside a transaction or not. */
const anything: fc.Arbitrary<readonly string[]> = fc.oneof(
  { weight: 4, arbitrary: fc.tuple(fc.constant('SET'), key, value) },
  { weight: 4, arbitrary: fc.tuple(fc.constant('GET'), key) },
  { weight: 2, arbitrary: fc.tuple(fc.constant('INCR'), key) },
  { weight: 2, arbitrary: fc.tuple(fc.constant('LPUSH'), key, value) },
  { weight: 1, arbitrary: fc.tuple(fc.constant('LRANGE'), key, fc.constant('0'), fc.constant('-1')) },
  { weight: 1, arbitrary: fc.tuple(fc.constant('DEL'), key, key) },
  { weight: 1, arbitrary: fc.tuple(fc.constant('MSET'), key, value, key, value) },
  { weight: 1, arbitrary: fc.tuple(fc.constant('MGET'), key, key) },
  { weight: 1, arbitrary: fc.tuple(fc.constant('RENAME'), key, key) },
  { weight: 1, arbitrary: fc.tuple(fc.constant('HSET'), key, fc.constant('f'), value) },
  { weight: 1, arbitrary: fc.tuple(fc.constant('HGETALL'), key) },
  { weight: 1, arbitrary: fc.tuple(fc.constant('EXPIRE'), key, fc.constant('100')) },
  {
    weight: 1,
    arbitrary: fc.tuple(
      fc.constant('EVAL'),
      fc.constant('return redis.call("get",KEYS[1])'),
      fc.constant('1'),
      key,
    ),
  },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      ['PING'],
      ['PING', 'here'],
      ['ECHO', 'hello'],
      ['SELECT', '0'],
      ['CLIENT', 'SETNAME', 'me'],
      ['CLIENT', 'GETNAME'],
    ),
  },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      ['SET', '{t}a'],
      ['GET'],
      ['NOSUCH', 'command'],
      ['LPOP', '{t}a', '-1'],
      ['PING', 'a', 'b'],
    ),
  },
);

const control = fc.oneof(
  { weight: 4, arbitrary: fc.constant(['MULTI']) },
  { weight: 4, arbitrary: fc.constant(['EXEC']) },
  { weight: 1, arbitrary: fc.constant(['DISCARD']) },
  { weight: 1, arbitrary: fc.constant(['UNWATCH']) },
  {
    weight: 1,
    arbitrary: fc.constantFrom(['RESET'], ['EXEC', 'x'], ['MULTI', 'x'], ['WATCH'], ['DISCARD', 'x']),
  },
  { weight: 3, arbitrary: fc.tuple(fc.constant('WATCH'), key) },
  { weight: 1, arbitrary: fc.tuple(fc.constant('WATCH'), key, key) },
);

/** One request, or two where the second is not for a transaction. */
const few: fc.Arbitrary<(readonly string[])[]> = fc.oneof(
  { weight: 20, arbitrary: anything.map((words) => [words]) },
  { weight: 10, arbitrary: control.map((words) => [words]) },
  { weight: 1, arbitrary: fc.constantFrom('2', '3').map((version) => [['RESET'], ['HELLO', version]]) },
);

const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.record({
    client: fc.nat({ max: CLIENTS - 1 }),
    requests: fc.array(few, { minLength: 1, maxLength: 6 }).map((chunks) => chunks.flat()),
  }),
  { minLength: 5, maxLength: 40 },
);

/** HELLO's answer says who it is. */
const comparable = (lines: string[]): string[] =>
  lines.map((line) => line.replace(/\\r\\n:\d+\\r\\n\$4\\r\\nmode/g, 'mode'));

async function sameOn(port: number, home: readonly RedisServer[], program: readonly Step[]): Promise<void> {
  for (const server of [plain, ...home]) await server.client.flushall();
  const ours = comparable(await carryOut(port, CLIENTS, program));
  const theirs = comparable(await carryOut(plain.port, CLIENTS, program));
  const at = theirs.findIndex((line, i) => line !== ours[i]);
  if (at >= 0) assert.fail(`redis: ${theirs[at]}\nours:  ${ours[at]}`);
}

describe('transactions', () => {
  test('of any program are answered as by the server itself', async () => {
    await fc.assert(
      fc.asyncProperty(steps, (program) => sameOn(one.ports[0], [servers[0]], program)),
      { numRuns: 150, includeErrorInReport: true },
    );
  });

  test('over two servers too, when their keys live on one', async () => {
    await fc.assert(
      fc.asyncProperty(steps, (program) => sameOn(two.ports[0], servers.slice(1), program)),
      { numRuns: 50, includeErrorInReport: true },
    );
  });

  test('per_shard: commands with keys on several servers are answered as one server would', async () => {
    const anyKey = fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f');
    const keys = (name: string) =>
      fc.array(anyKey, { minLength: 1, maxLength: 5 }).map((some) => [name, ...some]);
    const values = fc.array(fc.tuple(anyKey, value), { minLength: 1, maxLength: 5 });
    const spread: fc.Arbitrary<readonly string[]> = fc.oneof(
      { weight: 3, arbitrary: values.map((pairs) => ['MSET', ...pairs.flat()]) },
      { weight: 2, arbitrary: fc.constantFrom('MGET', 'DEL', 'UNLINK', 'EXISTS', 'TOUCH').chain(keys) },
      { weight: 1, arbitrary: fc.tuple(fc.constant('INCR'), anyKey) },
      { weight: 1, arbitrary: fc.constantFrom(['PING'], ['LPUSH', 'a', 'x']) },
      { weight: 2, arbitrary: fc.constantFrom(['MULTI'], ['EXEC']) },
    );
    const spreadSteps = fc.array(
      fc.record({
        client: fc.nat({ max: CLIENTS - 1 }),
        requests: fc.array(spread, { minLength: 1, maxLength: 6 }),
      }),
      { minLength: 5, maxLength: 30 },
    );
    await fc.assert(
      fc.asyncProperty(spreadSteps, (program) => sameOn(parts.ports[0], servers.slice(1), program)),
      { numRuns: 40, includeErrorInReport: true },
    );
  });
});
