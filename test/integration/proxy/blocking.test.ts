import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { Redis } from 'ioredis';
import { type RunningProxy, startProxy } from '../../support/proxy.ts';
import { type RedisServer, startRedis } from '../../support/redis-server.ts';
import { waitUntil } from '../../support/wait-until.ts';

/* Commands that wait, before two real servers and before one, from several clients at once. */
let servers: RedisServer[];
let proxy: RunningProxy;
let sharded: number;
let single: number;
const clients: Redis[] = [];

function connect(port: number): Redis {
  const client = new Redis(port, '127.0.0.1');
  clients.push(client);
  return client;
}

before(async () => {
  servers = await Promise.all([0, 1].map(() => startRedis()));
  const pool = (name: string, port: number, some: readonly RedisServer[]): string =>
    `${name}:\n  listen: 127.0.0.1:${port}\n  redis: true\n  hash_tag: "{}"\n  timeout: 1000\n  servers:\n${some
      .map((server, i) => `   - 127.0.0.1:${server.port}:1 server${i}\n`)
      .join('')}`;
  proxy = await startProxy(
    'bun',
    2,
    ([a, b]) => pool('sharded', a, servers) + pool('single', b, servers.slice(0, 1)),
  );
  [sharded, single] = proxy.ports;
});

after(async () => {
  for (const client of clients) client.disconnect();
  await proxy?.stop();
  await Promise.all(servers.map((server) => server.stop()));
});

const blockedAt = async (server: RedisServer): Promise<number> =>
  Number(/blocked_clients:(\d+)/.exec(await server.client.info('clients'))?.[1]);

const allBlocked = (count: number): Promise<unknown> =>
  waitUntil(`${count} clients wait`, async () => {
    const counts = await Promise.all(servers.map(blockedAt));
    return counts.reduce((sum, each) => sum + each, 0) === count;
  });

describe('commands that wait, with real servers', () => {
  test('every kind gets what another client brings, longer after than the timeout of the pool', async () => {
    const bring = connect(sharded);
    const waits: [ask: (client: Redis) => Promise<unknown>, expected: unknown][] = [
      [(client) => client.blpop('{w}1', 0), ['{w}1', 'x']],
      [(client) => client.brpop('{w}2', '{w}3', 20), ['{w}3', 'x']],
      [(client) => client.blmove('{w}4', '{w}5', 'LEFT', 'RIGHT', 0), 'x'],
      [(client) => client.brpoplpush('{w}6', '{w}7', 0), 'x'],
      [(client) => client.blmpop(0, 1, '{w}8', 'LEFT'), ['{w}8', ['x']]],
      [(client) => client.bzpopmin('{w}9', 0), ['{w}9', 'x', '1']],
      [(client) => client.bzpopmax('{w}10', 0), ['{w}10', 'x', '1']],
      [(client) => client.call('BZMPOP', '0', '1', '{w}11', 'MIN'), ['{w}11', [['x', '1']]]],
      [(client) => client.xread('BLOCK', 0, 'STREAMS', '{w}12', '0'), [['{w}12', [['1-1', ['f', 'x']]]]]],
    ];
    const results = waits.map(([ask]) => ask(connect(sharded)));
    await allBlocked(waits.length);
    // the pool gives other requests a second
    const since = performance.now();
    await waitUntil('a timeout has passed', () => performance.now() - since > 1300);
    for (const n of [1, 3, 4, 6, 8]) await bring.rpush(`{w}${n}`, 'x');
    for (const n of [9, 10, 11]) await bring.zadd(`{w}${n}`, 1, 'x');
    await bring.xadd('{w}12', '1-1', 'f', 'x');
    assert.deepEqual(
      await Promise.all(results),
      waits.map(([, expected]) => expected),
    );
    await allBlocked(0);
  });

  test('a queue: every job reaches exactly one of its workers, whatever worker leaves meanwhile', async () => {
    const producer = connect(sharded);
    const done: string[] = [];
    const work = async (client: Redis): Promise<void> => {
      for (;;) {
        const [, job] = (await client.blpop('jobs', 0)) ?? [];
        if (job === undefined || job === 'end') return;
        done.push(job);
      }
    };
    const workers = Array.from({ length: 8 }, () => connect(sharded));
    const working = workers.map((client) => work(client).catch(() => undefined));
    await allBlocked(workers.length);
    // they leave while they wait: nothing may be popped for them
    for (const leaving of workers.slice(0, 4)) leaving.disconnect();
    await allBlocked(4);
    const jobs = Array.from({ length: 500 }, (_, n) => `job-${n}`);
    for (const job of jobs) await producer.rpush('jobs', job);
    await waitUntil('all jobs are done', () => done.length >= jobs.length);
    assert.deepEqual(done.sort(), jobs.sort());
    for (let n = 0; n < 4; n++) await producer.rpush('jobs', 'end');
    await Promise.all(working);
  });

  test('times out as Redis does, and answers wrong arguments in its words', async () => {
    const [ours, plain] = [connect(single), servers[0].client];
    const lines = [
      ['BLPOP', 'none', '0.05'],
      ['BLMOVE', 'none', 'other', 'LEFT', 'RIGHT', '0.05'],
      ['BZPOPMIN', 'none', '0.05'],
      ['XREAD', 'BLOCK', '20', 'STREAMS', 'none', '$'],
      ['BLPOP', 'none', 'soon'],
      ['BLPOP', 'none', '-1'],
      ['BLPOP', 'none'],
      ['BLMPOP', '0.05', '0', 'LEFT'],
      ['XREAD', 'BLOCK', 'x', 'STREAMS', 'none', '$'],
      ['XREADGROUP', 'GROUP', 'g', 'c', 'BLOCK', '20', 'STREAMS', 'none', '>'],
    ];
    const answer = (client: Redis, [name, ...words]: string[]): Promise<unknown> =>
      client.call(name, ...words).catch((error: Error) => error.message);
    for (const line of lines) {
      assert.deepEqual(await answer(ours, line), await answer(plain, line), line.join(' '));
    }
  });
});
