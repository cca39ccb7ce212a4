import assert from 'node:assert/strict';
import { afterEach, describe, test } from 'node:test';
import { feed, MIB, largeSet as set, largeValue as value } from '../../support/large-request.ts';
import { closeScenes, type MemoryScene, memoryScene } from '../../support/memory-scene.ts';
import { request } from '../../support/raw-client.ts';
import { waitUntil } from '../../support/wait-until.ts';

afterEach(closeScenes);

const MASTER = '*3\r\n$6\r\nmaster\r\n:1\r\n*0';

describe('a request too large to be kept, in a pool that holds requests', () => {
  const NEW = { kind: 'tcp', host: '10.0.0.2', port: 6379 } as const;
  async function shard(): Promise<MemoryScene> {
    const scene = await memoryScene(['sentinels:', '  - 10.0.0.9:1:1'], undefined, ['10.0.0.2:6379']);
    for (const server of scene.servers) server.always.set('ROLE', MASTER);
    return scene;
  }

  test('half of it went to the old master: an error that says so, and nothing of it reaches the new one', async () => {
    const scene = await shard();
    const { client, servers, settle, pool } = scene;
    const one = client();
    feed(scene, one, set, 0, 2 * MIB);
    pool.servers[0].moveTo(NEW);
    settle();
    assert.match(one.said, /^-ERR half of this request was sent to 'one'.*not executed\r\n$/);
    feed(scene, one, set, 2 * MIB);
    one.ask('GET', 'k');
    settle();
    assert.deepEqual(servers[1].asked, ['GET k']);
    assert.deepEqual(servers[0].asked, []);
  });

  test('none of it went out: it goes to the new master', async () => {
    const scene = await shard();
    const { client, servers, settle, pool } = scene;
    pool.servers[0].wait();
    const one = client();
    feed(scene, one, set, 0, 2 * MIB);
    assert.equal(one.proxyEnd.paused, true, 'it is not read to its end meanwhile');
    pool.servers[0].moveTo(NEW);
    settle();
    feed(scene, one, set, 2 * MIB);
    assert.deepEqual(servers[1].asked, [`SET k ${value}`]);
    servers[1].answer('+OK');
    settle();
    assert.equal(one.said, '+OK\r\n');
    assert.equal(servers[0].received, 0);
  });

  test('no master within failover_hold: told that nothing was done', async () => {
    const scene = await shard();
    const { client, pool, pass } = scene;
    pool.servers[0].wait();
    const one = client();
    feed(scene, one, set, 0, 2 * MIB);
    pass(3001);
    assert.match(one.said, /^-ERR no master of 'one' within 3000 ms.*not executed/);
  });

  test('sent to its end and not answered: the outcome is unknown', async () => {
    const scene = await shard();
    const { client, pool, settle } = scene;
    const one = client();
    feed(scene, one, set);
    pool.servers[0].moveTo(NEW);
    settle();
    assert.match(one.said, /^-ERR the outcome of this write is unknown/);
  });

  for (const size of [30_000, 300_000]) {
    test(`one of ${size} bytes is kept: what was refused is sent again as it was`, async () => {
      const scene = await shard();
      const { client, servers, pool, settle } = scene;
      const one = client();
      const text = 'twemstack '.repeat(size / 10);
      feed(scene, one, request('SET', 'k', text));
      assert.deepEqual(servers[0].asked, [`SET k ${text}`]);
      servers[0].answer("-READONLY You can't write against a read only replica.");
      settle();
      pool.servers[0].moveTo(NEW);
      await waitUntil('another attempt', () => {
        settle();
        return servers[1].asked.length > 0;
      });
      assert.ok(servers[1].asked[0] === `SET k ${text}`);
      servers[1].answer('+OK');
      settle();
      assert.equal(one.said, '+OK\r\n');
    });
  }

  test('READONLY: the client is told, because there is nothing left to send again; the watcher too', async () => {
    const scene = await shard();
    const { client, servers, pool, settle } = scene;
    const told: string[] = [];
    pool.routing.demotionListener = (server) => void told.push(server.name);
    const one = client();
    feed(scene, one, set);
    servers[0].answer("-READONLY You can't write against a read only replica.");
    settle();
    assert.match(one.said, /^-READONLY/);
    assert.deepEqual(told, ['one']);
  });
});
