import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { Redis } from 'ioredis';
import { withRedis } from '../../../scripts/observe/redis-call.ts';
import { takeOverRedis } from '../../../scripts/rollout/reload/redis.ts';
import { takeOverSentinel } from '../../../scripts/rollout/reload/sentinel.ts';
import { renderRedisFiles, renderSentinelFiles } from '../../../sentinel/files.ts';
import type {
  Credentials,
  FurtherPasswords,
  MemberFile,
  Plan,
  RedisMember,
  SentinelMember,
} from '../../../topology/types.ts';
import { NativeTier } from '../../support/native-tier.ts';
import { TEST_CREDENTIALS } from '../../support/stack-fixture.ts';
import { waitUntil } from '../../support/wait-until.ts';

const NEXT: Credentials = {
  ...TEST_CREDENTIALS,
  proxy: 'the-next-password-of-the-proxy',
  replication: 'the-next-password-of-replication',
  sentinel: 'the-next-password-of-the-sentinels',
};

/** Redis and sentinels that take over other settings and other passwords while they run; the real ones. */
describe('new settings for what runs', { timeout: 90_000 }, () => {
  let tier: NativeTier;
  let master: RedisMember;
  const client = (member: RedisMember, password: string): Redis =>
    new Redis({
      host: member.address,
      port: member.port,
      username: 'proxy',
      password,
      retryStrategy: () => null,
      maxRetriesPerRequest: 0,
      lazyConnect: true,
      disableClientInfo: true,
    }).on('error', () => undefined);

  before(async () => {
    tier = await NativeTier.started();
    master = await tier.settled(2);
  });
  after(() => tier?.close());

  /** Brings every member to what a plan and passwords come to, one after the other. */
  async function takeOver(
    plan: Plan,
    credentials: Credentials,
    further: FurtherPasswords = {},
  ): Promise<void> {
    const login = { username: 'operator', password: TEST_CREDENTIALS.operator };
    const content = (files: readonly MemberFile[], name: string): string =>
      files.find((file) => file.name === name)?.content ?? '';
    for (const member of tier.redises) {
      const files = renderRedisFiles(plan, member, credentials, further);
      await withRedis(
        member,
        login,
        (redis) => takeOverRedis(redis, content(files, 'redis.conf'), content(files, 'users.acl')),
        3000,
      );
    }
    for (const member of tier.sentinels) {
      const files = renderSentinelFiles(plan, member, credentials, further);
      await withRedis(
        member,
        login,
        (redis) => takeOverSentinel(redis, content(files, 'sentinel.conf'), content(files, 'users.acl')),
        3000,
      );
    }
  }

  const sentinelViews = (): Promise<Array<Record<string, string>>> =>
    Promise.all(tier.sentinels.map((sentinel: SentinelMember) => tier.sentinelView(sentinel)));

  test('redis and sentinels report them, and nobody was restarted', async () => {
    const { plan } = tier;
    const changed: Plan = {
      ...plan,
      redis: { ...plan.redis, maxmemoryMb: 80, appendfsync: 'always', minReplicasMaxLag: 5 },
      sentinel: { ...plan.sentinel, downAfterMs: 1700, failoverTimeoutMs: 9000 },
    };
    await takeOver(changed, TEST_CREDENTIALS);
    for (const member of tier.redises) {
      const reply = await tier.call(member, 'operator', 'CONFIG', 'GET', 'maxmemory', 'appendfsync');
      assert.deepEqual((reply as string[]).toSorted(), ['83886080', 'always', 'appendfsync', 'maxmemory']);
    }
    for (const view of await sentinelViews()) {
      assert.equal(view['down-after-milliseconds'], '1700');
      assert.equal(view['failover-timeout'], '9000');
    }
    assert.equal((await tier.settled(2)).name, master.name);
    await takeOver(plan, TEST_CREDENTIALS);
  });

  test('a maxmemory below what a redis holds is refused, and nothing changes', async () => {
    const { plan } = tier;
    const small: Plan = { ...plan, redis: { ...plan.redis, maxmemoryMb: 1, appendfsync: 'no' } };
    await assert.rejects(takeOver(small, TEST_CREDENTIALS), /it holds \d+ MB, more than maxmemory 1mb/);
    const reply = await tier.call(tier.redises[0], 'operator', 'CONFIG', 'GET', 'maxmemory', 'appendfsync');
    assert.deepEqual((reply as string[]).toSorted(), ['67108864', 'appendfsync', 'everysec', 'maxmemory']);
  });

  test('passwords change in three phases: who is in stays in, replication and sentinels go on, the old one ends refused', async () => {
    const { plan } = tier;
    const early = client(master, TEST_CREDENTIALS.proxy);
    await early.connect();
    let closes = 0;
    early.on('close', () => closes++);
    try {
      const { proxy, replication, sentinel } = NEXT;
      await takeOver(plan, TEST_CREDENTIALS, { proxy, replication, sentinel });
      const old = TEST_CREDENTIALS;
      await takeOver(plan, NEXT, {
        proxy: old.proxy,
        replication: old.replication,
        sentinel: old.sentinel,
      });
      for (const password of [old.proxy, NEXT.proxy]) {
        const other = client(master, password);
        await other.connect();
        assert.equal(await other.ping(), 'PONG');
        other.disconnect();
      }
      await takeOver(plan, NEXT);
      await assert.rejects(async () => {
        const late = client(master, old.proxy);
        try {
          await late.connect();
          await late.ping();
        } finally {
          late.disconnect();
        }
      }, /WRONGPASS|NOAUTH|Connection is closed/);
      assert.equal(await early.set('key', 'value'), 'OK');
      assert.equal(closes, 0);
      // A replica that connects anew, and sentinels that do, have the new password.
      const [replica] = tier.redises.filter(({ name }) => name !== master.name);
      await tier.call(master, 'operator', 'CLIENT', 'KILL', 'TYPE', 'replica');
      await waitUntil('the replica to be back', async () => {
        const info = String(await tier.call(replica, 'operator', 'INFO', 'replication'));
        return info.includes('master_link_status:up');
      });
      await waitUntil('every sentinel to hear from everybody', async () => {
        const views = await Promise.all(
          tier.sentinels.map(async (member) =>
            tier.call(member, 'operator', 'SENTINEL', 'CKQUORUM', plan.shards[0].name),
          ),
        ).catch(() => []);
        return views.length === 3 && views.every((text) => String(text).startsWith('OK 3 usable'));
      });
    } finally {
      early.disconnect();
    }
  });
});
