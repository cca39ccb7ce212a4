import assert from 'node:assert/strict';
import { afterEach, describe, test } from 'node:test';
import { closeScenes, memoryScene } from '../../support/memory-scene.ts';
import { request } from '../../support/raw-client.ts';

/* Requests with very many keys: split a part at a time. */
afterEach(closeScenes);

const TWO = ['10.0.0.1:6379:1 one', '10.0.0.2:6379:1 two'];
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
