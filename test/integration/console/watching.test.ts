import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RedisSampler } from '../../../console/redis-sampler.ts';
import { KeptConnections } from '../../../scripts/observe/redis-call.ts';
import { readRedis } from '../../../scripts/observe/redis-view.ts';
import { startRedis } from '../../support/redis-server.ts';
import { planOf, TEST_CREDENTIALS } from '../../support/stack-fixture.ts';
import { waitUntil } from '../../support/wait-until.ts';

test('a redis that is watched tells every figure that is shown, and its role alone when that is asked', async () => {
  const redis = await startRedis(['--maxmemory', '64mb']);
  const login = ['on', `>${TEST_CREDENTIALS.operator}`, '~*', '+@all'];
  await redis.client.call('ACL', 'SETUSER', 'operator', ...login);
  const plan = planOf('name: alpha\nvip: 198.18.0.100\nshards: 1\n');
  const [shard] = plan.shards;
  const member = { ...shard.members[0], address: '127.0.0.1', port: redis.port };
  const sampler = new RedisSampler({ ...plan, shards: [{ ...shard, members: [member] }] }, TEST_CREDENTIALS);
  try {
    const looks = await waitUntil('an answer', async () => {
      const found = await sampler.look();
      return found.size === 1 && found;
    });
    const look = looks.get(member.name);
    assert.equal(look?.role, 'master');
    assert.equal(look.maxMemory, 64 * 1024 * 1024);
    assert.ok(look.usedMemory > 100_000 && look.clients >= 2 && look.commands >= 0, JSON.stringify(look));
    assert.deepEqual([...(await sampler.roles())], [[member.name, 'master']]);
    await redis.client.call('REPLICAOF', '127.0.0.1', '1');
    assert.deepEqual([...(await sampler.roles())], [[member.name, 'replica']]);
    assert.equal((await sampler.look()).get(member.name)?.role, 'replica');
  } finally {
    sampler.end();
    await redis.stop();
  }
});

test('whoever looks again and again has one connection to each, and a new one when that was lost', async () => {
  const redis = await startRedis();
  const connections = new KeptConnections();
  const at = { address: '127.0.0.1', port: redis.port };
  const look = () => readRedis(at, {}, (...call) => connections.with(...call));
  const received = async (): Promise<number> =>
    Number(/total_connections_received:(\d+)/.exec(await redis.client.info('stats'))?.[1]);
  try {
    assert.equal((await look()).role, 'master');
    const before = await received();
    const view = await look();
    assert.deepEqual([view.keys, view.loading], [0, false]);
    assert.ok(view.usedMemory > 100_000);
    assert.equal(await received(), before);
    await redis.client.call('CLIENT', 'KILL', 'SKIPME', 'yes');
    assert.equal((await look()).version, view.version);
    assert.equal(await received(), before + 1);
    await redis.client.shutdown().catch(() => undefined);
    await assert.rejects(look(), /ECONNREFUSED|ECONNRESET|closed/i);
  } finally {
    connections.end();
    await redis.stop();
  }
});
