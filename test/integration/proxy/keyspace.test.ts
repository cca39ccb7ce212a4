import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { after, before, beforeEach, describe, test } from 'node:test';
import { promisify } from 'node:util';
import { poolOf, type RunningProxy, startProxy } from '../../support/proxy.ts';
import { type RedisServer, startRedis } from '../../support/redis-server.ts';

const run = promisify(execFile);

/* What walks all keys, as it is, over two servers. */
let servers: RedisServer[];
let proxy: RunningProxy;

before(async () => {
  servers = await Promise.all([startRedis(), startRedis()]);
  proxy = await startProxy('bun', 1, poolOf(...servers));
});

after(async () => {
  await proxy?.stop();
  await Promise.all(servers.map((server) => server.stop()));
});

async function cli(...words: string[]): Promise<string> {
  const { stdout } = await run('redis-cli', ['-p', String(proxy.ports[0]), ...words], { timeout: 60_000 });
  return stdout;
}

beforeEach(async () => {
  assert.equal(await cli('FLUSHALL'), 'OK\n');
  for (let i = 0; i < 300; i += 100) {
    const some = Array.from({ length: 100 }, (_, k) => [`key:${(i + k) * 7919}`, 'v'.repeat(10 + k)]);
    assert.equal(await cli('MSET', ...some.flat()), 'OK\n');
  }
  assert.equal(await cli('RPUSH', 'a list', ...'abcdefgh'), '8\n');
});

describe('redis-cli over two servers', () => {
  test('both have keys', async () => {
    for (const { client } of servers) assert.ok(Number(await client.call('DBSIZE')) > 50);
    assert.equal(await cli('DBSIZE'), '301\n');
  });

  test('--scan', async () => {
    const keys = (await cli('--scan')).trim().split('\n');
    assert.equal(keys.length, 301);
    assert.equal(new Set(keys).size, 301);
    assert.equal((await cli('--scan', '--pattern', 'a*')).trim(), 'a list');
  });

  test('--bigkeys and --memkeys', async () => {
    const big = await cli('--bigkeys');
    assert.match(big, /Sampled 301 keys in the keyspace!/);
    assert.match(big, /Biggest +list found '"a list"' has 8 items/);
    assert.match(await cli('--memkeys'), /Sampled 301 keys in the keyspace!/);
  });

  test('FLUSHDB leaves nothing anywhere', async () => {
    assert.equal(await cli('FLUSHDB'), 'OK\n');
    assert.equal(await cli('--scan'), '');
    for (const { client } of servers) assert.equal(await client.call('DBSIZE'), 0);
  });
});
