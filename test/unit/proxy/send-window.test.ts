import assert from 'node:assert/strict';
import { afterEach, describe, test } from 'node:test';
import { closeScenes, type MemoryScene, memoryScene } from '../../support/memory-scene.ts';
import { request } from '../../support/raw-client.ts';

/* Replies that a server has to keep for all its clients together. */
afterEach(closeScenes);

const bulk = (length: number): string => `$${length}\r\n${'x'.repeat(length)}`;
const pipeline = (count: number, ...words: string[]): Buffer =>
  Buffer.concat(Array.from({ length: count }, () => request(...words)));

/** Clients that ask for `count` things each, all at once. */
function crowd(scene: MemoryScene, clients: number, count: number, ...words: string[]) {
  const all = Array.from({ length: clients }, () => scene.client());
  for (const each of all) each.send(pipeline(count, ...words));
  scene.settle();
  return all;
}

/** Answers a quarter of what was asked, again and again; returns how many requests the server had at most at once. */
function answerInPieces(
  { servers: [server], settle }: MemoryScene,
  reply: (asked: string) => string,
): number {
  let most = 0;
  for (; server.asked.length > 0; settle()) {
    most = Math.max(most, server.asked.length);
    server.answer(...server.asked.slice(0, Math.ceil(server.asked.length / 4)).map(reply));
  }
  return most;
}

describe('many clients that ask for large values at once', () => {
  for (const lines of [[], ['server_connections: 2']]) {
    test(`the server never has more to answer than server_reply_bytes, and all is answered ${lines}`, async () => {
      const scene = await memoryScene(['server_reply_bytes: 13000000', ...lines]);
      const clients = crowd(scene, 50, 32, 'GET', 'k');
      const most = answerInPieces(scene, () => bulk(100_000));
      assert.ok(most <= 130 * (lines.length + 1), `${most} requests of 100 KB`);
      const [reply] = [`${bulk(100_000)}\r\n`.repeat(32)];
      assert.ok(clients.every(({ said }) => said === reply));
      assert.equal(scene.pool.budget.used, 0);
    });
  }

  test('small ones that came before, a while ago or for long, make it trust no further than it must', async () => {
    const scene = await memoryScene(['server_reply_bytes: 4000000']);
    crowd(scene, 50, 32, 'GET', 'k');
    answerInPieces(scene, () => ':1');
    scene.pass(200);
    crowd(scene, 50, 32, 'GET', 'k');
    assert.equal(scene.servers[0].asked.length, 128, 'begins carefully again');
    scene.servers[0].answer(bulk(100_000));
    scene.settle();
    scene.servers[0].answer(...Array<string>(100).fill(bulk(100_000)));
    scene.settle();
    assert.ok(answerInPieces(scene, () => bulk(100_000)) <= 40);
    assert.equal(scene.servers[0].log.length, 3200);
  });

  test('of small values is soon passed on as it comes', async () => {
    const scene = await memoryScene([]);
    const clients = crowd(scene, 200, 32, 'GET', 'k');
    assert.equal(scene.servers[0].asked.length, 128, 'nobody knows yet how large they are');
    const most = answerInPieces(scene, () => ':1');
    assert.ok(most > 1000, `${most} requests`);
    assert.ok(clients.every(({ said }) => said === ':1\r\n'.repeat(32)));
  });

  test('one after the other in the order in which they came', async () => {
    const scene = await memoryScene([]);
    const clients = Array.from({ length: 300 }, () => scene.client());
    clients.forEach((each, i) => {
      each.ask('GET', `k${i}`);
    });
    scene.settle();
    answerInPieces(scene, (asked) => `+${asked.slice(4)}`);
    assert.deepEqual(
      scene.servers[0].log,
      clients.map((_, i) => `GET k${i}`),
    );
    assert.deepEqual(
      clients.map(({ said }) => said),
      clients.map((_, i) => `+k${i}\r\n`),
    );
  });

  test('requests of all sizes between them come whole', async () => {
    const scene = await memoryScene(['server_reply_bytes: 1000']);
    const clients = Array.from({ length: 200 }, () => scene.client());
    const sizes = [1, 10_000, 17_000, 70_000, 1];
    clients.forEach((each, i) => {
      each.ask('SET', `k${i}`, 'x'.repeat(sizes[i % sizes.length]));
    });
    scene.settle();
    answerInPieces(scene, () => '+OK');
    assert.ok(clients.every(({ said }) => said === '+OK\r\n'));
    assert.deepEqual(
      scene.servers[0].log.map((asked) => asked.length).sort((a, b) => a - b),
      clients.map((_, i) => `SET k${i} `.length + sizes[i % sizes.length]).sort((a, b) => a - b),
    );
  });

  test('wait_replicas: all writes are sent and confirmed', async () => {
    const scene = await memoryScene(['wait_replicas: 1']);
    const clients = crowd(scene, 40, 32, 'SET', 'k', 'v');
    // more come while some wait
    for (let i = 0; i < 5; i++) {
      for (const each of clients) each.ask('SET', 'k', 'w');
      scene.settle();
    }
    answerInPieces(scene, (asked) => (asked.startsWith('WAIT') ? ':1' : '+OK'));
    assert.ok(clients.every(({ said }) => said === '+OK\r\n'.repeat(37)));
  });

  test('the connection is lost: what waited is told so, and others are served anew', async () => {
    const scene = await memoryScene([]);
    const clients = crowd(scene, 20, 32, 'GET', 'k');
    scene.servers[0].cut();
    scene.settle();
    assert.ok(clients.every(({ said }) => said.split('\r\n').length === 33));
    for (const each of clients) each.ask('GET', 'k');
    scene.settle();
    answerInPieces(scene, () => ':1');
    assert.ok(clients.every(({ said }) => said.endsWith(':1\r\n')));
  });

  test('with server_reply_bytes: 0 is passed on at once', async () => {
    const scene = await memoryScene(['server_reply_bytes: 0']);
    crowd(scene, 50, 32, 'GET', 'k');
    assert.equal(scene.servers[0].asked.length, 1600);
    answerInPieces(scene, () => ':1');
  });
});

test('other databases have a share each of what the first one may have been asked for', async () => {
  const scene = await memoryScene(['databases: 16', 'server_reply_bytes: 1600000']);
  const [server] = scene.servers;
  server.always.set('SELECT', '+OK');
  const clients = Array.from({ length: 40 }, () => scene.client());
  for (const [database, open] of [
    ['1', 16],
    ['0', 128],
  ] as const) {
    for (const client of clients) {
      client.ask('SELECT', database);
      for (let i = 0; i < 8; i++) client.ask('GET', 'k');
    }
    scene.settle();
    assert.equal(server.asked.length, open);
    while (server.asked.length > 0) {
      server.answer(...server.asked.map(() => '$1\r\nx'));
      scene.settle();
    }
  }
});
