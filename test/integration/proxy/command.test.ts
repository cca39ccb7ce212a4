import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { Redis } from 'ioredis';
import { poolOf, type RunningProxy, startProxy } from '../../support/proxy.ts';
import { type RedisServer, startRedis } from '../../support/redis-server.ts';

/* COMMAND …, beside a real Redis: what clients that route by it are told must be true. */
let server: RedisServer;
let proxy: RunningProxy;
let ours: Redis;

before(async () => {
  server = await startRedis();
  proxy = await startProxy('bun', 1, poolOf(server));
  ours = new Redis(proxy.ports[0], '127.0.0.1', { protocol: 2 });
});

after(async () => {
  ours?.disconnect();
  await proxy?.stop();
  await server?.stop();
});

type Info = [name: string, arity: number, flags: string[], first: number, last: number, step: number];

const both = async (...words: string[]): Promise<[real: unknown, ours: unknown]> => {
  const ask = (redis: Redis): Promise<unknown> =>
    redis.call('COMMAND', ...words).catch((error: Error) => error.message);
  return [await ask(server.client), await ask(ours)];
};

describe('COMMAND', () => {
  test('arity, flags and key positions of every command are those of Redis', async () => {
    const [real, mine] = (await both()) as [Info[], Info[]];
    const comparable = (all: Info[]): unknown[] =>
      all
        .map(([name, arity, flags, ...keys]) => [name, arity, [...flags].sort(), ...keys.slice(0, 3)])
        .sort((a, b) => (String(a[0]) < String(b[0]) ? -1 : 1));
    assert.deepEqual(comparable(mine), comparable(real));
  });

  test('COUNT, LIST and INFO', async () => {
    const [count, mine] = await both('COUNT');
    assert.equal(mine, count);
    const [names, ourNames] = (await both('LIST')) as [string[], string[]];
    // Redis lists subcommands too
    assert.deepEqual(ourNames.sort(), names.filter((each) => !each.includes('|')).sort());
    const [some, ourSome] = (await both('LIST', 'FILTERBY', 'PATTERN', 'z*[es]')) as [string[], string[]];
    assert.deepEqual(ourSome.sort(), some.sort());
    const info = (await ours.call('COMMAND', 'INFO', 'get', 'nonsense', 'MSET')) as (Info | null)[];
    assert.deepEqual(
      info.map((each) => each?.slice(0, 2)),
      [['get', 2], undefined, ['mset', -3]],
    );
  });

  const examples = [
    'GET a',
    'MSET a 1 b 2',
    'MGET a b c',
    'DEL a b',
    'RENAME a b',
    'EVAL script 2 a b c',
    'EVAL script 0',
    'FCALL f 1 a',
    'ZUNIONSTORE d 2 a b WEIGHTS 1 2',
    'ZINTER 2 a b',
    'LMPOP 2 a b LEFT',
    'SORT a BY store GET store STORE b',
    'SORT abc STORE invalid STORE stillbad STORE def',
    'GEORADIUS a 1 2 3 m STORE b',
    'GEORADIUSBYMEMBER a store 3 m',
    'XREAD COUNT 2 BLOCK 0 STREAMS a b 0 0',
    'XREADGROUP GROUP g c STREAMS a >',
    'BLPOP a b 0',
    'BITOP AND d a b',
    'OBJECT ENCODING a',
    'PING',
    'NOPE a',
    'GET',
    'GET a b',
  ];
  for (const line of examples) {
    test(`GETKEYS ${line}`, async () => {
      const [real, mine] = await both('GETKEYS', ...line.split(' '));
      assert.deepEqual(mine, real);
    });
  }

  test('DOCS tells what the proxy does with a command', async () => {
    const [name, docs] = (await ours.call('COMMAND', 'DOCS', 'MGET')) as [string, unknown[]];
    assert.equal(name, 'mget');
    assert.deepEqual(docs.slice(0, 6), [
      'summary',
      'split by server, replies merged',
      'since',
      '1.0.0',
      'group',
      'string',
    ]);
  });

  test('in RESP3 with maps and sets', async () => {
    const redis = new Redis(proxy.ports[0], '127.0.0.1', { protocol: 3 });
    try {
      const docs = (await redis.call('COMMAND', 'DOCS', 'GET')) as object;
      assert.ok(JSON.stringify(docs instanceof Map ? [...docs.keys()] : docs).includes('get'));
      assert.equal(((await redis.call('COMMAND', 'INFO')) as unknown[]).length, 240);
    } finally {
      redis.disconnect();
    }
  });

  test('what it does not know it says', async () => {
    await assert.rejects(ours.call('COMMAND', 'NONSENSE'), /unknown subcommand 'NONSENSE'. Try COMMAND HELP/);
    await assert.rejects(ours.call('COMMAND', 'LIST', 'FILTERBY', 'COLOUR', 'red'), /syntax error/);
  });
});
