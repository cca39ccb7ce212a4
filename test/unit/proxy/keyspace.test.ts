import assert from 'node:assert/strict';
import { afterEach, describe, test } from 'node:test';
import { answer, ask, closeScenes, memoryScene, TWO } from '../../support/memory-scene.ts';
import { bed, fill } from '../../support/scanned-bed.ts';

afterEach(closeScenes);

describe('what concerns all keys', () => {
  test('DBSIZE counts, KEYS lists and RANDOMKEY draws from all servers', async () => {
    const scene = await bed();
    fill(scene.shards[0], 'a', 30);
    fill(scene.shards[1], 'b', 12);
    const client = scene.client();
    assert.equal(scene.ask(client, 'DBSIZE'), 42);
    assert.equal((scene.ask(client, 'KEYS', '*') as string[]).length, 42);
    const drawn = new Set(Array.from({ length: 100 }, () => scene.ask(client, 'RANDOMKEY')));
    assert.deepEqual(drawn, new Set(['a0', 'b0']));
  });

  test('SCAN: what is wrong with the request is said as one server says it, what is with a server by its name', async () => {
    const scene = await memoryScene([], TWO);
    const client = scene.client();
    for (const [request, error] of [
      ['SCAN 0 COUNT', '-ERR syntax error'],
      ['SCAN 0 COUNT x', '-ERR value is not an integer or out of range'],
    ]) {
      ask(scene, client, request);
      assert.equal(answer(scene, client, scene.servers[0], error), `${error}\r\n`);
    }
    ask(scene, client, 'SCAN 0');
    assert.equal(
      answer(scene, client, scene.servers[0], '-LOADING wait'),
      "-ERR 'scan' was not done by 'one' (LOADING wait)\r\n",
    );
  });

  test('RANDOMKEY: never of an empty server, and nil of none', async () => {
    const scene = await bed();
    const client = scene.client();
    assert.equal(scene.ask(client, 'RANDOMKEY'), null);
    fill(scene.shards[1], 'b', 1);
    for (let i = 0; i < 20; i++) assert.equal(scene.ask(client, 'RANDOMKEY'), 'b0');
    assert.equal(scene.servers[0].log.includes('RANDOMKEY'), false);
  });

  for (const command of ['FLUSHDB', 'FLUSHALL']) {
    test(`${command} empties the pool's database on every server, and no other database`, async () => {
      const scene = await bed();
      scene.shards.forEach((shard) => void fill(shard, 'k', 5));
      assert.equal(scene.ask(scene.client(), command, 'ASYNC'), 'OK');
      assert.deepEqual(
        scene.servers.map(({ log }) => log),
        [['FLUSHDB ASYNC'], ['FLUSHDB ASYNC']],
      );
      assert.equal(scene.shards[0].keys.size + scene.shards[1].keys.size, 0);
    });
  }

  test('a server is not silent while it frees memory, unless SYNC is said', async () => {
    for (const addresses of [TWO, TWO.slice(0, 1)]) {
      const scene = await bed([], addresses);
      const client = scene.client();
      for (const words of [['FLUSHDB'], ['FLUSHALL'], ['FLUSHDB', 'SYNC']]) scene.ask(client, ...words);
      for (const { log } of scene.servers)
        assert.deepEqual(log, ['FLUSHDB ASYNC', 'FLUSHDB ASYNC', 'FLUSHDB SYNC']);
    }
  });

  test('with wait_replicas each server must have confirmed it', async () => {
    const { client, servers, settle } = await bed(['wait_replicas: 1']);
    const one = client();
    one.ask('FLUSHALL');
    settle();
    for (const server of servers) {
      assert.deepEqual(server.asked, ['FLUSHDB ASYNC', 'WAIT 1 1000']);
      server.answer('+OK');
    }
    servers[0].answer(':1');
    settle();
    assert.equal(one.said, '');
    servers[1].answer(':0');
    settle();
    assert.match(
      one.said,
      /^-ERR 'flushall' was not done by 'two' \(written on the master, not confirmed.*\); done by 'one'\r\n$/,
    );
  });

  for (const words of [['DBSIZE'], ['KEYS', '*'], ['FLUSHDB'], ['RANDOMKEY']]) {
    test(`${words[0]}: half an answer is an error that says which server it lacks`, async () => {
      const { client, servers, settle } = await bed();
      const one = client();
      one.ask(...words);
      settle();
      servers[0].answer(words[0] === 'FLUSHDB' ? '+OK' : words[0] === 'KEYS' ? '*1\r\n$1\r\na' : ':3');
      servers[1].answer('-LOADING Redis is loading the dataset in memory');
      settle();
      assert.match(
        one.said,
        /^-ERR '\w+' was not done by 'two' \(LOADING Redis is loading.*\); done by 'one'\r\n$/,
      );
      one.said = '';
      one.ask(...words);
      settle();
      for (const server of servers) server.answer('-ERR syntax error');
      settle();
      assert.equal(one.said, '-ERR syntax error\r\n');
    });
  }

  test('KEYS is bounded: more than request_bytes is an error, and nothing is kept', async () => {
    const scene = await bed(['request_bytes: 1000']);
    for (const shard of scene.shards) fill(shard, 'a-longer-name-of-a-key:', 30);
    const client = scene.client();
    scene.ask(client, 'KEYS', '*');
    assert.match(client.said, /^-ERR .*more than 1000 bytes \(request_bytes\)/);
    assert.equal(scene.pool.budget.used, 0);
  });

  test('a client that leaves meanwhile is forgotten, and its bytes with it', async () => {
    const { client, pool, servers, settle } = await bed();
    const one = client();
    one.ask('KEYS', '*');
    settle();
    servers[0].answer(`*1\r\n$9000\r\n${'k'.repeat(9000)}`);
    settle();
    assert.ok(pool.budget.used > 9000);
    one.leave();
    settle();
    servers[1].answer('*0');
    settle();
    assert.equal(pool.budget.used, 0);
  });

  test('dangerous: refuse', async () => {
    const scene = await bed(['dangerous: refuse']);
    const client = scene.client();
    for (const words of [['FLUSHALL'], ['FLUSHDB', 'ASYNC'], ['KEYS', 'a*']]) {
      scene.ask(client, ...words);
      const name = words[0].toLowerCase();
      assert.equal(client.said, `-ERR '${name}' is refused in this pool (dangerous: refuse)\r\n`);
    }
    for (const [subcommand, word] of [
      ['kill', 'USER'],
      ['pause', '1000'],
    ]) {
      scene.ask(client, 'CLIENT', subcommand, word, 'x');
      assert.equal(
        client.said,
        `-ERR 'client ${subcommand}' is refused in this pool (dangerous: refuse)\r\n`,
      );
    }
    assert.equal(scene.ask(client, 'DBSIZE'), 0);
    assert.deepEqual(
      scene.servers.map(({ log }) => log),
      [['DBSIZE'], ['DBSIZE']],
    );
  });

  test('inside a transaction: over one server as in Redis, over several refused', async () => {
    const alone = await bed([], TWO.slice(0, 1));
    const client = alone.client();
    assert.equal(alone.ask(client, 'MULTI'), 'OK');
    for (const words of [['DBSIZE'], ['KEYS', '*'], ['FLUSHDB', 'SYNC'], ['FLUSHALL']])
      assert.equal(alone.ask(client, ...words), 'QUEUED');
    client.ask('EXEC');
    alone.settle();
    // the pool has one database, in a transaction too
    const asked = ['MULTI', 'DBSIZE', 'KEYS *', 'FLUSHDB SYNC', 'FLUSHDB ASYNC', 'EXEC'];
    assert.deepEqual(alone.servers[0].asked, asked);
    const several = await bed();
    const other = several.client();
    several.ask(other, 'MULTI');
    several.ask(other, 'DBSIZE');
    assert.equal(
      other.said,
      "-ERR 'dbsize' is not served inside a transaction: it concerns every server\r\n",
    );
    several.ask(other, 'EXEC');
    assert.match(other.said, /^-EXECABORT /);
    const careful = await bed(['dangerous: refuse'], TWO.slice(0, 1));
    const third = careful.client();
    careful.ask(third, 'MULTI');
    careful.ask(third, 'FLUSHDB');
    assert.match(third.said, /dangerous: refuse/);
    const wide = await bed(['databases: 2'], TWO.slice(0, 1));
    const fourth = wide.client();
    wide.ask(fourth, 'MULTI');
    wide.ask(fourth, 'FLUSHALL');
    assert.match(
      fourth.said,
      /^-ERR 'flushall' is not served inside a transaction: it concerns every database/,
    );
  });

  test('thousands in one pipeline that no server is asked for are answered one after the other', async () => {
    const scene = await bed(['auto_eject_hosts: true']);
    scene.pool.servers[0].live = false;
    scene.pool.servers[1].live = false;
    const client = scene.client();
    const bytes = ['CONFIG GET nosuch', 'SCAN 0', 'DBSIZE'].map((line) => `${line}\r\n`).join('');
    client.send(Buffer.from(bytes.repeat(10_000)));
    scene.settle();
    assert.equal(client.said.match(/^(\*0|-ERR)/gm)?.length, 30_000);
  });
});
