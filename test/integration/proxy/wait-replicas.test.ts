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
  proxy = await startProxy('bun', 2, ([port, plain]) =>
    [
      'p:',
      `  listen: 127.0.0.1:${port}`,
      '  redis: true',
      '  timeout: 1000',
      '  wait_replicas: 1',
      '  wait_timeout: 300',
      '  servers:',
      `   - 127.0.0.1:${master.port}:1`,
      'plain:',
      `  listen: 127.0.0.1:${plain}`,
      '  redis: true',
      '  timeout: 1000',
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

describe('WAIT of a client', () => {
  let plain: Redis;

  before(() => {
    plain = new Redis(proxy.ports[1], '127.0.0.1', { retryStrategy: () => null });
  });

  after(() => plain.disconnect());

  test('counts the replicas that have what the client has written, and holds up nobody else', async () => {
    await plain.set('w', '1');
    assert.equal(await plain.wait(1, 5000), 1);
    replica.daemon.signal('SIGSTOP');
    try {
      await plain.set('w', '2');
      const waiting = plain.wait(1, 1500);
      const other = new Redis(proxy.ports[1], '127.0.0.1', { retryStrategy: () => null });
      const first = await Promise.race([waiting.then(() => 'WAIT'), other.get('w')]);
      other.disconnect();
      assert.equal(first, '2', 'others are served meanwhile');
      // longer than the pool gives any request
      assert.equal(await waiting, 0);
      const later = plain.wait(1, 0);
      replica.daemon.signal('SIGCONT');
      assert.equal(await later, 1);
    } finally {
      replica.daemon.signal('SIGCONT');
    }
  });

  test('ends by CLIENT UNBLOCK of another client', async () => {
    const id = await plain.client('ID');
    const other = new Redis(proxy.ports[1], '127.0.0.1', { retryStrategy: () => null });
    await plain.set('w', '3');
    const waiting = plain.wait(2, 0);
    await waitUntil('somebody waits', async () => (await other.client('UNBLOCK', id)) === 1);
    assert.equal(await waiting, 1);
    const refused = assert.rejects(
      plain.wait(2, 0),
      /^ReplyError: UNBLOCKED client unblocked via CLIENT UNBLOCK$/,
    );
    await waitUntil('somebody waits', async () => (await other.client('UNBLOCK', id, 'ERROR')) === 1);
    await refused;
    other.disconnect();
  });

  test('is refused in Redis’ words when it makes no sense', async () => {
    for (const words of [
      ['x', '0'],
      ['1', 'x'],
      ['1', '-1'],
      ['99999999999999999999', '0'],
    ] as const) {
      const [ours, theirs] = await Promise.all(
        [plain, master.client].map((client) =>
          client.call('WAIT', ...words).catch((error: Error) => error.message),
        ),
      );
      assert.equal(ours, theirs, words.join(' '));
    }
  });
});
