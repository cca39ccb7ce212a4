import assert from 'node:assert/strict';
import { afterEach, describe, test } from 'node:test';
import {
  ask,
  closeScenes,
  FOLLOWED,
  type MemoryClient,
  type MemoryScene,
  memoryScene,
} from '../../support/memory-scene.ts';

afterEach(closeScenes);

const NEW = { kind: 'tcp', host: '10.0.0.9', port: 6379 } as const;

async function followedScene(): Promise<MemoryScene> {
  const scene = await memoryScene(FOLLOWED, ['10.0.0.1:6379:1 one'], ['10.0.0.9:6379']);
  for (const server of scene.servers) server.always.set('ROLE', '*3\r\n$6\r\nmaster\r\n:0\r\n*0');
  return scene;
}

/** A client that watches `a`. */
async function watching(scene: MemoryScene): Promise<MemoryClient> {
  const client = scene.client();
  ask(scene, client, 'WATCH a');
  scene.servers[0].answer('+OK');
  scene.settle();
  assert.equal(client.said, '+OK\r\n');
  return client;
}

describe('WATCH', () => {
  test('neither overtakes what came before it nor is overtaken, and EXEC goes where it went', async () => {
    const scene = await memoryScene([]);
    const client = scene.client();
    ask(scene, client, 'SET a 1', 'WATCH a', 'GET a', 'MULTI', 'INCR a', 'EXEC', 'GET b');
    const [server] = scene.servers;
    assert.deepEqual(server.asked, ['SET a 1']);
    server.answer('+OK');
    scene.settle();
    assert.deepEqual(server.asked, ['WATCH a']);
    server.answer('+OK');
    scene.settle();
    assert.deepEqual(server.asked, ['GET a']);
    server.answer('$1\r\n1');
    scene.settle();
    assert.deepEqual(server.asked, ['MULTI', 'INCR a', 'EXEC']);
    assert.equal(server.links.length, 2);
    server.answer('+OK', '+QUEUED', '*1\r\n:2');
    scene.settle();
    assert.deepEqual(server.asked, ['GET b']);
    server.answer('$-1');
    scene.settle();
    assert.equal(client.said, '+OK\r\n+OK\r\n$1\r\n1\r\n+OK\r\n+QUEUED\r\n*1\r\n:2\r\n$-1\r\n');
  });

  test('EXEC answers nil when the server says so, in both protocols', async () => {
    const scene = await memoryScene([]);
    scene.servers[0].always.set('HELLO', '%0');
    const client = await watching(scene);
    ask(scene, client, 'MULTI', 'EXEC');
    scene.servers[0].answer('+OK', '*-1');
    scene.settle();
    assert.equal(client.said, '+OK\r\n*-1\r\n');
    ask(scene, client, 'HELLO 3');
    ask(scene, client, 'WATCH a');
    scene.servers[0].answer('+OK');
    scene.settle();
    ask(scene, client, 'MULTI', 'PING', 'EXEC');
    scene.servers[0].answer('+OK', '_');
    scene.settle();
    assert.equal(client.said, '+OK\r\n+QUEUED\r\n_\r\n');
  });

  test('a switch of master while watching: EXEC answers nil, and is sent to nobody', async () => {
    const scene = await followedScene();
    const client = await watching(scene);
    ask(scene, client, 'MULTI', 'SET a 1');
    scene.pool.servers[0].moveTo(NEW);
    assert.equal(ask(scene, client, 'EXEC', 'PING'), '*-1\r\n+PONG\r\n');
    assert.deepEqual([scene.servers[0].asked, scene.servers[1].asked], [[], []]);
  });

  test('a master that was demoted meanwhile: EXEC answers nil', async () => {
    const scene = await followedScene();
    const client = await watching(scene);
    ask(scene, client, 'MULTI', 'SET a 1', 'EXEC');
    client.said = '';
    const readonly = "READONLY You can't write against a read only replica.";
    const aborted = '-EXECABORT Transaction discarded because of previous errors.';
    scene.servers[0].answer('+OK', `-${readonly}`, aborted);
    scene.settle();
    assert.equal(client.said, '*-1\r\n');
  });

  test('EXEC that was sent and not answered is of unknown outcome, and not sent again', async () => {
    const scene = await followedScene();
    const client = await watching(scene);
    ask(scene, client, 'MULTI', 'SET a 1', 'EXEC');
    client.said = '';
    scene.servers[0].cut();
    scene.pool.servers[0].moveTo(NEW);
    scene.settle();
    assert.match(client.said, /^-ERR the outcome of this transaction is unknown: /);
    assert.deepEqual(scene.servers[1].asked, []);
  });

  test('waits for a master as everything else', async () => {
    const scene = await followedScene();
    const client = scene.client();
    scene.pool.servers[0].wait();
    assert.equal(ask(scene, client, 'WATCH a'), '');
    scene.pool.servers[0].moveTo(NEW);
    scene.settle();
    scene.servers[1].answer('+OK');
    scene.settle();
    assert.equal(client.said, '+OK\r\n');
  });

  test('UNWATCH, DISCARD and an aborted EXEC give the connection back, as new', async () => {
    const scene = await memoryScene([]);
    for (const end of [['UNWATCH'], ['MULTI', 'DISCARD'], ['MULTI', 'NOSUCH', 'EXEC']]) {
      const client = await watching(scene);
      ask(scene, client, ...end);
      assert.deepEqual(scene.servers[0].asked, ['UNWATCH']);
      scene.servers[0].answer('+OK');
      scene.settle();
    }
    // and the shared one, over which the server was asked whether it knows NOSUCH
    assert.equal(scene.servers[0].links.length, 2);
    assert.equal(scene.pool.servers[0].pinned.count('watch'), 0);
  });

  test('a client that leaves, or says RESET, holds no connection', async () => {
    const scene = await memoryScene([]);
    const [one, two] = [await watching(scene), await watching(scene)];
    assert.equal(scene.servers[0].links.length, 2);
    one.leave();
    assert.equal(ask(scene, two, 'MULTI', 'RESET', 'EXEC'), '+OK\r\n+RESET\r\n-ERR EXEC without MULTI\r\n');
    assert.equal(scene.servers[0].links.length, 0);
  });

  test('above watching_clients says so; who has watched for long gives way, and its EXEC answers nil', async () => {
    const scene = await memoryScene(['watching_clients: 2', 'client_stall: 1000']);
    const [first, second] = [await watching(scene), await watching(scene)];
    const third = scene.client();
    assert.equal(
      ask(scene, third, 'WATCH b'),
      "-ERR 2 clients watch keys on 'one' already (watching_clients)\r\n",
    );
    scene.pass(1001);
    ask(scene, third, 'WATCH b');
    scene.servers[0].answer('+OK');
    scene.settle();
    assert.equal(third.said, '+OK\r\n');
    assert.equal(ask(scene, first, 'MULTI', 'SET a 1', 'EXEC'), '+OK\r\n+QUEUED\r\n*-1\r\n');
    ask(scene, second, 'MULTI', 'SET a 1', 'EXEC');
    assert.deepEqual(scene.servers[0].asked, ['MULTI', 'SET a 1', 'EXEC']);
  });

  test('of more keys than redis looks through in no time is refused, in one request or in many; the same ones again are none more', async () => {
    const scene = await memoryScene([]);
    const client = await watching(scene);
    const [server] = scene.servers;
    const keys = (from: number, to: number): string =>
      Array.from({ length: to - from }, (_, i) => `${'x'.repeat((i % 2) * 50)}${from + i}`).join(' ');
    const refusal = '-ERR a client watches at most 4096 keys here\r\n';
    assert.equal(ask(scene, client, `WATCH ${keys(0, 4096)}`), refusal);
    assert.deepEqual(server.asked, []);
    for (const line of [`WATCH ${keys(0, 4095)}`, `WATCH a ${keys(0, 4095)}`, 'WATCH a a a a']) {
      assert.equal(ask(scene, client, line), '');
      server.answer('+OK');
      scene.settle();
    }
    assert.equal(ask(scene, client, 'WATCH b'), refusal);
    assert.equal(ask(scene, client, 'UNWATCH'), '+OK\r\n');
    server.answer('+OK');
    ask(scene, client, 'WATCH b');
    assert.deepEqual(server.asked, ['WATCH b']);
  });

  test('of keys on two servers is refused', async () => {
    const scene = await memoryScene([], ['10.0.0.1:6379:1 one', '10.0.0.2:6379:1 two']);
    const client = scene.client();
    const keys = Array.from({ length: 20 }, (_, i) => `key${i}`).join(' ');
    assert.match(ask(scene, client, `WATCH ${keys}`), /^-ERR keys .* of 'watch' live on different servers/);
  });

  test('of a key elsewhere than the transaction has one is refused, without the advice that WATCH rules out', async () => {
    const scene = await memoryScene([], ['10.0.0.1:6379:1 one', '10.0.0.2:6379:1 two']);
    const client = scene.client();
    ask(scene, client, 'WATCH key0');
    for (const server of scene.servers) for (const _ of [...server.asked]) server.answer('+OK');
    const said = ask(
      scene,
      client,
      'MULTI',
      ...Array.from({ length: 20 }, (_, i) => `SET key${i} 1`),
      'EXEC',
    );
    assert.match(
      said,
      /-ERR keys 'key0' .* of this transaction live on different servers; [^\r]*, or use a pool on one shard\r\n/,
    );
  });

  test('what a waiting client sends meanwhile is bounded', async () => {
    const scene = await memoryScene([]);
    const client = scene.client();
    ask(scene, client, 'WATCH a');
    const many = 'PING\r\n'.repeat(100_000);
    for (let i = 0; i < 10 && !client.proxyEnd.paused; i++) {
      client.send(Buffer.from(many));
      scene.settle();
    }
    assert.ok(client.proxyEnd.paused);
    assert.ok(scene.pool.budget.used > 1_000_000);
    scene.servers[0].answer('+OK');
    scene.settle();
    assert.ok(!client.proxyEnd.paused);
    assert.ok(client.said.startsWith(`+OK\r\n${'+PONG\r\n'.repeat(100_000)}`));
  });
});
