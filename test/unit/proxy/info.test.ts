import assert from 'node:assert/strict';
import { afterEach, describe, test } from 'node:test';
import { sumSection } from '../../../proxy/core/commands/introspection/info-sums.ts';
import { closeScenes, memoryScene, TWO } from '../../support/memory-scene.ts';

afterEach(closeScenes);

const bulk = (text: string): string => `$${text.length}\r\n${text}`;

const saying = (memory: number): string =>
  bulk(`# Memory\r\nused_memory:${memory}\r\nmaxmemory:100\r\nmaxmemory_policy:noeviction\r\n`);

describe('INFO', () => {
  test('asks every server once, and keeps its place in a pipeline', async () => {
    const { client, servers, settle } = await memoryScene([], TWO);
    const one = client();
    one.ask('GET', 'name');
    one.ask('INFO', 'memory');
    one.ask('PING');
    settle();
    for (const server of servers)
      for (const words of [...server.asked]) if (words !== 'INFO all') server.answer('$1\r\nx');
    settle();
    assert.deepEqual(
      servers.map(({ asked }) => asked),
      [['INFO all'], ['INFO all']],
    );
    servers[0].answer(saying(10));
    settle();
    assert.equal(one.said, '$1\r\nx\r\n');
    servers[1].answer(saying(20));
    settle();
    assert.match(one.said, /used_memory:30\r\n[\s\S]*maxmemory:200\r\n[\s\S]*\r\n\+PONG\r\n$/);
  });

  test('inside a transaction is of what the servers say when EXEC comes, in its place', async () => {
    const { client, servers, settle } = await memoryScene([], TWO);
    const one = client();
    for (const word of ['MULTI', 'INFO memory', 'ECHO x', 'INFO clients', 'EXEC', 'PING'])
      one.ask(...word.split(' '));
    settle();
    assert.equal(one.said, '+OK\r\n+QUEUED\r\n+QUEUED\r\n+QUEUED\r\n');
    one.said = '';
    for (const [i, server] of servers.entries()) {
      assert.deepEqual(server.asked, ['INFO all']);
      server.answer(saying(10 * (i + 1)));
    }
    settle();
    assert.match(
      one.said,
      /^\*3\r\n\$\d+\r\n# Memory\r\nused_memory:30\r\n[^*]*\$1\r\nx\r\n\$\d+\r\n# Clients\r\n[^*]*\r\n\+PONG\r\n$/,
    );
  });

  test('is answered without the servers within a second, and when it needs none of them', async () => {
    const { client, pass, servers, settle } = await memoryScene([], TWO);
    const one = client();
    one.ask('INFO', 'clients', 'server', 'replication');
    settle();
    assert.match(one.said, /connected_clients:1\r\n/);
    assert.deepEqual(
      servers.map(({ log }) => log.length),
      [0, 0],
    );
    one.ask('INFO');
    settle();
    for (const server of servers) server.answer(saying(1));
    for (let i = 0; i < 5; i++) one.ask('INFO');
    settle();
    assert.equal(one.said.split('used_memory:2\r\n').length, 7);
    pass(1001);
    one.ask('INFO');
    settle();
    assert.deepEqual(
      servers.map(({ log }) => log.length),
      [2, 2],
    );
  });

  test('has a line for each server, whose figures hide none of the whole', async () => {
    const { client, servers, settle } = await memoryScene([], TWO);
    const one = client();
    one.ask('INFO', 'memory', 'shards');
    settle();
    const keys = '# Keyspace\r\ndb0:keys=7,expires=2,avg_ttl=0\r\n';
    servers[0].answer(bulk(`# Memory\r\nused_memory:10\r\n# Replication\r\nconnected_slaves:2\r\n${keys}`));
    servers[1].answer('-NOPERM no');
    settle();
    const shards = one.said.slice(one.said.indexOf('# Shards'));
    assert.match(
      shards,
      /^# Shards\r\nshard_one:live=1,keys=7,expires=2,used_memory=10,replicas=2\r\nshard_two:live=1,silent=1\r\n/,
    );
    assert.equal(one.said.match(/^used_memory:/gm)?.length, 1);
  });

  test('names a server that refuses to say, or is away', async () => {
    const { client, pool, servers, settle } = await memoryScene(['sentinels:', '  - 10.0.0.9:1:1'], TWO);
    for (const server of servers) server.always.set('ROLE', '*3\r\n$6\r\nmaster\r\n:1\r\n*0');
    pool.servers[1].wait();
    const one = client();
    one.ask('INFO', 'memory');
    settle();
    assert.deepEqual(servers[1].log, []);
    servers[0].answer("-NOPERM this user has no permissions to run the 'info' command");
    settle();
    assert.match(one.said, /# Memory\r\nservers_not_counted:one,two\r\n\r\n$/);
  });

  test('a client that leaves while it waits is forgotten, and the next one is answered', async () => {
    const { client, servers, settle } = await memoryScene([]);
    const [one, two] = [client(), client()];
    one.ask('INFO');
    settle();
    one.leave();
    two.ask('INFO', 'memory');
    settle();
    servers[0].answer(saying(7));
    settle();
    assert.match(two.said, /used_memory:7\r\n/);
    assert.equal(servers[0].log.length, 1);
  });
});

describe('the figures of several servers as one', () => {
  const cases: [field: string, values: string[], sum: string | null][] = [
    ['used_memory', ['10', '20'], '30'],
    ['used_cpu_sys', ['1.500000', '0.250000'], '1.750000'],
    ['maxmemory', ['100', '0'], '0'],
    ['maxmemory_policy', ['noeviction', 'allkeys-lru'], 'allkeys-lru'],
    ['rdb_last_bgsave_status', ['ok', 'err'], 'err'],
    ['rdb_bgsave_in_progress', ['0', '1'], '1'],
    ['rdb_last_save_time', ['1700', '1600'], '1600'],
    ['aof_enabled', ['1', '1'], '1'],
    ['mem_allocator', ['jemalloc-5', 'libc'], null],
    ['mem_allocator', ['libc', 'libc'], 'libc'],
    ['used_memory_peak_perc', ['50%', '60%'], null],
    [
      'cmdstat_get',
      ['calls=1,usec=10,usec_per_call=10.00', 'calls=3,usec=2,usec_per_call=0.67'],
      'calls=4,usec=12,usec_per_call=3.00',
    ],
    ['errorstat_OOM', ['count=1', 'count=2'], 'count=3'],
  ];
  for (const [field, values, sum] of cases) {
    test(`${field}: ${values.join(' and ')}`, () => {
      const figures = values.map((value, i) => ({
        name: `${i}`,
        sections: new Map([['stats', new Map([[field, value]])]]),
      }));
      const all = new Map(sumSection('stats', [...figures, { name: 'silent', sections: null }]));
      assert.equal(all.get(field) ?? null, sum);
    });
  }

  test('shares of memory are those of the sums', () => {
    const of = (used: number, peak: number): Map<string, string> =>
      new Map(
        Object.entries({ used_memory: used, used_memory_peak: peak, used_memory_startup: 10 }).map(
          ([field, value]) => [field, String(value)],
        ),
      ).set('used_memory_dataset', '30');
    const figures = [of(50, 100), of(70, 140)].map((memory, i) => ({
      name: `${i}`,
      sections: new Map([['memory', memory]]),
    }));
    const sums = new Map(sumSection('memory', figures));
    assert.equal(sums.get('used_memory_peak_perc'), '50.00%');
    assert.equal(sums.get('used_memory_dataset_perc'), '60.00%');
  });
});
