import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { Redis } from 'ioredis';
import { type RunningProxy, startProxy } from '../../support/proxy.ts';
import { type RedisServer, startRedis } from '../../support/redis-server.ts';

/*
 * SORT with BY and GET, and scripts without keys, before one server and before three, beside a Redis of its own: an answer
 * that would lack what lives elsewhere is an error.
 */
let servers: RedisServer[];
let proxy: RunningProxy;
let one: Redis;
let three: Redis;
let plain: Redis;

before(async () => {
  servers = await Promise.all([0, 1, 2, 3, 4].map(() => startRedis()));
  const pool = (name: string, port: number, some: readonly RedisServer[]): string =>
    `${name}:\n  listen: 127.0.0.1:${port}\n  redis: true\n  hash_tag: "{}"\n  servers:\n${some
      .map((server, i) => `   - 127.0.0.1:${server.port}:1 server${i}\n`)
      .join('')}`;
  proxy = await startProxy(
    'bun',
    2,
    ([a, b]) => pool('one', a, servers.slice(0, 1)) + pool('three', b, servers.slice(1, 4)),
  );
  [one, three] = proxy.ports.map((port) => new Redis(port, '127.0.0.1'));
  plain = servers[4].client;
  for (const redis of [one, three, plain]) {
    for (const tag of ['', '{t}']) {
      await redis.rpush(`${tag}list`, '1', '2', '3');
      for (const [i, weight] of [30, 20, 10].entries()) {
        await redis.set(`${tag}weight_${i + 1}`, weight);
        await redis.set(`${tag}data_${i + 1}`, `data${i + 1}`);
        await redis.hset(`${tag}hash_${i + 1}`, 'field', `field${i + 1}`);
      }
    }
  }
});

after(async () => {
  for (const redis of [one, three]) redis?.disconnect();
  await proxy?.stop();
  await Promise.all(servers.map((server) => server.stop()));
});

const ask = (redis: Redis, line: string): Promise<unknown> => {
  const [name, ...words] = line.split(' ');
  return redis.call(name, ...words).catch((error: Error) => `error: ${error.message}`);
};

/** Where nothing can be missing the answer is Redis' own. */
const CERTAIN = [
  'SORT {t}list BY {t}weight_* GET {t}data_* GET #',
  'SORT {t}list BY {t}weight_* GET {t}hash_*->field DESC',
  'SORT_RO {t}list BY {t}weight_*',
  'SORT list BY nosort GET # LIMIT 0 2',
  'SORT list BY nosort GET none',
  'SORT list BY # DESC',
  'SORT list GET #',
  'SORT list LIMIT 0 2',
  'SORT {t}list BY {t}weight_* STORE {t}sorted',
  'SORT {t}list STORE elsewhere STORE {t}sorted',
  'SORT {t}list BY',
  'SORT {t}list GET {t}data_* nonsense',
];
const UNCERTAIN = [
  'SORT list BY weight_* GET data_* GET #',
  'SORT list GET data_*',
  'SORT list BY nosort GET data_*',
  'SORT_RO list BY weight_*',
  'SORT_RO list GET data_*',
  'SORT {t}list BY weight_*',
  // the tag begins behind the *, ends behind it, or is none
  'SORT {t}list BY *{t}weight',
  'SORT {t}list BY {t*}weight',
  'SORT {t}list BY {}{t}weight_*',
  'SORT {t}list BY {t}weight_* GET data_*',
];
const SCRIPTS = [
  "EVAL return(redis.call('set','script','1')) 0",
  'EVAL_RO return(1) 0',
  'EVALSHA ffffffffffffffffffffffffffffffffffffffff 0 arg',
  'FCALL nothing 0',
  'FCALL_RO nothing 0',
];

describe('SORT with BY and GET', () => {
  for (const line of CERTAIN) {
    test(`${line}: as Redis`, async () => {
      const expected = await ask(plain, line);
      assert.deepEqual(await ask(three, line), expected);
      assert.deepEqual(await ask(one, line), expected);
    });
  }

  for (const line of UNCERTAIN) {
    test(`${line}: refused with several servers, as Redis with one`, async () => {
      assert.match(
        String(await ask(three, line)),
        /^error: ERR 'sort(_ro)?' with the pattern '.*' is not served: it may name keys of other servers; give it the hash tag .*, or use a pool on one shard$/,
      );
      assert.deepEqual(await ask(one, line), await ask(plain, line));
    });
  }
});

describe('a script with 0 keys', () => {
  for (const line of SCRIPTS) {
    test(`${line}: refused with several servers, as Redis with one`, async () => {
      assert.match(
        String(await ask(three, line)),
        /^error: ERR '\w+' with 0 keys is not served: the pool has several servers.*, or use a pool on one shard$/,
      );
      assert.deepEqual(await ask(one, line), await ask(plain, line));
    });
  }
});
