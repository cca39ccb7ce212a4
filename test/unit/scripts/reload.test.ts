import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { differing } from '../../../scripts/rollout/reload/redis.ts';
import { changedOptions, parseSentinelConf } from '../../../scripts/rollout/reload/sentinel.ts';
import { parseUsers } from '../../../scripts/rollout/reload/users.ts';
import { fixedOfRedis, fixedOfSentinel, settableOf } from '../../../sentinel/directives.ts';
import { renderRedisFiles, renderSentinelFiles } from '../../../sentinel/files.ts';
import type { Credentials, MemberFile } from '../../../topology/types.ts';
import { planOf, TEST_CREDENTIALS } from '../../support/stack-fixture.ts';

const stack = (text = '') => planOf(`name: alpha\nvip: 198.18.0.100\n${text}`);
const contentOf = (files: readonly MemberFile[], name: string): string =>
  files.find((file) => file.name === name)?.content ?? assert.fail(name);
const redisConf = (text?: string): string =>
  contentOf(renderRedisFiles(stack(text), stack(text).shards[0].members[0], TEST_CREDENTIALS), 'redis.conf');
const sentinelConf = (text?: string, credentials: Credentials = TEST_CREDENTIALS): string =>
  contentOf(renderSentinelFiles(stack(text), stack(text).sentinels[0], credentials), 'sentinel.conf');

describe('what of a redis.conf a running redis takes over', () => {
  test('everything but its addresses and places', () => {
    const names = new Set(settableOf(redisConf()).map(({ name }) => name));
    for (const name of ['maxmemory', 'masterauth', 'appendfsync', 'save']) assert.ok(names.has(name), name);
    for (const name of ['bind', 'port', 'dir', 'aclfile', 'logfile']) assert.ok(!names.has(name), name);
    assert.equal(
      fixedOfRedis(redisConf()),
      fixedOfRedis(redisConf('redis: { maxmemory: 1gb, repl_backlog: 32mb }')),
    );
    assert.match(fixedOfRedis(redisConf()), /^bind 198\.18\.128\.32$/m);
  });

  test('only what differs is set; sizes are compared in bytes, nothing is nothing', () => {
    const wanted = settableOf('maxmemory 64mb\nsave ""\nappendfsync everysec\n# a comment\n');
    const same = ['maxmemory', '67108864', 'save', '', 'appendfsync', 'everysec'];
    assert.deepEqual(differing(wanted, same), []);
    const other = ['maxmemory', '67108864', 'save', '3600 1', 'appendfsync', 'no'];
    assert.deepEqual(
      differing(wanted, other).map(({ name }) => name),
      ['save', 'appendfsync'],
    );
  });
});

describe('what of a sentinel.conf a running sentinel takes over', () => {
  const [shard] = parseSentinelConf(sentinelConf()).shards;
  const fields = new Map([
    ['quorum', '2'],
    ['down-after-milliseconds', '1000'],
    ['failover-timeout', shard.options.get('failover-timeout') ?? ''],
    ['parallel-syncs', '1'],
  ]);
  const changed = (change: Record<string, string>, newPassword = false): string[] =>
    changedOptions(shard, new Map([...fields, ...Object.entries(change)]), newPassword).map(
      ([option]) => option,
    );

  test('times, numbers, passwords and new shards; its name and its addresses need a start', () => {
    const other = { ...TEST_CREDENTIALS, sentinel: 'another-password-of-sentinel' };
    assert.equal(
      fixedOfSentinel(sentinelConf()),
      fixedOfSentinel(sentinelConf('shards: 3\nsentinel: { down_after: 2s }\n', other)),
    );
    assert.match(fixedOfSentinel(sentinelConf()), /^sentinel myid [0-9a-f]{40}$/m);
  });

  test('only what it shows otherwise is set, and passwords only when they are new: they cost a connection', () => {
    assert.deepEqual(changed({}), []);
    assert.deepEqual(changed({ 'down-after-milliseconds': '900', quorum: '3' }), [
      'quorum',
      'down-after-milliseconds',
    ]);
    assert.deepEqual(changed({}, true), ['auth-user', 'auth-pass']);
  });

  test('a shard it does not know yet is given everything', () => {
    assert.deepEqual(
      changedOptions(shard, undefined, false).map(([option]) => option),
      ['auth-user', 'auth-pass', 'down-after-milliseconds', 'failover-timeout', 'parallel-syncs'],
    );
    assert.deepEqual(shard.monitor, ['198.18.128.32', '6379', '2']);
    assert.equal(parseSentinelConf(sentinelConf()).password, TEST_CREDENTIALS.sentinel);
  });
});

describe('users.acl', () => {
  test('while a password changes both are good, and nobody else has two', () => {
    const further = { proxy: 'the-next-password-of-proxy' };
    const [member] = stack().shards[0].members;
    const acl = contentOf(renderRedisFiles(stack(), member, TEST_CREDENTIALS, further), 'users.acl');
    const hashes = new Map(
      parseUsers(acl).map(({ name, rules }) => [
        name,
        rules.filter((rule) => /^#[0-9a-f]{64}$/.test(rule)).length,
      ]),
    );
    assert.deepEqual(Object.fromEntries(hashes), {
      default: 0,
      operator: 1,
      proxy: 2,
      replication: 1,
      sentinel: 1,
      guard: 1,
    });
    assert.ok(!acl.includes(further.proxy));
  });
});
