import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { bridgeName, loadTopology } from '../../../topology/index.ts';
import { defaultPlan, planOf } from '../../support/stack-fixture.ts';

/** Member name → address. */
const addresses = (plan: ReturnType<typeof planOf>) =>
  Object.fromEntries(plan.members.map((member) => [member.name, member.address]));

describe('the plan of the default stack', () => {
  const plan = defaultPlan();

  test('every member has the name and address that the scheme gives', () => {
    assert.deepEqual(addresses(plan), {
      'alpha-edge-a': '198.18.128.8',
      'alpha-proxy-a': '198.18.128.16',
      'alpha-sentinel-a': '198.18.128.24',
      'alpha-shard-1-a': '198.18.128.32',
      'alpha-shard-2-a': '198.18.128.40',
      'alpha-edge-b': '198.18.128.9',
      'alpha-proxy-b': '198.18.128.17',
      'alpha-sentinel-b': '198.18.128.25',
      'alpha-shard-1-b': '198.18.128.33',
      'alpha-shard-2-b': '198.18.128.41',
      'alpha-proxy-c': '198.18.128.18',
      'alpha-sentinel-c': '198.18.128.26',
      'alpha-shard-1-c': '198.18.128.34',
      'alpha-shard-2-c': '198.18.128.42',
    });
    assert.deepEqual(
      plan.edges.map(({ frontAddress }) => frontAddress),
      ['198.18.0.8', '198.18.0.9'],
    );
  });

  test('network, stacks and bridge', () => {
    assert.equal(plan.networkStack, 'alpha-network');
    assert.deepEqual(plan.front, {
      name: 'alpha',
      subnet: '198.18.0.0/24',
      gateway: '198.18.0.1',
      dynamicRange: '198.18.0.128/25',
      bridge: 'tw-alpha',
    });
    assert.deepEqual(plan.back, {
      name: 'alpha-back',
      subnet: '198.18.128.0/24',
      gateway: '198.18.128.1',
      dynamicRange: '198.18.128.128/25',
      bridge: 'tb-alpha',
    });
    assert.deepEqual(
      plan.domains.map(({ stack, dataStack }) => [stack, dataStack]),
      [
        ['alpha-a', 'alpha-a-data'],
        ['alpha-b', 'alpha-b-data'],
        ['alpha-c', 'alpha-c-data'],
      ],
    );
  });

  test('initial masters are spread, and stand first in their shard', () => {
    assert.deepEqual(
      plan.shards.map((shard) => [shard.initialMaster.name, shard.members[0].name]),
      [
        ['alpha-shard-1-a', 'alpha-shard-1-a'],
        ['alpha-shard-2-b', 'alpha-shard-2-b'],
      ],
    );
  });

  test('ports, priorities, sentinel ids and settings', () => {
    assert.deepEqual(
      plan.edges.map((edge) => [edge.priority, edge.opsPort]),
      [
        [150, 8404],
        [149, 8404],
      ],
    );
    assert.ok(plan.proxies.every((proxy) => proxy.statsPort === 22222));
    const [first] = plan.sentinels;
    assert.equal(first.runId, createHash('sha1').update('alpha/alpha-sentinel-a').digest('hex'));
    assert.equal(first.port, 26379);
    assert.deepEqual(plan.sentinel, {
      count: 3,
      quorum: 2,
      downAfterMs: 1000,
      failoverTimeoutMs: 3000,
      parallelSyncs: 1,
    });
    assert.deepEqual(plan.redis, {
      maxmemoryMb: 64,
      maxmemoryPolicy: 'noeviction',
      appendfsync: 'everysec',
      minReplicasToWrite: 1,
      minReplicasMaxLag: 2,
      replBacklogMb: 16,
      scriptTimeLimitMs: 5000,
      notifyKeyspaceEvents: '',
    });
    assert.deepEqual(plan.edge, {
      count: 2,
      advertIntervalMs: 300,
      vrid: 51,
      maxConnections: 4096,
      maxConnectionsPerSource: 0,
    });
    assert.deepEqual(plan.pools, [
      {
        name: 'alpha',
        listen: 6379,
        shards: ['shard-1', 'shard-2'],
        hash: 'fnv1a_64',
        distribution: 'ketama',
        timeoutMs: 2000,
        serverConnections: 1,
        redisDb: 0,
        databases: 16,
        waitReplicas: 1,
        waitTimeoutMs: 1000,
        reads: 'master',
        replicaMaxLagMs: 2000,
        transactions: 'strict',
        dangerous: 'allow',
        unknownOutcomes: 'error',
        hashTag: '{}',
      },
    ]);
    assert.deepEqual(plan.warnings, []);
  });

  test('the stack.yaml of the checkout says the same in more words', () => {
    const text = readFileSync(new URL('../../../stack.yaml', import.meta.url), 'utf8');
    assert.deepEqual(planOf(text), plan);
  });
});

describe('what a file may choose', () => {
  const load = (text: string) => {
    const loaded = loadTopology(`name: alpha\nvip: 198.18.0.100\n${text}`, 'stack.yaml');
    assert.ok(loaded.ok, JSON.stringify(loaded));
    return loaded.topology;
  };

  test('the edge whose place the VIP takes stands at .2 in front, everyone else stays', () => {
    const moved = planOf('name: alpha\nvip: 198.18.0.9\n');
    assert.deepEqual(addresses(moved), addresses(defaultPlan()));
    assert.deepEqual(
      moved.edges.map(({ frontAddress }) => frontAddress),
      ['198.18.0.8', '198.18.0.2'],
    );
  });

  test('quorum and failover_timeout follow count and down_after', () => {
    const { sentinel } = load('domains: [a, b, c, d, e]\nsentinel: {count: 5, down_after: 500ms}');
    assert.equal(sentinel.quorum, 3);
    assert.equal(sentinel.failoverTimeoutMs, 3000);
    assert.equal(load('sentinel: {down_after: 2s}').sentinel.failoverTimeoutMs, 6000);
  });

  test('min_replicas_to_write follows replicas', () => {
    assert.equal(load('replicas: 0').redis.minReplicasToWrite, 0);
    assert.equal(load('replicas: 1').redis.minReplicasToWrite, 0);
    assert.equal(load('replicas: 1\nredis: {min_replicas_to_write: 1}').redis.minReplicasToWrite, 1);
  });

  test('a pool has 16 databases, unless that would reach what another pool keeps apart', () => {
    const databases = (pools: string): number[] =>
      load(`pools: ${pools}`).pools.map((pool) => pool.databases);
    assert.deepEqual(databases('{a: {}, b: {listen: 7000}}'), [16, 16]);
    assert.deepEqual(databases('{a: {}, b: {listen: 7000, redis_db: 1}}'), [0, 0]);
    assert.deepEqual(
      databases('{a: {shards: [shard-2]}, b: {listen: 7000, shards: [shard-1], redis_db: 1}}'),
      [16, 0],
    );
    assert.deepEqual(
      databases('{a: {databases: 10}, b: {listen: 7000, redis_db: 1, databases: 2}}'),
      [10, 2],
    );
  });

  test('durations and sizes in all their spellings', () => {
    const topology = load(
      'sentinel: {down_after: 1.5s, failover_timeout: 2m}\nredis: {maxmemory: 1gb, repl_backlog: 32 MB}\nedge: {advert_interval: 0.3s}',
    );
    assert.equal(topology.sentinel.downAfterMs, 1500);
    assert.equal(topology.sentinel.failoverTimeoutMs, 120_000);
    assert.equal(topology.redis.maxmemoryMb, 1024);
    assert.equal(topology.redis.replBacklogMb, 32);
    assert.equal(topology.edge.advertIntervalMs, 300);
  });

  test('hash_tag: "" means none, a two-byte letter is one', () => {
    const { pools } = load('pools: {a: {hash_tag: ""}, b: {listen: 6380, hash_tag: "ä"}}');
    assert.equal('hashTag' in pools[0], false);
    assert.equal(pools[1].hashTag, 'ä');
  });

  test('shards by number, by name and by mapping are the same', () => {
    const { shards } = load('shards: 2');
    assert.deepEqual(load('shards: [shard-1, shard-2]').shards, shards);
    assert.deepEqual(load('shards: [{}, {weight: 1}]').shards, shards);
    assert.deepEqual(load('shards:\n- shard-1\n- {name: shard-2, domains: [b, c, a]}').shards, shards);
  });

  test('domains by name and by mapping are the same', () => {
    assert.deepEqual(load('domains: [{name: a}, b, {name: c}]'), load('domains: [a, b, c]'));
  });

  test('a network of its own size', () => {
    const plan = planOf('name: a\nvip: 10.1.200.7\nnetwork: 10.1.0.0/16\nshards: 100\n');
    assert.equal(plan.front.dynamicRange, '10.1.128.0/17');
    assert.equal(plan.shards[99].members[0].address, '10.0.3.56');
  });

  test('a bridge device never exceeds 15 characters, and long names stay apart', () => {
    const long = ['production-eu-west-1', 'production-eu-west-2'].map((name) => bridgeName(name));
    assert.equal(new Set(long).size, 2);
    for (const name of [...long, bridgeName('abcdefghijkl'), bridgeName('abcdefghijklm')])
      assert.match(name, /^tw-[a-z0-9-]{1,12}$/);
    assert.equal(bridgeName('abcdefghijkl'), 'tw-abcdefghijkl');
  });
});

describe('warnings', () => {
  const warningsFor = (text: string) => planOf(`name: alpha\nvip: 198.18.0.100\n${text}`).warnings.join('\n');
  const cases: [title: string, text: string, said: RegExp][] = [
    [
      'one replica',
      'replicas: 1',
      /min-replicas-to-write 0: writes acknowledged just before a crash can be lost/,
    ],
    ['no replica', 'replicas: 0', /nothing can take over/],
    ['every replica needed', 'redis: {min_replicas_to_write: 2}', /refuses writes as soon as one/],
    [
      'a domain without a shard',
      'domains: [a, b, c, d]',
      /domain d holds no member of any shard.*`domains:`/,
    ],
    ['crc32 with ketama', 'pools: {a: {hash: crc32}}', /15 bits/],
    [
      'a shard without a pool',
      'shards: 3\npools: {a: {shards: [shard-1, shard-3]}}',
      /^shard-2 belongs to no pool/,
    ],
    ['one edge', 'edge: {count: 1}', /no standby/],
    ['hasty sentinels', 'sentinel: {down_after: 200ms}', /busy host/],
    ['hasty VRRP', 'edge: {advert_interval: 50ms}', /loses the VIP/],
  ];
  for (const [title, text, said] of cases) test(title, () => assert.match(warningsFor(text), said));

  test("Docker's own bridge", () => {
    assert.match(planOf('name: a\nvip: 172.17.3.9\n').warnings.join(), /overlaps Docker's default bridge/);
  });
});
