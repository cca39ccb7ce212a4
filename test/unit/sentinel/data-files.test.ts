import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, test } from 'node:test';
import { settableOf } from '../../../sentinel/directives.ts';
import { renderRedisFiles, renderSentinelFiles } from '../../../sentinel/files.ts';
import type { MemberFile, Plan } from '../../../topology/types.ts';
import { assertGolden } from '../../support/golden.ts';
import { defaultPlan, planOf, TEST_CREDENTIALS } from '../../support/stack-fixture.ts';

const redisFiles = (plan: Plan, index = 0): MemberFile[] =>
  renderRedisFiles(plan, plan.shards[0].members[index], TEST_CREDENTIALS);
const sentinelFiles = (plan: Plan): MemberFile[] =>
  renderSentinelFiles(plan, plan.sentinels[0], TEST_CREDENTIALS);
const contentOf = (files: readonly MemberFile[], name: string): string =>
  files.find((file) => file.name === name)?.content ?? assert.fail(`no file ${name}`);

describe('files of the data tier', () => {
  test('of the default stack are as in the golden files', () => {
    const plan = defaultPlan();
    const [master, replica] = plan.shards[0].members;
    for (const member of [master, replica, plan.shards[1].members[0]]) {
      for (const { name, content } of renderRedisFiles(plan, member, TEST_CREDENTIALS)) {
        assertGolden(`redis/${member.name}/${name}`, content);
      }
    }
    for (const { name, content } of sentinelFiles(plan)) {
      assertGolden(`sentinel/${plan.sentinels[0].name}/${name}`, content);
    }
  });

  test('what stack.yaml says of redis is in redis.conf', () => {
    const plan = planOf(
      `name: alpha
vip: 198.18.0.100
redis:
  maxmemory: 96mb
  maxmemory_policy: volatile-lfu
  appendfsync: always
  min_replicas_to_write: 2
  min_replicas_max_lag: 7s
  repl_backlog: 24mb
  script_time_limit: 900ms
  notify_keyspace_events: Egx
`,
    );
    const config = contentOf(redisFiles(plan), 'redis.conf');
    for (const line of [
      'maxmemory 96mb',
      'maxmemory-policy volatile-lfu',
      'appendfsync always',
      'min-replicas-to-write 2',
      'min-replicas-max-lag 7',
      'repl-backlog-size 24mb',
      'busy-reply-threshold 900',
      // in the order in which redis shows them
      'notify-keyspace-events gxE',
    ])
      assert.match(config, new RegExp(`^${line}$`, 'm'));
  });

  test('the votes that a promotion needs follow from the pools that stand on the shard', () => {
    const plan = planOf(
      'name: alpha\nvip: 198.18.0.100\npools: { cache: { shards: [shard-1], wait_replicas: 0 }, queue: { listen: 6380, shards: [shard-2] } }\n',
    );
    const votes = plan.shards.map(({ members }) => {
      const files = renderRedisFiles(plan, members[0], TEST_CREDENTIALS);
      return JSON.parse(contentOf(files, 'guard.json')).rules.votes;
    });
    assert.deepEqual(votes, [1, 2]);
  });

  test('members of a shard differ in name and address only: the role is not configuration', () => {
    const plan = defaultPlan();
    const [master, replica] = plan.shards[0].members;
    const config = (index: number): string => contentOf(redisFiles(plan, index), 'redis.conf');
    const renamed = config(1)
      .replaceAll(replica.name, master.name)
      .replaceAll(replica.address, master.address);
    assert.equal(renamed, config(0));
    assert.doesNotMatch(config(0), /^replicaof/m);
  });

  test('clear passwords are in secret files only, and only those that the daemon needs', () => {
    const plan = defaultPlan();
    const expected: ReadonlyArray<[MemberFile[], Record<string, string[]>]> = [
      [
        redisFiles(plan),
        { 'redis.conf': [TEST_CREDENTIALS.replication], 'guard.json': [TEST_CREDENTIALS.guard] },
      ],
      [sentinelFiles(plan), { 'sentinel.conf': [TEST_CREDENTIALS.sentinel] }],
    ];
    for (const [files, clear] of expected) {
      for (const { name, content, secret } of files) {
        const found = Object.values(TEST_CREDENTIALS).filter((password) => content.includes(password));
        assert.deepEqual(found, clear[name] ?? [], name);
        assert.equal(secret, found.length > 0, name);
      }
    }
  });

  test('accounts carry SHA-256 of their passwords, and the default account is off', () => {
    const acl = contentOf(redisFiles(defaultPlan()), 'users.acl');
    assert.match(acl, /^user default reset off ~\* &\* \+@all$/m);
    for (const [account, password] of Object.entries(TEST_CREDENTIALS)) {
      // Good at the proxies alone; only of a stack that is monitored.
      if (account === 'application' || account === 'monitor') continue;
      const digest = createHash('sha256').update(password).digest('hex');
      assert.match(acl, new RegExp(`^user ${account} reset on #${digest} `, 'm'));
    }
    assert.doesNotMatch(acl, /application|monitor/);
  });

  test('FLUSHDB and KEYS are allowed to the proxies unless every pool refuses them, SWAPDB where there is one shard', () => {
    const rights = (pools: string, shards = 2): boolean[] => {
      const plan = planOf(`name: beta\nvip: 198.18.0.100\nshards: ${shards}\npools: ${pools}\n`);
      const acl = contentOf(redisFiles(plan), 'users.acl');
      const proxy = acl.split('\n').find((line) => line.startsWith('user proxy ')) ?? '';
      return ['+keys', '+flushdb', '+swapdb'].map((right) => proxy.split(' ').includes(right));
    };
    assert.deepEqual(rights('{ a: {} }', 1), [true, true, true]);
    assert.deepEqual(rights('{ a: {} }'), [true, true, false], 'a script would swap those of one server');
    assert.deepEqual(rights('{ a: { dangerous: refuse } }', 1), [false, false, false]);
    assert.deepEqual(rights('{ a: { dangerous: refuse }, b: { listen: 6380 } }'), [true, true, false]);
  });

  test('every redis has 16 databases, and one that runs is neither told so nor started anew for it', () => {
    const file = redisFiles(planOf('name: beta\nvip: 198.18.0.100\n')).find(
      ({ name }) => name === 'redis.conf',
    );
    assert.match(file?.content ?? '', /^databases 16$/m);
    assert.doesNotMatch(file?.fixed ?? '', /databases/);
    assert.ok(settableOf(file?.content ?? '').every(({ name }) => name !== 'databases'));
  });

  test('with one replica the survivor of a crash takes writes', () => {
    const plan = planOf('name: beta\nvip: 198.18.0.100\nreplicas: 1\n');
    assert.match(contentOf(redisFiles(plan), 'redis.conf'), /^min-replicas-to-write 0$/m);
  });

  test('every sentinel watches every shard at its first master, under an id of its own', () => {
    const plan = defaultPlan();
    const ids = plan.sentinels.map((sentinel) => {
      const config = contentOf(renderSentinelFiles(plan, sentinel, TEST_CREDENTIALS), 'sentinel.conf');
      for (const { name, initialMaster } of plan.shards) {
        assert.ok(
          config.includes(`sentinel monitor ${name} ${initialMaster.address} ${initialMaster.port} 2\n`),
        );
      }
      return config.match(/^sentinel myid ([0-9a-f]{40})$/m)?.[1];
    });
    assert.equal(new Set(ids).size, plan.sentinels.length);
    assert.ok(!ids.includes(undefined));
  });
});
