import assert from 'node:assert/strict';
import { afterEach, describe, test } from 'node:test';
import { feed, MIB, largeSet as set, largeValue as value } from '../../support/large-request.ts';
import { closeScenes, type MemoryClient, memoryScene } from '../../support/memory-scene.ts';
import { request } from '../../support/raw-client.ts';

afterEach(closeScenes);

describe('a request too large to be kept', () => {
  test('goes on to the server while it comes in, and others are served meanwhile', async () => {
    const scene = await memoryScene([]);
    const { client, servers, settle } = scene;
    const [writer, reader] = [client(), client()];
    feed(scene, writer, set, 0, 2 * MIB);
    assert.ok(servers[0].received > MIB, `${servers[0].received} bytes`);
    reader.ask('GET', 'k');
    settle();
    servers[0].answer('$3\r\nold');
    settle();
    assert.equal(reader.said, '$3\r\nold\r\n');
    feed(scene, writer, set, 2 * MIB);
    assert.equal(servers[0].log.at(-1), `SET k ${value}`);
    servers[0].answer('+OK');
    settle();
    assert.equal(writer.said, '+OK\r\n');
  });

  for (const words of [
    ['SET', 'k', value, 'EX', '10'],
    [
      'RPUSH',
      'k',
      ...Array.from({ length: 30_000 }, (_, i) => `element number ${i} of a long list ${'.'.repeat(20)}`),
    ],
    ['HSET', 'k', 'small', '1', 'large', value, 'empty', ''],
  ]) {
    test(`${words[0]} with ${words.length} words: whatever the order of its elements`, async () => {
      const scene = await memoryScene([]);
      const { client, servers, settle } = scene;
      const one = client();
      const bytes = request(...words);
      feed(scene, one, bytes, 0, bytes.length - 1);
      assert.ok(servers[0].received > MIB / 2);
      assert.deepEqual(servers[0].asked, []);
      feed(scene, one, bytes, bytes.length - 1);
      servers[0].answer(':1');
      settle();
      assert.deepEqual(servers[0].log, [words.join(' ')]);
      assert.equal(one.said, ':1\r\n');
    });
  }

  test('stays in its place among the requests of its client', async () => {
    const scene = await memoryScene([]);
    const { client, servers, settle } = scene;
    const one = client();
    const bytes = Buffer.concat([
      request('SET', 'k', '1'),
      set,
      request('GET', 'k'),
      set,
      request('GET', 'k'),
    ]);
    feed(scene, one, bytes);
    assert.deepEqual(servers[0].log, ['SET k 1'], 'it waits for what was before');
    for (const [reply, next] of [
      ['+1', `SET k ${value}`],
      ['+2', 'GET k'],
      ['+3', `SET k ${value}`],
      ['+4', 'GET k'],
    ]) {
      servers[0].answer(reply);
      settle();
      assert.deepEqual(servers[0].asked, [next], 'nothing overtakes');
    }
    servers[0].answer('+5');
    settle();
    assert.equal(one.said, '+1\r\n+2\r\n+3\r\n+4\r\n+5\r\n');
  });

  test('is not read faster than the server takes it', async () => {
    const scene = await memoryScene([]);
    const { client, servers, settle } = scene;
    const one = client();
    feed(scene, one, set, 0, 1.5 * MIB);
    const link = servers[0].links[0] as MemoryClient['link'];
    link.paused = true;
    (link.peer as MemoryClient['link']).capacity = 100_000;
    feed(scene, one, set, 1.5 * MIB, 2.5 * MIB);
    assert.equal(one.proxyEnd.paused, true);
    link.paused = false;
    settle();
    assert.equal(one.proxyEnd.paused, false);
    feed(scene, one, set, 2.5 * MIB);
    assert.equal(servers[0].log.at(-1), `SET k ${value}`);
    servers[0].answer('+OK');
    settle();
    assert.equal(one.said, '+OK\r\n');
    assert.equal(one.proxyEnd.paused, false);
  });

  test('its client leaves half-way: nothing of it is carried out, and the next one gets through', async () => {
    const scene = await memoryScene([]);
    const { client, servers, settle, pool } = scene;
    const [one, other] = [client(), client()];
    feed(scene, one, set, 0, 2 * MIB);
    one.leave();
    settle();
    assert.equal(servers[0].links.length, 0);
    feed(scene, other, set);
    servers[0].answer('+OK');
    settle();
    assert.equal(other.said, '+OK\r\n');
    assert.deepEqual(servers[0].log, [`SET k ${value}`]);
    assert.equal(pool.servers[0].counters.errors + pool.servers[0].counters.eof, 0, 'no fault of the server');
    assert.equal(pool.budget.used, 0);
  });

  test('its client sends FIN half-way: it gets the replies before it and is gone', async () => {
    const scene = await memoryScene([]);
    const { client, servers, settle, pool } = scene;
    const one = client();
    one.ask('GET', 'k');
    feed(scene, one, set, 0, 2 * MIB);
    one.link.shutdown();
    servers[0].answer('$1\r\nv');
    settle();
    assert.equal(one.said, '$1\r\nv\r\n');
    assert.equal(one.ended, true);
    assert.equal(pool.clients.size, 0);
    assert.deepEqual(servers[0].log, ['GET k']);
  });

  test('makes no sense half-way: the client is told, and the server does not see the rest', async () => {
    const scene = await memoryScene([]);
    const { client, servers, settle } = scene;
    const one = client();
    const bytes = request('SET', 'k', value, 'EX', '10');
    feed(scene, one, bytes, 0, bytes.length - 20);
    feed(scene, one, Buffer.from('nonsense that is long enough to reach the next header'));
    settle();
    assert.match(one.said, /^-ERR Protocol error: expected CRLF after a bulk string\r\n$/);
    assert.equal(one.ended, true);
    assert.equal(servers[0].links.length, 0);
    assert.deepEqual(servers[0].log, []);
  });

  test('its server goes half-way: an error, the rest is thrown away, and the connection goes on', async () => {
    const scene = await memoryScene([]);
    const { client, servers, settle } = scene;
    const one = client();
    feed(scene, one, set, 0, 2 * MIB);
    servers[0].cut();
    settle();
    assert.equal(one.said, '-ERR Connection reset by peer\r\n');
    feed(scene, one, Buffer.concat([set.subarray(2 * MIB), request('GET', 'k')]));
    assert.deepEqual(servers[0].asked, ['GET k']);
    servers[0].answer('$-1');
    settle();
    assert.equal(one.said, '-ERR Connection reset by peer\r\n$-1\r\n');
  });

  test('does not go on for client_stall: the client is told and closed', async () => {
    const scene = await memoryScene(['client_stall: 500', 'timeout: 100']);
    const { client, servers, pass, warnings } = scene;
    const one = client();
    feed(scene, one, set, 0, 2 * MIB);
    pass(499);
    assert.equal(one.ended, false, 'the time-out of servers does not count: it is the client who is slow');
    pass(2);
    assert.match(one.said, /^-ERR Protocol error: the rest of the request did not come within 500 ms\r\n$/);
    assert.equal(one.ended, true);
    assert.equal(servers[0].links.length, 0);
    assert.match(warnings.join(), /client somebody sent half a request and then nothing for 500 ms/);
  });

  test('a server that takes no more of it times out', async () => {
    const scene = await memoryScene(['timeout: 100']);
    const { client, servers, pass } = scene;
    const one = client();
    feed(scene, one, set, 0, 1.5 * MIB);
    const link = servers[0].links[0] as MemoryClient['link'];
    link.paused = true;
    (link.peer as MemoryClient['link']).capacity = 100_000;
    feed(scene, one, set, 1.5 * MIB);
    pass(101);
    assert.equal(one.said, '-ERR Connection timed out\r\n');
    assert.equal(one.ended, false);
  });

  test('refused: it is read to its end, and the connection goes on', async () => {
    const scene = await memoryScene(['redis_auth: secret']);
    const { client, servers, settle } = scene;
    servers[0].always.set('AUTH', '+OK');
    const one = client();
    one.ask('AUTH', 'secret');
    settle();
    feed(scene, one, Buffer.concat([request('SET', 'k'.repeat(20_000), value), request('PING')]));
    assert.match(one.said, /\+OK\r\n-ERR key of 20000 bytes is too long.*\r\n\+PONG\r\n$/);
    assert.equal(servers[0].received, 0);
  });

  test('wait_replicas: its reply waits for the replicas too', async () => {
    const scene = await memoryScene(['wait_replicas: 1']);
    const { client, servers, settle } = scene;
    const one = client();
    feed(scene, one, set);
    assert.deepEqual(servers[0].asked, [`SET k ${value}`, 'WAIT 1 1000']);
    servers[0].answer('+OK');
    settle();
    assert.equal(one.said, '');
    servers[0].answer(':1');
    settle();
    assert.equal(one.said, '+OK\r\n');
  });

  test('only so many at once: the others wait for their turn', async () => {
    const scene = await memoryScene([]);
    const { client, servers, settle } = scene;
    const clients = Array.from({ length: 18 }, client);
    const short = request('SET', 'k', 'x'.repeat(1.2 * MIB));
    for (const each of clients) feed(scene, each, short);
    assert.equal(servers[0].asked.length, 16);
    for (let i = 0; i < clients.length; i++) {
      servers[0].answer('+OK');
      settle();
    }
    for (const each of clients) assert.equal(each.said, '+OK\r\n');
    assert.equal(servers[0].links.length, 1, 'one connection is kept');
  });
});

describe('a request above large_request_bytes', () => {
  const LIMITED = [`large_request_bytes: ${2 * MIB}`];

  test('is refused when its length is known, nothing of it is sent, and the connection goes on', async () => {
    const scene = await memoryScene(LIMITED);
    const { client, pool, servers } = scene;
    const one = client();
    const set = request('SET', 'k', 'x'.repeat(3 * MIB));
    feed(scene, one, set.subarray(0, 100_000));
    assert.equal(one.said, `-ERR a request of 'set' has at most ${2 * MIB} bytes (large_request_bytes)\r\n`);
    assert.equal(pool.budget.used, 0);
    feed(scene, one, Buffer.concat([set.subarray(100_000), request('PING')]));
    assert.match(one.said, /\)\r\n\+PONG\r\n$/);
    assert.equal(servers[0].links.length, 0);
  });

  test('the largest one below goes through', async () => {
    const scene = await memoryScene(LIMITED);
    const { client, servers, settle } = scene;
    const one = client();
    const overhead = request('SET', 'k', 'x'.repeat(MIB)).length - MIB;
    feed(scene, one, request('SET', 'k', 'x'.repeat(2 * MIB - overhead)));
    servers[0].answer('+OK');
    settle();
    assert.equal(one.said, '+OK\r\n');
  });

  test('is cut short when many values make it so large', async () => {
    const scene = await memoryScene(LIMITED);
    const { client, servers } = scene;
    const one = client();
    feed(scene, one, request('RPUSH', 'k', ...Array.from({ length: 6 }, () => 'x'.repeat(MIB / 2))));
    assert.equal(
      one.said,
      `-ERR Protocol error: a request has at most ${2 * MIB} bytes (large_request_bytes)\r\n`,
    );
    assert.deepEqual(servers[0].asked, [], 'no server has the whole of it');
  });
});

describe('a request that must be kept as a whole', () => {
  test('above request_bytes it is refused before it is there, and the connection goes on', async () => {
    const scene = await memoryScene(['request_bytes: 100000']);
    const { client, pool } = scene;
    const one = client();
    const mset = request('MSET', 'a', 'x'.repeat(90_000), 'b', 'y'.repeat(90_000));
    feed(scene, one, mset.subarray(0, 120_000));
    assert.match(one.said, /^-ERR a request of 'mset' has at most 100000 bytes.*\(request_bytes\)\r\n$/);
    assert.equal(pool.budget.used, 0);
    feed(scene, one, Buffer.concat([mset.subarray(120_000), request('PING')]));
    assert.match(one.said, /\+PONG\r\n$/);
  });

  test('an announcement alone costs nothing', async () => {
    const scene = await memoryScene([]);
    const { client, pool, servers } = scene;
    for (let i = 0; i < 50; i++) {
      feed(scene, client(), Buffer.from('*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$536870912\r\n'));
    }
    assert.equal(pool.budget.used, 0);
    assert.equal(servers[0].links.length, 0, 'no server connection is taken for it');
    const greedy = client();
    feed(scene, greedy, Buffer.from('*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$1073741824\r\n'));
    assert.equal(greedy.said, '-ERR Protocol error: invalid bulk length\r\n');
  });

  test('MSET of some megabytes in small pieces is carried out', async () => {
    const scene = await memoryScene([]);
    const { client, servers, settle } = scene;
    const one = client();
    const words = ['MSET', ...Array.from({ length: 4000 }, (_, i) => [`key${i}`, 'v'.repeat(500)]).flat()];
    feed(scene, one, request(...words));
    assert.deepEqual(servers[0].asked, [words.join(' ')]);
    servers[0].answer('+OK');
    settle();
    assert.equal(one.said, '+OK\r\n');
  });
});
