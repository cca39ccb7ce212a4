import assert from 'node:assert/strict';
import { afterEach, describe, test } from 'node:test';
import {
  closeScenes,
  type MemoryClient,
  type MemoryScene,
  memoryScene,
  TWO,
} from '../../support/memory-scene.ts';
import { request } from '../../support/raw-client.ts';

/* Requests with very many keys: split, or looked at, a part at a time. */
afterEach(closeScenes);

const COUNT = 20_000;
const keys = Array.from({ length: COUNT }, (_, i) => `key${i}`);

describe('a request with 20,000 keys', () => {
  test('MGET: others are served meanwhile; each server is asked once, and the values come in the order of the keys', async () => {
    const scene = await memoryScene([], TWO);
    const { client, servers, settle, pool } = scene;
    const [one, other] = [client(), client()];
    one.send(request('MGET', ...keys));
    one.ask('GET', 'behind');
    other.ask('PING');
    let turns = 0;
    const { loop } = pool;
    const look = (): void => {
      turns++;
      if (servers.every(({ asked }) => asked.length === 0) && turns < 1000) loop.nextTurn(look);
    };
    loop.nextTurn(look);
    settle();
    assert.equal(other.said, '+PONG\r\n');
    assert.ok(turns > COUNT / 2048, `${turns} turns`);
    const asked = servers.map((server) => server.asked.filter((words) => words.startsWith('mget ')));
    assert.deepEqual(
      asked.map((all) => all.length),
      [1, 1],
    );
    assert.equal(asked.flatMap(([words]) => words.split(' ').slice(1)).length, COUNT);
    for (const server of servers) {
      for (const words of [...server.asked]) {
        const [name, ...wanted] = words.split(' ');
        const values = wanted.map((key) => `$${key.length}\r\n${key}\r\n`).join('');
        server.answer(name === 'mget' ? `*${wanted.length}\r\n${values}`.slice(0, -2) : '+behind');
      }
    }
    settle();
    const all = keys.map((key) => `$${key.length}\r\n${key}\r\n`).join('');
    assert.equal(one.said, `*${COUNT}\r\n${all}+behind\r\n`);
    assert.equal(pool.budget.used, 0);
  });

  test('DEL and MSET on one server go out as they came', async () => {
    const scene = await memoryScene([]);
    const { client, servers, settle } = scene;
    const one = client();
    for (const words of [
      ['DEL', ...keys],
      ['MSET', ...keys.flatMap((key) => [key, 'v'])],
    ]) {
      one.said = '';
      one.send(request(...words));
      settle();
      assert.deepEqual(servers[0].asked, [words.join(' ')]);
      servers[0].answer(':7');
      settle();
      assert.equal(one.said, ':7\r\n');
    }
  });

  test('a key that is too long is refused, and nothing is carried out', async () => {
    const scene = await memoryScene([], TWO);
    const one = scene.client();
    one.send(request('DEL', ...keys, 'x'.repeat(20_000)));
    one.ask('PING');
    scene.settle();
    assert.match(one.said, /^-ERR key of 20000 bytes is too long[^\r]*\r\n\+PONG\r\n$/);
    assert.deepEqual(
      scene.servers.flatMap(({ log }) => log),
      [],
    );
    assert.equal(scene.pool.budget.used, 0);
  });

  test('whose client leaves meanwhile is not sent', async () => {
    const scene = await memoryScene([], TWO);
    const one = scene.client();
    one.send(request('DEL', ...keys));
    scene.pool.loop.nextTurn(() => scene.pool.loop.nextTurn(() => one.leave()));
    scene.settle();
    assert.deepEqual(
      scene.servers.flatMap(({ log }) => log),
      [],
    );
    assert.equal(scene.pool.budget.used, 0);
  });
});

/** What takes all its keys on one server, by how it begins; some say how many they are. */
const TOGETHER = [
  ['SUNION'],
  ['SINTERSTORE', 'to'],
  ['PFCOUNT'],
  ['BITOP', 'OR', 'to'],
  ['ZUNIONSTORE', 'to', String(COUNT)],
  ['SINTERCARD', String(COUNT)],
  ['LMPOP', String(COUNT)],
  ['EVAL', 'return 1', String(COUNT)],
];
const near = keys.map((key) => `{name}${key}`);

describe('a request with 20,000 keys that must be together', () => {
  /** Sends it, and counts the turns in which nothing of it has reached a server. */
  async function turnsOf(
    words: readonly string[],
    servers = TWO,
  ): Promise<[number, MemoryScene, MemoryClient]> {
    const scene = await memoryScene(['hash_tag: "{}"'], servers);
    const [one, other] = [scene.client(), scene.client()];
    one.send(request(...words));
    one.ask('GET', 'behind');
    other.ask('PING');
    let turns = 0;
    const look = (): void => {
      turns++;
      const isDone = one.said !== '' || scene.servers.some(({ log }) => log.length > 0);
      if (!isDone && turns < 1000) scene.pool.loop.nextTurn(look);
    };
    scene.pool.loop.nextTurn(look);
    scene.settle();
    assert.equal(other.said, '+PONG\r\n');
    return [turns, scene, one];
  }

  for (const begin of TOGETHER) {
    test(`${begin.join(' ')}: others are served meanwhile, and it goes out as it came`, async () => {
      const words = [...begin.map((word) => (word === 'to' ? '{name}to' : word)), ...near];
      const [turns, { pool, servers, settle }, one] = await turnsOf(words);
      assert.ok(turns > COUNT / 2048, `${turns} turns`);
      const at = servers.find(({ log }) => log.includes(words.join(' ')));
      assert.ok(at !== undefined);
      at.answer(':7');
      settle();
      for (const server of servers) while (server.asked.length > 0) server.answer('+behind');
      settle();
      assert.equal(one.said, ':7\r\n+behind\r\n');
      // a script is kept, for EVALSHA
      assert.equal(pool.budget.used, begin[0] === 'EVAL' ? 264 : 0);
    });
  }

  test('keys that live apart, or one that is named too often, are refused, wherever they stand', async () => {
    for (const [last, says] of [
      [
        '{name2}x',
        /^-ERR keys '{name}key0' \(\w+\) and '{name2}x' \(\w+\) of 'sunion' live on different servers/,
      ],
      [Array<string>(11).fill('{name}x'), /^-ERR 'sunion' names the key '{name}x' more than 10 times/],
    ] as const) {
      const [turns, { pool, servers, settle }, one] = await turnsOf(['SUNION', ...near, last].flat());
      assert.ok(turns > COUNT / 2048, `${turns} turns`);
      for (const server of servers) while (server.asked.length > 0) server.answer('+behind');
      settle();
      assert.match(one.said, says);
      assert.match(one.said, /\r\n\+behind\r\n$/);
      assert.deepEqual(
        servers.flatMap(({ log }) => log),
        ['GET behind'],
      );
      assert.equal(pool.budget.used, 0);
    }
  });

  test('a client that leaves meanwhile is forgotten', async () => {
    const scene = await memoryScene([]);
    const one = scene.client();
    one.send(request('SUNION', ...keys));
    scene.pool.loop.nextTurn(() => scene.pool.loop.nextTurn(() => one.leave()));
    scene.settle();
    assert.deepEqual(scene.servers[0].log, []);
    assert.equal(scene.pool.budget.used, 0);
  });
});

describe('more than is looked at in one turn', () => {
  const many = Array.from({ length: 65_537 }, (_, i) => `k${i}`);

  test('in a transaction, or of keys that are waited for: at most 65,536 keys', async () => {
    const { client, servers, settle } = await memoryScene([]);
    for (const words of [
      ['BLPOP', ...many, '1'],
      ['BZMPOP', '1', String(many.length), ...many, 'MIN'],
    ]) {
      const one = client();
      one.send(request(...words));
      settle();
      const name = words[0].toLowerCase();
      assert.equal(one.said, `-ERR at most 65536 keys of '${name}' are served here, and it has 65537\r\n`);
    }
    for (const words of [
      ['SUNION', ...many],
      ['MGET', ...many],
    ]) {
      const one = client();
      one.ask('MULTI');
      one.send(request(...words));
      one.ask('EXEC');
      settle();
      const name = words[0].toLowerCase();
      assert.match(
        one.said,
        new RegExp(`-ERR at most 65536 keys of '${name}' are served here, and it has 65537\r\n-EXECABORT`),
      );
    }
    assert.deepEqual(servers[0].log, []);
  });

  test('of words among which keys are searched: at most 16,384, in a transaction, too', async () => {
    const { client, servers, settle } = await memoryScene([]);
    const words = Array<string>(16_384).fill('x');
    for (const name of ['SORT', 'SORT_RO', 'GEORADIUS', 'GEORADIUSBYMEMBER', 'XREAD', 'XREADGROUP']) {
      const one = client();
      one.ask('MULTI');
      for (let time = 0; time < 2; time++) {
        one.send(request(name, 'key', ...words));
        one.ask('EXEC');
      }
      settle();
      const fault = `-ERR '${name.toLowerCase()}' has at most 16384 arguments here`;
      assert.equal(one.said.split(fault).length - 1, 2, name);
    }
    assert.deepEqual(servers[0].log, []);
  });
});
