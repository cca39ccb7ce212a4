import assert from 'node:assert/strict';
import { afterEach, describe, test } from 'node:test';
import { metricsDocument } from '../../../proxy/admin/metrics.ts';
import { snapshotOf } from '../../../proxy/admin/snapshot.ts';
import { statsDocument } from '../../../proxy/admin/stats.ts';
import { parseConfig } from '../../../proxy/config/nutcracker-yml.ts';
import { closeScenes, type MemoryScene, memoryScene } from '../../support/memory-scene.ts';

afterEach(closeScenes);

const REPLICAS = ['10.0.0.2:6379', '10.0.0.3:6379'];
const address = (host: string) => ({ kind: 'tcp', host, port: 6379 }) as const;

/** A master (server 0) and two replicas that may be read from. */
async function shard(more: readonly string[] = []): Promise<MemoryScene> {
  const scene = await memoryScene(['reads: replicas', 'timeout: 1000', ...more], undefined, REPLICAS);
  scene.pool.servers[0].replicas?.use([address('10.0.0.2'), address('10.0.0.3')]);
  return scene;
}

const asked = ({ servers }: MemoryScene): string[][] => servers.map((server) => [...server.asked]);

describe('reads: replicas', () => {
  test('what only reads goes to the replicas in turn, everything else to the master; replies keep their order', async () => {
    const scene = await shard();
    const { client, servers, settle } = scene;
    const one = client();
    one.ask('GET', 'a');
    one.ask('SET', 'a', '1');
    one.ask('HGETALL', 'h');
    one.ask('EVAL', 'return 1', '1', 'a');
    one.ask('GETEX', 'a');
    settle();
    assert.deepEqual(asked(scene), [['SET a 1', 'EVAL return 1 1 a', 'GETEX a'], ['GET a'], ['HGETALL h']]);
    servers[0].answer('+OK', ':1', '$1\r\n1');
    servers[2].answer('*0');
    settle();
    assert.equal(one.said, '');
    servers[1].answer('$-1');
    settle();
    assert.equal(one.said, '$-1\r\n+OK\r\n*0\r\n:1\r\n$1\r\n1\r\n');
  });

  test('by default everything goes to the master', async () => {
    const { client, servers, settle } = await memoryScene([], undefined, REPLICAS);
    client().ask('GET', 'a');
    settle();
    assert.deepEqual(servers[0].asked, ['GET a']);
  });

  test('none may be read from: the master answers', async () => {
    const scene = await shard();
    scene.pool.servers[0].replicas?.use([]);
    scene.client().ask('GET', 'a');
    scene.settle();
    assert.deepEqual(asked(scene), [['GET a'], [], []]);
  });

  for (const [what, happens] of [
    ['dies', ({ servers }: MemoryScene) => servers[1].cut()],
    ['does not answer', ({ pass }: MemoryScene) => pass(1001)],
    ['is loading', ({ servers }: MemoryScene) => servers[1].answer('-LOADING Redis is loading')],
    [
      'lost its master',
      ({ servers }: MemoryScene) => servers[1].answer('-MASTERDOWN Link with MASTER is down'),
    ],
    [
      'may not be read from any more',
      ({ pool }: MemoryScene) => pool.servers[0].replicas?.use([address('10.0.0.3')]),
    ],
  ] as const) {
    test(`a replica ${what}: the master answers what it did not, and the other replica what comes next`, async () => {
      const scene = await shard();
      const { client, servers, settle } = scene;
      const one = client();
      one.ask('GET', 'a');
      settle();
      assert.deepEqual(servers[1].asked, ['GET a']);
      happens(scene);
      settle();
      assert.deepEqual(servers[0].asked, ['GET a']);
      servers[0].answer('$1\r\n1');
      for (let i = 0; i < 3; i++) one.ask('GET', 'b');
      settle();
      assert.deepEqual(servers[2].asked, ['GET b', 'GET b', 'GET b']);
      servers[2].answer('$-1', '$-1', '$-1');
      settle();
      assert.equal(one.said, '$1\r\n1\r\n$-1\r\n$-1\r\n$-1\r\n');
    });
  }

  test('during a switch nothing is read from a replica: reads wait for the new master', async () => {
    const scene = await shard(['sentinels:', '  - 10.0.0.9:1:1']);
    const { client, servers, settle, pool } = scene;
    for (const server of servers) server.always.set('ROLE', '*3\r\n$6\r\nmaster\r\n:1\r\n*0');
    const one = client();
    one.ask('GET', 'a');
    settle();
    assert.deepEqual(servers[1].asked, ['GET a']);
    pool.servers[0].wait();
    servers[1].asked.length = 0;
    one.ask('GET', 'b');
    settle();
    assert.deepEqual(asked(scene), [[], [], []]);
    pool.servers[0].moveTo(address('10.0.0.3'));
    settle();
    assert.deepEqual(servers[2].asked, ['GET a', 'GET b']);
    servers[2].answer('$1\r\n1', '$1\r\n2');
    settle();
    assert.equal(one.said, '$1\r\n1\r\n$1\r\n2\r\n');
  });

  test('the parts of a split request are reads of their own', async () => {
    const scene = await memoryScene(
      ['reads: replicas'],
      ['10.0.0.1:1:1 a', '10.0.0.4:1:1 b'],
      ['10.0.0.2:6379'],
    );
    const { client, servers, settle, pool } = scene;
    pool.servers[0].replicas?.use([address('10.0.0.2')]);
    const keys = Array.from({ length: 30 }, (_, i) => `${i * 7919}:key`);
    client().ask('MGET', ...keys);
    settle();
    assert.deepEqual(
      servers.map((server) => server.asked.length),
      [0, 1, 1],
    );
  });

  test('statistics and metrics tell what each replica answered', async () => {
    const { client, servers, settle, pool } = await shard();
    const one = client();
    one.ask('GET', 'a');
    one.ask('GET', 'a');
    one.ask('GET', 'a');
    settle();
    servers[1].answer('$-1', '$-1');
    settle();
    pool.servers[0].replicas?.use([address('10.0.0.2')]);
    const stats = JSON.parse(statsDocument(snapshotOf([pool]), 0));
    const { '10.0.0.2:6379': near, '10.0.0.3:6379': far } = stats.p.one.replicas;
    assert.deepEqual([near.usable, near.requests, near.responses], [1, 2, 2]);
    assert.deepEqual([far.usable, far.requests, far.responses], [0, 1, 0]);
    const metrics = metricsDocument(snapshotOf([pool]), 0);
    assert.match(
      metrics,
      /^nutcracker_replica_requests_total\{pool="p",server="one",replica="10\.0\.0\.2:6379"\} 2$/m,
    );
    assert.match(
      metrics,
      /^nutcracker_replica_usable\{pool="p",server="one",replica="10\.0\.0\.3:6379"\} 0$/m,
    );
  });

  test('a bound without replicas, a word that means nothing, and servers on sockets are refused', () => {
    const conf = (lines: string, server = 'h:1:1'): string =>
      `p:\n  listen: 127.0.0.1:1\n  redis: true\n${lines}  servers:\n  - ${server}\n`;
    assert.throws(() => parseConfig(conf('  replica_max_lag: 2000\n')), /needs "reads: replicas"/);
    assert.throws(() => parseConfig(conf('  reads: replicas\n  replica_max_lag: 10\n')), /at least 1000/);
    assert.throws(() => parseConfig(conf('  reads: slaves\n')), /is not "master" or "replicas"/);
    assert.throws(() => parseConfig(conf('  reads: replicas\n', '/tmp/s:1')), /host and port/);
    assert.equal(parseConfig(conf('  reads: replicas\n'))[0].replicaMaxLag, 2000);
  });
});
