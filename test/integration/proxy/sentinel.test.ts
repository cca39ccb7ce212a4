import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { askGuard } from '../../../scripts/observe/guard-call.ts';
import type { RedisMember, SentinelMember } from '../../../topology/types.ts';
import { NativeTier } from '../../support/native-tier.ts';
import { type RunningProxy, startProxy } from '../../support/proxy.ts';
import { RawClient, request } from '../../support/raw-client.ts';
import { TEST_CREDENTIALS } from '../../support/stack-fixture.ts';
import { tierPool } from '../../support/tier-pool.ts';
import { waitUntil } from '../../support/wait-until.ts';
import { type PassedJobs, passJobs, type WrittenKeys, writeKeys } from './traffic.ts';

/*
 * The proxy before a real shard (one master, two replicas, three sentinels, with the stack's own ACLs) while masters
 * die, hang and come back.
 */
let tier: NativeTier;
let proxy: RunningProxy;
let secrets: string;

const SETTINGS = ['timeout: 2000', 'hash_tag: "{}"', 'databases: 16'];

function application(db = 0): Redis {
  const redis = new Redis({
    db,
    host: '127.0.0.1',
    port: proxy.ports[0],
    username: 'application',
    password: TEST_CREDENTIALS.application,
  });
  redis.on('error', () => undefined);
  return redis;
}

const failOver = (): Promise<unknown> =>
  tier.call(tier.sentinels[0], 'operator', 'SENTINEL', 'FAILOVER', tier.plan.shards[0].name);

const fieldsOf = (flat: unknown): Record<string, string> =>
  Object.fromEntries((flat as string[]).flatMap((word, i, all) => (i % 2 === 0 ? [[word, all[i + 1]]] : [])));

/** What a sentinel thinks of the master. */
const flagsOf = async (sentinel: SentinelMember): Promise<string> =>
  fieldsOf(await tier.call(sentinel, 'operator', 'SENTINEL', 'MASTER', tier.plan.shards[0].name)).flags;

/** Address of the replica that the first sentinel would promote before all others. */
async function preferred(): Promise<string | undefined> {
  const shard = tier.plan.shards[0].name;
  const replicas = (await tier.call(
    tier.sentinels[0],
    'operator',
    'SENTINEL',
    'REPLICAS',
    shard,
  )) as unknown[];
  return replicas.map(fieldsOf).find((fields) => fields['slave-priority'] === '1')?.ip;
}

const writer = (t: TestContext, prefix: string, db = 0): WrittenKeys => writeKeys(t, application(db), prefix);

const queue = (t: TestContext, name: string, workers: number): PassedJobs =>
  passJobs(
    t,
    name,
    Array.from({ length: workers + 1 }, () => application()),
  );

/** Waiting requests that took something, perhaps, when their connection was lost. */
async function inDoubt(): Promise<number> {
  const metrics = await (await fetch(`http://127.0.0.1:${proxy.statsPort}/metrics`)).text();
  return Number(/in_doubt_total\{[^}]*\} (\d+)/.exec(metrics)?.[1]);
}

async function master(): Promise<RedisMember> {
  return await tier.settled(2);
}

before(async () => {
  tier = await NativeTier.create();
  await tier.start(...tier.sentinels, ...tier.redises);
  await master();
  secrets = mkdtempSync(join(tmpdir(), 'twemstack-secrets-'));
  writeFileSync(join(secrets, 'application'), `${TEST_CREDENTIALS.application}\n`);
  writeFileSync(join(secrets, 'proxy'), `${TEST_CREDENTIALS.proxy}\n`);
  proxy = await startProxy('bun', 1, ([port]) => tierPool(tier, port, secrets, SETTINGS));
});

after(async () => {
  await proxy?.stop();
  await tier?.close();
  rmSync(secrets, { recursive: true, force: true });
});

describe('a pool that follows Sentinel', () => {
  test("serves with the stack's own rights, and asks clients for the password", async () => {
    const redis = application();
    assert.equal(await redis.set('hello', 'world'), 'OK');
    assert.equal(await redis.get('hello'), 'world');
    redis.disconnect();
    const stranger = await RawClient.open(proxy.ports[0]);
    assert.equal(await stranger.ask(request('PING')), '+PONG\r\n');
    assert.equal(await stranger.ask(request('GET', 'hello')), '-NOAUTH Authentication required\r\n');
    stranger.end();
  });

  test('master killed: writes go on at the new one, in whichever database, nothing acknowledged is lost', async (t) => {
    const old = await master();
    const loads = [writer(t, 'killed'), writer(t, 'elsewhere', 3)];
    const [load] = loads;
    const client = application();
    const sha = String(await client.call('SCRIPT', 'LOAD', "return redis.call('incr', KEYS[1])"));
    assert.equal(await client.evalsha(sha, 1, 'counted by a script'), 1);
    const jobs = queue(t, 'jobs', 4);
    const waiting = application();
    const waited = waiting.blpop('nothing comes here', 0);
    await waitUntil('writes', () => loads.every(({ acknowledged }) => acknowledged.length > 50));
    await waitUntil('jobs', () => jobs.given.length > 50);
    await tier.kill(old);
    const given = jobs.given.length;
    const before = Math.max(...loads.map(({ acknowledged }) => acknowledged.length));
    await waitUntil(
      'writes after the kill',
      () => loads.every(({ acknowledged }) => acknowledged.length > before + 50),
      {
        withinMs: 15_000,
      },
    );
    await waitUntil('jobs after the kill', () => jobs.given.length > given + 50, { withinMs: 15_000 });
    // what waited when its server died hears nothing of it; what it may have been given is counted, and said
    await client.rpush('nothing comes here', 'but this');
    assert.deepEqual(await waited, ['nothing comes here', 'but this']);
    waiting.disconnect();
    assert.match(
      proxy.daemon.output(),
      /was lost \([^)]+\) while clients waited there in 'blpop' \(\d ×; if it was answered, what it popped just then is lost\): asked again/,
    );
    await jobs.stop();
    const doubts = await inDoubt();
    assert.ok(doubts >= 1 && doubts <= 5, `${doubts}`);
    const left = await client.lrange('jobs', 0, -1);
    const lost = jobs.gone().filter((job) => !left.includes(job));
    for (const error of jobs.errors) assert.match(error, /not confirmed by replicas|if it was answered/);
    assert.ok(lost.length <= doubts + jobs.errors.length, `lost ${lost.length}, of ${doubts} in doubt`);
    assert.equal(new Set(jobs.given).size, jobs.given.length, 'given once');
    // the new master has never been told the script
    const counted = await client.pipeline().evalsha(sha, 1, 'after').evalsha(sha, 1, 'after').exec();
    assert.deepEqual(counted, [
      [null, 1],
      [null, 2],
    ]);
    client.disconnect();
    for (const { acknowledged, errors, stop } of loads) {
      await stop();
      assert.ok(errors.length <= 1, `one write may be of unknown outcome, got ${errors.join('; ')}`);
      for (const error of errors)
        assert.match(error, /outcome of this write is unknown|not confirmed by replicas/);
      const redis = application(acknowledged === load.acknowledged ? 0 : 3);
      for (const key of acknowledged) assert.notEqual(await redis.get(key), null, key);
      redis.disconnect();
    }
    await tier.start(old);
    await master();
  });

  test('master killed: a subscriber hears again from the new one, and a cache forgets all and hears too, on the same connections', async () => {
    const old = await master();
    const cache = await RawClient.open(proxy.ports[0]);
    const listener = await RawClient.open(proxy.ports[0]);
    const publisher = application();
    try {
      await listener.ask(request('AUTH', 'application', TEST_CREDENTIALS.application));
      await listener.ask(request('SUBSCRIBE', 'news'));
      await listener.ask(request('PSUBSCRIBE', 'n*'));
      assert.equal(await publisher.publish('news', 'before'), 2);
      await publisher.set('cached', 'before');
      await cache.ask(request('HELLO', '3', 'AUTH', 'application', TEST_CREDENTIALS.application));
      assert.equal(await cache.ask(request('CLIENT', 'TRACKING', 'ON')), '+OK\r\n');
      assert.equal(await cache.ask(request('GET', 'cached')), '$6\r\nbefore\r\n');
      cache.received = Buffer.alloc(0);
      listener.received = Buffer.alloc(0);
      await tier.kill(old);
      // sent while there is no master
      listener.send(request('SUBSCRIBE', 'later'));
      const heard = (): string => listener.received.toString();
      await waitUntil(
        'a message by way of the new master',
        async () => {
          await publisher.publish('news', 'after').catch(() => 0);
          return /pmessage[\s\S]*after/.test(heard());
        },
        { withinMs: 15_000 },
      );
      await waitUntil('the answer to what waited', () => heard().includes('later'), { withinMs: 15_000 });
      assert.ok(!listener.closed);
      assert.equal(heard().match(/subscribe\r\n/g)?.length, 1, 'answered once, and nothing else anew');
      assert.match(cache.received.toString(), /^(>2\r\n\$10\r\ninvalidate\r\n_\r\n)+$/);
      cache.received = Buffer.alloc(0);
      cache.send(request('GET', 'cached'));
      await waitUntil('the value at the new master', () => /\$6\r\nbefore/.test(cache.received.toString()));
      await publisher.set('cached', 'after');
      await waitUntil('its change', () =>
        /invalidate\r\n\*1\r\n\$6\r\ncached/.test(cache.received.toString()),
      );
    } finally {
      listener.end();
      cache.end();
      publisher.disconnect();
    }
    await tier.start(old);
    await master();
  });

  test('what sentinels say among themselves is closed to applications', async () => {
    const client = await RawClient.open(proxy.ports[0]);
    await client.ask(request('AUTH', 'application', TEST_CREDENTIALS.application));
    for (const words of [
      ['SUBSCRIBE', 'mine', '__sentinel__:hello'],
      ['PUBLISH', '__sentinel__:hello', 'x'],
    ])
      assert.match(await client.ask(request(...words)), /^-NOPERM /);
    assert.equal(await client.ask(request('PUBLISH', 'mine', 'x')), ':0\r\n');
    assert.equal(await client.ask(request('PUBSUB', 'CHANNELS', '*')), '*0\r\n');
    client.end();
    const listener = application();
    const heard: string[] = [];
    listener.on('pmessage', (_pattern, channel: string) => heard.push(channel));
    await listener.psubscribe('*', '__sentinel__*');
    // sentinels say hello once a second
    const since = performance.now();
    await waitUntil('several hellos', () => performance.now() - since > 2500);
    const speaker = application();
    await speaker.publish('mine', 'x');
    await waitUntil('what is said on other channels', () => heard.length > 0);
    assert.deepEqual(heard, ['mine']);
    for (const redis of [listener, speaker]) redis.disconnect();
  });

  test('master hung and resumed: it is never written to again', async (t) => {
    const old = await master();
    const load = writer(t, 'hung');
    await waitUntil('writes', () => load.acknowledged.length > 50);
    tier.daemon(old).signal('SIGSTOP');
    const before = load.acknowledged.length;
    try {
      await waitUntil('writes at the new master', () => load.acknowledged.length > before + 50, {
        withinMs: 15_000,
      });
    } finally {
      tier.daemon(old).signal('SIGCONT');
    }
    await waitUntil('more writes', () => load.acknowledged.length > before + 200, { withinMs: 10_000 });
    await load.stop();
    await master();
    const redis = application();
    for (const key of load.acknowledged) assert.notEqual(await redis.get(key), null, key);
    redis.disconnect();
  });

  test('all replicas hang for a while: one write is not confirmed, those behind it wait until replicas answer', async (t) => {
    const now = await master();
    const replicas = tier.redises.filter((member) => member !== now);
    const load = writer(t, 'replicas');
    await waitUntil('writes', () => load.acknowledged.length > 50);
    for (const replica of replicas) tier.daemon(replica).signal('SIGSTOP');
    try {
      await sleep(2500);
    } finally {
      for (const replica of replicas) tier.daemon(replica).signal('SIGCONT');
    }
    const before = load.acknowledged.length;
    await waitUntil('more writes', () => load.acknowledged.length > before + 50, { withinMs: 10_000 });
    await load.stop();
    assert.deepEqual(load.errors, [
      'ERR written on the master, not confirmed by replicas: 0 of 1 within 1000 ms',
    ]);
  });

  test('a sentinel that is told to fail a healthy master over: nothing happens, writes go on', async (t) => {
    const now = await master();
    const load = writer(t, 'needless');
    await waitUntil('writes', () => load.acknowledged.length > 50);
    await failOver();
    const before = load.acknowledged.length;
    await waitUntil('writes after it', () => load.acknowledged.length > before + 200, { withinMs: 10_000 });
    await load.stop();
    assert.deepEqual(load.errors, []);
    assert.equal(await tier.roleOf(now), 'master');
    await waitUntil('it is given up', async () => !(await flagsOf(tier.sentinels[0])).includes('failover'), {
      withinMs: 30_000,
    });
  });

  test('planned failover: a client sees latency, not errors', async (t) => {
    const old = await master();
    const next = tier.redises.find((member) => member !== old) as RedisMember;
    await tier.call(next, 'operator', 'CONFIG', 'SET', 'replica-priority', '1');
    await waitUntil('the sentinel prefers it', async () => (await preferred()) === next.address, {
      withinMs: 10_000,
    });
    const load = writer(t, 'planned');
    await waitUntil('writes', () => load.acknowledged.length > 50);
    await askGuard(old, TEST_CREDENTIALS, { kind: 'yield', to: next.name, forMs: 10_000 });
    await failOver();
    await waitUntil('another master', async () => (await tier.roleOf(old)) === 'slave', { withinMs: 30_000 });
    const before = load.acknowledged.length;
    await waitUntil('writes after it', () => load.acknowledged.length > before + 50, { withinMs: 10_000 });
    await load.stop();
    assert.ok(load.errors.length <= 1, load.errors.join('; '));
    await master();
  });

  test('no sentinel at all: serving goes on', async () => {
    await tier.kill(...tier.sentinels);
    const redis = application();
    for (let i = 0; i < 20; i++) {
      assert.equal(await redis.set(`alone:${i}`, 'x'), 'OK');
      await sleep(50);
    }
    redis.disconnect();
    await tier.start(...tier.sentinels);
    await master();
  });

  test('started without sentinels it serves the configured address when that is a master', async () => {
    const now = await master();
    const replica = tier.redises.find((member) => member !== now) as RedisMember;
    const fake = (member: RedisMember, port: number): string =>
      tierPool(tier, port, secrets, SETTINGS)
        .replace(/ {3}- [\d.]+:\d+:1\n/g, '   - 127.0.0.1:1:1\n')
        .replace(/ {3}- [\d.]+:\d+:1 (\S+)/, `   - ${member.address}:${member.port}:1 $1`);
    const ask = async (member: RedisMember): Promise<string> => {
      const other = await startProxy('bun', 1, ([port]) => fake(member, port));
      const redis = new Redis(other.ports[0], '127.0.0.1', { password: TEST_CREDENTIALS.application });
      try {
        return await redis.set('boot', 'x');
      } catch (error) {
        return (error as Error).message;
      } finally {
        redis.disconnect();
        await other.stop();
      }
    };
    assert.equal(await ask(now), 'OK');
    assert.match(await ask(replica), /no master of 'shard-1' within 3000 ms .*is not a master.*not executed/);
  });
});
