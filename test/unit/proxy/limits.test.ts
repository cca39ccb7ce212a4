import assert from 'node:assert/strict';
import { afterEach, describe, test } from 'node:test';
import { closeScenes, type MemoryScene, memoryScene } from '../../support/memory-scene.ts';
import { request } from '../../support/raw-client.ts';

afterEach(closeScenes);

const MIB = 1024 * 1024;
const bulk = (length: number): string => `$${length}\r\n${'x'.repeat(length)}`;

/** Answers whatever the first server was asked so far. */
function answerAll({ servers, settle }: MemoryScene, reply: string): void {
  servers[0].answer(...servers[0].asked.map(() => reply));
  settle();
}

describe('a client that does not read', () => {
  test('is not read from, and goes on when it does', async () => {
    const scene = await memoryScene([]);
    const { client, settle } = scene;
    const one = client();
    one.proxyEnd.capacity = 1000;
    one.link.paused = true;
    for (let i = 0; i < 20; i++) {
      one.ask('GET', 'k');
      settle();
      answerAll(scene, bulk(100_000));
    }
    assert.equal(one.proxyEnd.paused, true);
    assert.ok(scene.pool.budget.used > MIB, 'what it leaves unread is accounted');
    one.link.paused = false;
    settle();
    answerAll(scene, bulk(100_000));
    assert.equal(one.proxyEnd.paused, false);
    assert.equal(scene.pool.budget.used, 0);
    assert.equal(one.said.length, 20 * (9 + 100_000 + 2));
  });

  test('its reply stays on the server while nobody waits behind it', async () => {
    const scene = await memoryScene(['client_stall: 1000', 'timeout: 400']);
    const { client, servers, settle, pass, pool } = scene;
    const one = client();
    one.proxyEnd.capacity = 1000;
    one.link.paused = true;
    one.ask('GET', 'k');
    settle();
    const [link] = servers[0].links as (typeof one.link)[];
    for (let i = 0; i < 30; i++) {
      const piece = Buffer.from(i === 0 ? `$${3 * MIB}\r\n` : 'x'.repeat(100_000));
      link.write(piece, 0, piece.length);
      settle();
    }
    assert.equal((link.peer as typeof one.link).paused, true);
    assert.ok(pool.budget.used < 2 * MIB, `${pool.budget.used} bytes are kept`);
    pass(10_000);
    assert.equal(one.ended, false, 'it harms nobody');
    const rest = Buffer.from(`${'x'.repeat(3 * MIB - 29 * 100_000)}\r\n`);
    link.write(rest, 0, rest.length);
    one.link.paused = false;
    settle();
    assert.equal(one.said.length, `$${3 * MIB}\r\n`.length + 3 * MIB + 2);
  });

  test('others behind its reply: it is kept for a while, up to client_bytes', async () => {
    const scene = await memoryScene(['client_bytes: 5000000']);
    const { client, servers, settle } = scene;
    const [one, other] = [client(), client()];
    one.proxyEnd.capacity = 1000;
    one.link.paused = true;
    one.ask('GET', 'large');
    other.ask('GET', 'k');
    settle();
    servers[0].answer(bulk(3 * MIB), '+other');
    settle();
    assert.equal(other.said, '+other\r\n');
    assert.equal(one.ended, false);
  });

  for (const [settings, milliseconds] of [
    [['client_stall: 1000'], 1000],
    [['client_stall: 1000', 'timeout: 400'], 400],
  ] as const) {
    test(`above that they wait, for ${settings.join(' and ')} no longer than ${milliseconds} ms; then it is closed`, async () => {
      const scene = await memoryScene(['client_bytes: 1500000', ...settings]);
      const { client, servers, settle, pass, pool, warnings } = scene;
      const [one, other] = [client(), client()];
      one.proxyEnd.capacity = 1000;
      one.link.paused = true;
      one.ask('GET', 'large');
      other.ask('GET', 'k');
      settle();
      const [link] = servers[0].links as (typeof one.link)[];
      const reply = Buffer.from(`${bulk(4 * MIB)}\r\n+other\r\n`);
      for (let at = 0; at < reply.length; at += MIB) {
        link.write(reply, at, Math.min(at + MIB, reply.length));
        settle();
      }
      pass(milliseconds - 1);
      assert.equal(other.said, '');
      pass(2);
      assert.equal(one.ended, true);
      assert.equal(other.said, '+other\r\n', 'the rest of the large reply is thrown away');
      assert.match(
        warnings.join(),
        new RegExp(
          `somebody is closed: it left \\d+ bytes unread and held up others on 'one' for ${milliseconds} ms`,
        ),
      );
      assert.equal(pool.servers[0].counters.timedOut, 0, 'no fault of the server');
      assert.equal(pool.budget.used, 0);
    });
  }

  test('it leaves while the server is not read: the server is read again', async () => {
    const scene = await memoryScene(['client_bytes: 1500000']);
    const { client, servers, settle } = scene;
    const [one, other] = [client(), client()];
    one.proxyEnd.capacity = 1000;
    one.link.paused = true;
    one.ask('GET', 'large');
    settle();
    const [link] = servers[0].links as (typeof one.link)[];
    const reply = Buffer.from(`${bulk(4 * MIB)}\r\n`);
    link.write(reply, 0, 2 * MIB);
    settle();
    link.write(reply, 2 * MIB, reply.length);
    other.ask('GET', 'k');
    one.link.close();
    settle();
    servers[0].asked.shift();
    servers[0].answer('+other');
    settle();
    assert.equal(other.said, '+other\r\n');
  });
});

describe('a client that takes nothing of its replies', () => {
  test('is closed after client_unread_timeout, which begins anew with every byte that it takes', async () => {
    const scene = await memoryScene(['client_unread_timeout: 20000', 'client_stall: 1000']);
    const { client, servers, settle, pass, pool, warnings } = scene;
    const one = client();
    one.proxyEnd.capacity = 1000;
    one.link.paused = true;
    one.ask('GET', 'k');
    settle();
    servers[0].answer(bulk(100_000));
    settle();
    pass(19_000);
    one.link.paused = false;
    one.proxyEnd.deliver(1000);
    one.link.paused = true;
    settle();
    pass(19_000);
    assert.equal(one.ended, false);
    pass(1001);
    assert.equal(one.ended, true);
    assert.match(
      warnings.join(),
      /client somebody is closed: it read nothing of \d+ bytes for 20000 ms \(client_unread_timeout\)/,
    );
    assert.equal(pool.budget.used, 0);
    assert.equal(pool.stats.clientConnections, 0);
  });

  test('never, when it is 0; and who reads, however slowly, is left alone', async () => {
    const scene = await memoryScene(['client_unread_timeout: 0']);
    const one = scene.client();
    one.proxyEnd.capacity = 1000;
    one.link.paused = true;
    one.ask('GET', 'k');
    scene.settle();
    answerAll(scene, bulk(100_000));
    scene.pass(10_000_000);
    assert.equal(one.ended, false);
    one.link.paused = false;
    scene.settle();
    assert.equal(one.said.length, bulk(100_000).length + 2);
  });
});

describe('a client with much under way', () => {
  test('is not read from above client_requests, and is when they are answered', async () => {
    const scene = await memoryScene(['client_requests: 100', 'client_reply_bytes: 0']);
    const { client, settle } = scene;
    const one = client();
    for (let i = 0; i < 30; i++) {
      for (let k = 0; k < 10; k++) one.ask('GET', String(i * 10 + k));
      settle();
    }
    assert.equal(one.proxyEnd.paused, true);
    assert.equal(scene.servers[0].asked.length, 110, 'a turn of ten more than allowed');
    while (scene.servers[0].asked.length > 0) answerAll(scene, ':1');
    assert.equal(one.said, ':1\r\n'.repeat(300));
    assert.equal(one.proxyEnd.paused, false);
  });

  test('is not read from either when so many come in one piece', async () => {
    const scene = await memoryScene(['client_requests: 100', 'client_reply_bytes: 0']);
    const one = scene.client();
    const pipeline = Buffer.from('*2\r\n$3\r\nGET\r\n$1\r\nk\r\n'.repeat(101));
    one.link.write(pipeline, 0, pipeline.length);
    scene.settle();
    assert.equal(one.proxyEnd.paused, true);
    answerAll(scene, ':1');
    assert.equal(one.said, ':1\r\n'.repeat(101));
    assert.equal(one.proxyEnd.paused, false);
  });

  test('is not read from above client_bytes, while others are', async () => {
    const scene = await memoryScene(['client_bytes: 1000000']);
    const { client, settle, pool } = scene;
    const [one, other] = [client(), client()];
    for (let i = 0; i < 100; i++) {
      one.ask('SET', 'k', 'x'.repeat(50_000));
      settle();
    }
    assert.equal(one.proxyEnd.paused, true);
    assert.ok(pool.budget.used < 1_100_000, `${pool.budget.used} bytes`);
    other.ask('GET', 'k');
    settle();
    while (scene.servers[0].asked.length > 0) answerAll(scene, '+OK');
    assert.equal(one.said, '+OK\r\n'.repeat(100));
    assert.equal(other.said, '+OK\r\n');
    assert.equal(pool.budget.used, 0);
  });
});

describe('all clients together', () => {
  test('the less is left, the smaller a client must be to be read from; small ones always are', async () => {
    const scene = await memoryScene([], undefined, undefined, 4 * MIB);
    const { client, settle, pool } = scene;
    const large = Array.from({ length: 6 }, client);
    for (let i = 0; i < 60; i++) {
      for (const each of large) each.ask('SET', 'k', 'x'.repeat(50_000));
      settle();
    }
    for (const each of large) {
      assert.equal(each.proxyEnd.paused, true);
      assert.equal(each.ended, false);
    }
    assert.ok(pool.budget.used <= 4 * MIB, `${pool.budget.used} bytes`);
    const small = client();
    small.ask('GET', 'k');
    settle();
    assert.equal(small.proxyEnd.paused, false);
    while (scene.servers[0].asked.length > 0) answerAll(scene, '+OK');
    for (const each of large) assert.equal(each.said, '+OK\r\n'.repeat(60));
    assert.equal(small.said, '+OK\r\n');
    assert.equal(pool.budget.used, 0);
  });

  test('above the limit the one with most is closed, and the log says why', async () => {
    const scene = await memoryScene([], ['10.0.0.1:6379:1 one', '10.0.0.2:6379:1 two'], undefined, 4 * MIB);
    const { client, servers, settle, pool, warnings } = scene;
    const [one, other] = [client(), client()];
    // the first request is never answered, so that the replies to the others must be kept
    const keys = Array.from({ length: 50 }, (_, i) => `key${i}`);
    const home = (key: string): number =>
      pool.routing.serverFor(Buffer.from(key), 0, key.length)?.index ?? -1;
    const [hung, ...rest] = [
      ...keys.filter((key) => home(key) === 0).slice(0, 1),
      ...keys.filter((key) => home(key) === 1),
    ];
    one.ask('GET', hung);
    other.ask('GET', hung);
    for (const key of rest.slice(0, 10)) one.ask('GET', key);
    other.ask('GET', rest[0]);
    settle();
    servers[1].answer(...servers[1].asked.map(() => bulk(500_000)));
    settle();
    assert.equal(one.ended, true);
    assert.match(
      warnings.join(),
      /client somebody is closed: \d+ bytes are kept for it, the most of all .*--buffer-limit/,
    );
    servers[0].answer('+1', '+1');
    settle();
    assert.equal(other.said, `+1\r\n${bulk(500_000)}\r\n`);
    assert.equal(pool.budget.used, 0);
  });

  test('requests of clients that left are bounded too, and forgotten when they are answered', async () => {
    const scene = await memoryScene([], undefined, undefined, MIB);
    const { client, servers, settle, pool } = scene;
    for (let i = 0; i < 40; i++) {
      const one = client();
      one.ask('SET', 'k', 'x'.repeat(40_000));
      settle();
      one.leave();
      settle();
    }
    assert.ok(servers[0].asked.length < 30, `${servers[0].asked.length} were taken`);
    const other = client();
    other.ask('GET', 'k');
    settle();
    assert.equal(other.said, "-ERR 1048576 bytes already wait for 'one'; not executed\r\n");
    answerAll(scene, '+OK');
    other.ask('GET', 'k');
    settle();
    answerAll(scene, '$-1');
    assert.match(other.said, /\$-1\r\n$/);
    const [{ queue }] = pool.servers[0].connections;
    assert.ok(queue.weight <= 64 * 1024, `${queue.weight} bytes`);
  });

  test('a merged reply above request_bytes is an error that names the limit, and the rest is thrown away', async () => {
    const scene = await memoryScene(
      ['request_bytes: 300000'],
      ['10.0.0.1:6379:1 one', '10.0.0.2:6379:1 two'],
    );
    const { client, servers, settle, pool } = scene;
    const one = client();
    one.ask('MGET', ...Array.from({ length: 20 }, (_, i) => `key${i}`));
    settle();
    const [link] = servers[0].links;
    const count = servers[0].asked[0].split(' ').length - 1;
    const reply = Buffer.from(`*${count}\r\n${`${bulk(100_000)}\r\n`.repeat(count)}`);
    for (let at = 0; at < reply.length; at += 60_000) {
      link.write(reply, at, Math.min(reply.length, at + 60_000));
      settle();
      assert.ok(pool.budget.used < 400_000, `${pool.budget.used} bytes`);
    }
    servers[1].answer(`*0`);
    one.ask('PING');
    settle();
    assert.equal(
      one.said,
      '-ERR the merged reply has more than 300000 bytes (request_bytes); ask for fewer keys at a time\r\n+PONG\r\n',
    );
    assert.equal(pool.budget.used, 0);
  });
});

describe('what comes in very small pieces', () => {
  test('costs what it weighs', async () => {
    const scene = await memoryScene([]);
    const { client, servers, settle } = scene;
    const one = client();
    const bytes = request('SET', 'k', 'x'.repeat(60_000));
    for (let i = 0; i < bytes.length; i += 7) {
      one.send(bytes.subarray(i, i + 7));
      settle();
    }
    assert.equal(servers[0].asked.length, 1);
    answerAll(scene, '+OK');
    assert.equal(one.said, '+OK\r\n');
  });
});
