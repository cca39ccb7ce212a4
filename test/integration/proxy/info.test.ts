import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { execa } from 'execa';
import { Redis } from 'ioredis';
import { type RunningProxy, startProxy } from '../../support/proxy.ts';
import { RawClient, request } from '../../support/raw-client.ts';
import { type RedisServer, startRedis } from '../../support/redis-server.ts';
import { waitUntil } from '../../support/wait-until.ts';

/* INFO of a pool before two real Redises: what exporters, dashboards and libraries read must be true of the pool. */
const LIMITS = [60_000_000, 40_000_000];
let servers: RedisServer[];
let proxy: RunningProxy;
let redis: Redis;

before(async () => {
  servers = await Promise.all(
    LIMITS.map((limit) =>
      startRedis(['--maxmemory', String(limit), '--maxmemory-policy', 'noeviction', '--databases', '8']),
    ),
  );
  const list = servers.map(({ port }, i) => `   - 127.0.0.1:${port}:1 shard-${i + 1}\n`).join('');
  proxy = await startProxy(
    'bun',
    2,
    ([a, b]) =>
      `p:\n  listen: 127.0.0.1:${a}\n  redis: true\n  servers:\n${list}` +
      `q:\n  listen: 127.0.0.1:${b}\n  redis: true\n  redis_db: 3\n  servers:\n${list}`,
  );
  redis = new Redis(proxy.ports[0], '127.0.0.1');
  for (let i = 0; i < 200; i++) await redis.set(`${i}:key`, 'x'.repeat(100));
  for (let i = 0; i < 50; i++) await redis.expire(`${i}:key`, 1000);
});

after(async () => {
  redis?.disconnect();
  await proxy?.stop();
  await Promise.all(servers.map((server) => server.stop()));
});

/** Fields by name, of whatever sections were asked for. */
function fieldsOf(text: unknown): Map<string, string> {
  const lines = String(text).split('\r\n');
  return new Map(
    lines
      .filter((line) => /^[^#].*:/.test(line))
      .map((line) => [line.split(':')[0], line.replace(/^.*?:/, '')]),
  );
}

const titlesOf = (text: unknown): string[] =>
  [...String(text).matchAll(/^# (\w+)\r$/gm)].map(([, title]) => title);

/** What servers said is good for a second: asks until this is so. */
async function infoWith(
  what: string,
  holds: (info: Map<string, string>) => boolean,
): Promise<Map<string, string>> {
  return await waitUntil(what, async () => {
    const info = fieldsOf(await redis.call('INFO'));
    return holds(info) && info;
  });
}

describe('INFO', () => {
  test('memory, limits and keys are those of all servers together', async () => {
    const [info, ...own] = await Promise.all([
      infoWith('all keys', (each) => each.get('db0')?.startsWith('keys=200,expires=50,') === true),
      ...servers.map(async ({ client }) => fieldsOf(await client.info())),
    ]);
    assert.equal(info.get('maxmemory'), '100000000');
    assert.equal(info.get('maxmemory_human'), '95.37M');
    assert.equal(info.get('maxmemory_policy'), 'noeviction');
    const sum = own.reduce((total, each) => total + Number(each.get('used_memory')), 0);
    assert.ok(
      Math.abs(Number(info.get('used_memory')) - sum) < 2_000_000,
      `${info.get('used_memory')} ${sum}`,
    );
    assert.match(String(info.get('db0')), /^keys=200,expires=50,avg_ttl=\d+$/);
    assert.ok(!info.has('servers_not_counted'));
  });

  test('what clients and exporters look for is there', async () => {
    const info = fieldsOf(await redis.call('INFO'));
    for (const field of [
      ...['redis_version', 'redis_mode', 'os', 'arch_bits', 'process_id', 'run_id', 'tcp_port'],
      ...['uptime_in_seconds', 'uptime_in_days', 'connected_clients', 'blocked_clients', 'used_memory'],
      ...['used_memory_human', 'used_memory_rss', 'used_memory_peak', 'used_memory_peak_human', 'maxmemory'],
      ...['mem_fragmentation_ratio', 'mem_allocator', 'loading', 'rdb_last_save_time', 'aof_enabled'],
      ...['total_connections_received', 'total_commands_processed', 'instantaneous_ops_per_sec'],
      ...['expired_keys', 'evicted_keys', 'keyspace_hits', 'keyspace_misses', 'role', 'connected_slaves'],
      ...[
        'used_cpu_sys',
        'used_cpu_sys_children',
        'cluster_enabled',
        'rdb_last_bgsave_status',
        'total_net_input_bytes',
      ],
    ]) {
      assert.ok(info.has(field), field);
      assert.notEqual(info.get(field), '', field);
    }
    assert.equal(info.get('loading'), '0');
    assert.equal(info.get('role'), 'master');
    assert.ok(Number(info.get('total_commands_processed')) >= 250);
  });

  test('sections are those of Redis, in its order, and an unknown one is empty', async () => {
    const { client } = servers[0];
    for (const words of [
      [],
      ['default'],
      ['memory'],
      ['KEYSPACE', 'server'],
      ['all'],
      ['everything'],
      ['nosuch'],
      ['nosuch', 'cpu'],
      ['commandstats'],
    ]) {
      const [real, ours] = await Promise.all([client.call('INFO', ...words), redis.call('INFO', ...words)]);
      const known = (titles: string[]): string[] => titles.filter((title) => title !== 'Latencystats');
      const all = words.length === 0 || /^(default|all|everything)$/.test(words[0]);
      assert.deepEqual(
        titlesOf(ours).filter((title) => !(all && (title === 'Nutcracker' || title === 'Shards'))),
        // Redis shows its modules with some only
        known(titlesOf(real)).filter((title) => title !== 'Modules' || titlesOf(ours).includes('Modules')),
        words.join(),
      );
    }
    assert.equal(await redis.call('INFO', 'nosuch'), '');
  });

  test('in RESP3 it is text, as from Redis', async () => {
    const client = await RawClient.open(proxy.ports[0]);
    await client.ask(request('HELLO', '3'));
    assert.match(await client.ask(request('INFO', 'memory')), /^=\d+\r\ntxt:# Memory\r\nused_memory:/);
    client.end();
  });

  test('of a pool with another database, its keys are counted', async () => {
    const client = await RawClient.open(proxy.ports[1]);
    await client.ask(request('SET', 'only', 'one'));
    assert.match(await client.ask(request('INFO', 'keyspace')), /\r\ndb3:keys=1,expires=0,avg_ttl=0\r\n/);
    client.end();
  });

  test('many askers cost the servers one question a second', async () => {
    const asked = async (): Promise<number> => {
      const stats = await servers[0].client.info('commandstats');
      return Number(/cmdstat_info:calls=(\d+)/.exec(stats)?.[1] ?? 0);
    };
    const from = await asked();
    const clients = await Promise.all(Array.from({ length: 20 }, () => RawClient.open(proxy.ports[0])));
    const pipeline = Buffer.concat(Array.from({ length: 50 }, () => request('INFO')));
    const began = performance.now();
    await Promise.all(clients.map((client) => client.ask(pipeline, 50, 20_000)));
    const seconds = Math.floor((performance.now() - began) / 1000);
    for (const client of clients) client.end();
    // our own question is counted too
    const questions = (await asked()) - from - 1;
    assert.ok(questions <= 2 + seconds, `${questions} questions in ${seconds} s`);
  });

  test('a server that does not answer is named, not counted, and holds nobody up twice', async () => {
    const [, silent] = servers;
    silent.daemon.signal('SIGSTOP');
    try {
      const info = await infoWith('the silent one', (each) => each.has('servers_not_counted'));
      assert.equal(info.get('servers_not_counted'), 'shard-2');
      assert.equal(info.get('maxmemory'), String(LIMITS[0]));
      const keys = Number(/keys=(\d+)/.exec(String(info.get('db0')))?.[1]);
      assert.ok(keys > 0 && keys < 200, String(info.get('db0')));
      assert.equal(fieldsOf(await redis.call('INFO', 'clients')).has('servers_not_counted'), false);
    } finally {
      silent.daemon.signal('SIGCONT');
    }
    await infoWith('both', (each) => !each.has('servers_not_counted'));
  });

  test('redis-cli --stat shows keys and memory', async () => {
    const { stdout } = await execa(
      'timeout',
      ['2.5', 'stdbuf', '-oL', 'redis-cli', '-p', String(proxy.ports[0]), '--stat'],
      { reject: false },
    );
    const rows = stdout.split('\n').filter((line) => /^\d+ /.test(line));
    assert.match(rows[0], /^200 +\d+\.\d+M +\d+ +0 +\d+/);
  });
});
