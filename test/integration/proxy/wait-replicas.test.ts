import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { Redis } from 'ioredis';
import type { RunningProxy } from '../../support/proxy.ts';
import { startProxy } from '../../support/proxy.ts';
import { type RedisServer, startRedis } from '../../support/redis-server.ts';
import { waitUntil } from '../../support/wait-until.ts';

/* A real master with one real replica that the test stops and wakes. */
let master: RedisServer;
let replica: RedisServer;
let proxy: RunningProxy;
let client: Redis;

before(async () => {
  master = await startRedis(['--repl-diskless-sync-delay', '0']);
  replica = await startRedis(['--replicaof', `127.0.0.1 ${master.port}`]);
  // Without a write to wait for any replica will do, and one that has just resynced is sent nothing for up to a second.
  await master.client.set('settled', 'yes?');
  await waitUntil('the replica', async () => (await master.client.wait(1, 100)) === 1, { withinMs: 10_000 });
  proxy = await startProxy('bun', 1, ([port]) =>
    [
      'p:',
      `  listen: 127.0.0.1:${port}`,
      '  redis: true',
      '  timeout: 1000',
      '  wait_replicas: 1',
      '  wait_timeout: 300',
      '  servers:',
      `   - 127.0.0.1:${master.port}:1`,
      '',
    ].join('\n'),
  );
  client = new Redis(proxy.ports[0], '127.0.0.1', { retryStrategy: () => null });
});

after(async () => {
  client?.disconnect();
  await proxy?.stop();
  await replica?.stop();
  await master?.stop();
});

describe('wait_replicas before real servers', () => {
  test('what is acknowledged is on the replica, in pipelines too', async () => {
    for (let round = 0; round < 20; round++) {
      const pipeline = client.pipeline();
      for (let i = 0; i < 50; i++) pipeline.set(`k${i}`, `${round}`);
      const answers = await pipeline.exec();
      assert.ok(answers?.every(([error, reply]) => error === null && reply === 'OK'));
      // asked on another connection, right after the acknowledgement
      assert.equal(await replica.client.get('k49'), String(round));
    }
  });

  test('the replica hangs: writes are told so within the time, reads are served, and all is well afterwards', async () => {
    replica.daemon.signal('SIGSTOP');
    try {
      const begun = Date.now();
      await assert.rejects(client.set('k', 'v'), /written on the master, not confirmed by replicas: 0 of 1/);
      const took = Date.now() - begun;
      assert.ok(took >= 290 && took < 1500, `${took} ms`);
      assert.equal(await client.get('k'), 'v');
      const many = await Promise.allSettled(Array.from({ length: 40 }, (_, i) => client.set(`m${i}`, 'v')));
      assert.ok(many.every((each) => each.status === 'rejected'));
    } finally {
      replica.daemon.signal('SIGCONT');
    }
    await waitUntil('writes to be acknowledged again', async () => (await client.set('k', 'w')) === 'OK');
    assert.equal(await replica.client.get('k'), 'w');
  });
});
