import assert from 'node:assert/strict';
import { afterEach, describe, test } from 'node:test';
import { closeScenes, type MemoryScene, memoryScene } from '../../support/memory-scene.ts';
import { waitUntil } from '../../support/wait-until.ts';

afterEach(closeScenes);

const MASTER = '*3\r\n$6\r\nmaster\r\n:1\r\n*0';
const REPLICA = '*5\r\n$5\r\nslave\r\n$1\r\nh\r\n:1\r\n$9\r\nconnected\r\n:1';
const NEW = { kind: 'tcp', host: '10.0.0.2', port: 6379 } as const;

/** A pool that follows Sentinel: the first server is the master, the second what takes over. */
async function shard(more: readonly string[] = []): Promise<MemoryScene> {
  const scene = await memoryScene([...more, 'sentinels:', '  - 10.0.0.9:1:1'], undefined, ['10.0.0.2:6379']);
  for (const server of scene.servers) server.always.set('ROLE', MASTER);
  return scene;
}

/** Lets pauses between attempts go by until the server is asked something. */
async function askedAgain({ servers, settle }: MemoryScene, index: number): Promise<string[]> {
  await waitUntil('another attempt', () => {
    settle();
    return servers[index].asked.length > 0;
  });
  return [...servers[index].asked];
}

describe('requests that a server refused without carrying them out', () => {
  for (const refusal of [
    '-NOREPLICAS Not enough good replicas',
    '-LOADING Redis is loading',
    '-MISCONF Errors writing to the AOF file: No space left on device',
  ]) {
    test(`${refusal.split(' ')[0]}: sent again at the same server, in order`, async () => {
      const scene = await shard();
      const { client, servers, settle } = scene;
      const one = client();
      one.ask('SET', 'a', '1');
      one.ask('SET', 'b', '2');
      settle();
      servers[0].answer(refusal, refusal);
      settle();
      assert.equal(one.said, '');
      assert.deepEqual(await askedAgain(scene, 0), ['SET a 1', 'SET b 2']);
      servers[0].answer('+OK', '+OK');
      settle();
      assert.equal(one.said, '+OK\r\n+OK\r\n');
    });
  }

  test('what came meanwhile goes behind them', async () => {
    const scene = await shard();
    const { client, servers, settle } = scene;
    const one = client();
    one.ask('SET', 'a', '1');
    settle();
    servers[0].answer('-NOREPLICAS Not enough good replicas');
    settle();
    one.ask('SET', 'a', '2');
    settle();
    assert.deepEqual(servers[0].asked, [], 'nothing overtakes');
    assert.deepEqual(await askedAgain(scene, 0), ['SET a 1', 'SET a 2']);
  });

  test('READONLY: the connection is closed, and all go to the new master in the order of their client', async () => {
    const scene = await shard();
    const { client, servers, settle, pool } = scene;
    const told: string[] = [];
    pool.routing.demotionListener = (server) => void told.push(server.name);
    const one = client();
    for (let i = 0; i < 3; i++) one.ask('SET', 'k', String(i));
    settle();
    const refusal = "-READONLY You can't write against a read only replica.";
    servers[0].always.set('ROLE', REPLICA);
    servers[0].answer(refusal, refusal, refusal);
    settle();
    assert.equal(servers[0].links.length, 0);
    assert.deepEqual([...new Set(told)], ['one']);
    one.ask('SET', 'k', '3');
    pool.servers[0].moveTo(NEW);
    assert.deepEqual(await askedAgain(scene, 1), ['SET k 0', 'SET k 1', 'SET k 2', 'SET k 3']);
    assert.equal(servers[0].log.filter((each) => each === 'SET k 3').length, 0);
  });

  test('a later request of the same client was carried out: the refused one is not sent after it', async () => {
    const scene = await shard();
    const { client, servers, settle } = scene;
    const one = client();
    one.ask('SET', 'k', 'first');
    one.ask('SET', 'k', 'second');
    settle();
    servers[0].answer('-LOADING Redis is loading', '+OK');
    settle();
    assert.equal(one.said, '-LOADING Redis is loading\r\n+OK\r\n');
    one.ask('GET', 'k');
    assert.deepEqual(await askedAgain(scene, 0), ['GET k'], 'and the connection goes on');
  });

  test('after failover_hold the client is told so, and that nothing was done', async () => {
    const { client, settle, pool, pass } = await shard(['failover_hold: 500']);
    pool.servers[0].wait();
    const one = client();
    one.ask('SET', 'k', 'v');
    settle();
    pass(499);
    assert.equal(one.said, '');
    pass(2);
    assert.match(one.said, /^-ERR no master of 'one' within 500 ms.*; not executed\r\n$/);
  });

  test('above failover_hold_bytes a request is refused at once', async () => {
    const { client, settle, pool } = await shard(['failover_hold_bytes: 100']);
    pool.servers[0].wait();
    const one = client();
    one.ask('SET', 'k', 'x'.repeat(50));
    one.ask('SET', 'k', 'x'.repeat(50));
    settle();
    const other = client();
    other.ask('SET', 'k', 'x'.repeat(50));
    settle();
    assert.match(other.said, /^-ERR 100 bytes already wait for a master of 'one'; not executed/);
  });
});

describe('a client that left while its requests waited', () => {
  test('they are not sent to the new master: it may have written anew over another connection', async () => {
    const scene = await shard();
    const { client, settle, pool } = scene;
    pool.servers[0].wait();
    const [gone, patient] = [client(), client()];
    gone.ask('SET', 'k', 'old');
    patient.ask('SET', 'other', 'v');
    settle();
    gone.leave();
    pool.servers[0].moveTo(NEW);
    assert.deepEqual(await askedAgain(scene, 1), ['SET other v']);
  });

  test('nor again to a master that refused them', async () => {
    const scene = await shard();
    const { client, servers, settle } = scene;
    const [gone, patient] = [client(), client()];
    gone.ask('SET', 'k', 'old');
    patient.ask('SET', 'other', 'v');
    settle();
    servers[0].answer('-NOREPLICAS Not enough good replicas', '-NOREPLICAS Not enough good replicas');
    settle();
    gone.leave();
    assert.deepEqual(await askedAgain(scene, 0), ['SET other v']);
  });
});

describe('requests under way when the master goes', () => {
  test('reads are sent again, a write is told that its outcome is unknown', async () => {
    const scene = await shard();
    const { client, servers, settle, pool } = scene;
    const [writer, reader] = [client(), client()];
    writer.ask('SET', 'k', 'v');
    reader.ask('GET', 'k');
    settle();
    pool.servers[0].moveTo(NEW);
    assert.deepEqual(await askedAgain(scene, 1), ['GET k']);
    servers[1].answer('$1\r\nv');
    settle();
    assert.equal(reader.said, '$1\r\nv\r\n');
    assert.equal(
      writer.said,
      "-ERR the outcome of this write is unknown: sent to 'one' and not answered (the master has changed)\r\n",
    );
  });

  test('the server closes the connection: the error says so', async () => {
    const { client, servers, settle } = await shard();
    const one = client();
    one.ask('SET', 'k', 'v');
    settle();
    for (const link of [...servers[0].links]) link.finish();
    settle();
    assert.match(one.said, /is unknown: sent to 'one' and not answered \(the server closed the connection\)/);
  });

  test('a read before a write of the same client with unknown outcome is not repeated: it could see that write', async () => {
    const scene = await shard();
    const { client, servers, settle, pool } = scene;
    const one = client();
    one.ask('GET', 'k');
    one.ask('SET', 'k', 'later');
    one.ask('GET', 'k');
    settle();
    pool.servers[0].moveTo(NEW);
    assert.deepEqual(await askedAgain(scene, 1), ['GET k']);
    servers[1].answer('$5\r\nlater');
    settle();
    const [read, write, ...rest] = one.said.split('\r\n');
    assert.match(read, /^-ERR not repeated, for the outcome of a later write of this client is unknown: /);
    assert.match(write, /^-ERR the outcome of this write is unknown: /);
    assert.deepEqual(rest, ['$5', 'later', '']);
  });

  test('a server that says it is a replica is given nothing', async () => {
    const { client, servers, settle } = await shard();
    servers[0].always.set('ROLE', REPLICA);
    const one = client();
    one.ask('SET', 'k', 'v');
    settle();
    assert.deepEqual(servers[0].asked, []);
    assert.equal(one.said, '');
  });
});
