import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, before, describe, test } from 'node:test';
import { Redis } from 'ioredis';
import { readRedis } from '../../../scripts/observe/redis-view.ts';
import { readSentinel } from '../../../scripts/observe/sentinel-view.ts';
import type { StackStatus } from '../../../scripts/observe/status.ts';
import { findStrays } from '../../../scripts/observe/strays.ts';
import { mendStrays } from '../../../scripts/rollout/mend-strays.ts';
import { ACCOUNTS, type RedisMember } from '../../../topology/types.ts';
import { type FakeMaster, startFakeMaster } from '../../support/fake-master.ts';
import { NativeTier } from '../../support/native-tier.ts';
import { type RunningProxy, startProxy } from '../../support/proxy.ts';
import { request } from '../../support/raw-client.ts';
import { TEST_CREDENTIALS } from '../../support/stack-fixture.ts';
import { tierPool } from '../../support/tier-pool.ts';
import { waitUntil } from '../../support/wait-until.ts';

/*
 * An application tries to become a shard's master: it tells the sentinels, over the channel on which they believe each
 * other, that a server of its own is master now. Then, for what lies behind that door, somebody tells them who may.
 */
describe('a stranger cannot become master', { timeout: 120_000 }, () => {
  let tier: NativeTier;
  let proxy: RunningProxy;
  let secrets: string;
  let rogue: FakeMaster;
  let master: RedisMember;

  const poolFile = (port: number): string => {
    const { members, name } = tier.plan.shards[0];
    const list = members.map(({ address, port: own }) => ` - ${address}:${own} ${name}`);
    return tierPool(tier, port, secrets, ['members:', ...list]);
  };

  before(async () => {
    tier = await NativeTier.started();
    rogue = await startFakeMaster();
    secrets = mkdtempSync(join(tmpdir(), 'twemstack-secrets-'));
    writeFileSync(join(secrets, 'application'), `${TEST_CREDENTIALS.application}\n`);
    writeFileSync(join(secrets, 'proxy'), `${TEST_CREDENTIALS.proxy}\n`);
    proxy = await startProxy('bun', 1, ([port]) => poolFile(port));
  });
  after(async () => {
    rogue?.close();
    await proxy?.stop();
    await tier?.close();
    rmSync(secrets, { recursive: true, force: true });
  });

  const connections: Redis[] = [];
  afterEach(() => {
    for (const redis of connections.splice(0)) redis.disconnect();
  });
  function login(at: { host: string; port: number }, username: 'application' | 'proxy'): Redis {
    const redis = new Redis({
      ...at,
      username,
      password: TEST_CREDENTIALS[username],
      enableReadyCheck: false,
      disableClientInfo: true,
    });
    redis.on('error', () => undefined);
    connections.push(redis);
    return redis;
  }

  /** What a sentinel says once a second: itself, and who is master since which election. Here it is both, so that others call on it. */
  const hello = (epoch: number): string => {
    const { name } = tier.plan.shards[0];
    const sentinel = `127.0.0.1,${rogue.port},${'f'.repeat(40)},${epoch}`;
    return `${sentinel},${name},127.0.0.1,${rogue.port},${epoch}`;
  };

  /** Whom the sentinels name. */
  async function named(): Promise<string[]> {
    const views = await Promise.all(tier.sentinels.map((sentinel) => tier.sentinelView(sentinel)));
    return views.map(({ ip, port }) => `${ip}:${port}`);
  }

  async function status(): Promise<StackStatus> {
    const login = { username: 'operator', password: TEST_CREDENTIALS.operator };
    const members = await Promise.all([
      ...tier.sentinels.map(async (member) => ({ member, sentinel: await readSentinel(member, login) })),
      ...tier.redises.map(async (member) => ({ member, redis: await readRedis(member, login) })),
    ]);
    return { members, pools: [] };
  }

  const mended = (): Promise<unknown> =>
    waitUntil(
      'the strays to be gone',
      async () => {
        await mendStrays({ plan: tier.plan, credentials: TEST_CREDENTIALS, status: await status() });
        return findStrays(tier.plan, await status()).length === 0;
      },
      { withinMs: 40_000, everyMs: 500 },
    );

  /**
   * What a stranger heard: sentinels, which log in at whomever they believe in, and nobody else. Only who has a password of
   * `sentinel`, `replication` or `operator` can make them believe (test/integration/sentinel/accounts.test.ts).
   */
  function onlySentinelsSpoke({ heard: said }: FakeMaster): void {
    const heard = said.join('\n');
    assert.match(heard, new RegExp(`AUTH sentinel ${TEST_CREDENTIALS.sentinel}`, 'i'));
    for (const account of ACCOUNTS)
      if (account !== 'sentinel')
        assert.ok(!heard.includes(TEST_CREDENTIALS[account]), `it was given the password of ${account}`);
    assert.deepEqual(
      said.filter((words) => /^(auth|hello) /i.test(words) && !/^auth sentinel /i.test(words)),
      [],
    );
    assert.doesNotMatch(heard, /^(psync|replconf|replicaof|slaveof)/im);
  }

  const place = ({ address, port }: RedisMember): string => `${address}:${port}`;

  test("with the application's password, or the proxies', nobody tells sentinels anything, by command, script or function", async () => {
    const master = await tier.settled(2);
    const channel = '__sentinel__:hello';
    const script = "return redis.call('PUBLISH', KEYS[1], ARGV[1])";
    const library = `#!lua name=lie
redis.register_function('lie', function(keys, args) return redis.call('PUBLISH', '${channel}', args[1]) end)`;
    const direct = login({ host: master.address, port: master.port }, 'proxy');
    await direct.call('FUNCTION', 'LOAD', library);
    const through = login({ host: '127.0.0.1', port: proxy.ports[0] }, 'application');
    const attempts: [string, Promise<unknown>][] = [
      ['PUBLISH', direct.publish(channel, hello(2000))],
      ['EVAL', direct.eval(script, 1, channel, hello(2000))],
      ['FCALL', direct.call('FCALL', 'lie', '1', 'k', hello(2000))],
      ['EVAL through the proxy', through.eval(script, 1, channel, hello(2000))],
      [
        'EVAL through the proxy, the channel in the script',
        through.eval(`return redis.call('PUBLISH', '${channel}', ARGV[1])`, 1, 'k', hello(2000)),
      ],
    ];
    for (const [what, attempt] of attempts) {
      const answer = await attempt.catch((error: Error) => error.message);
      assert.match(String(answer), /NOPERM|can't publish to the channel/, what);
    }
    assert.deepEqual([...new Set(await named())], [place(master)]);
    assert.deepEqual(rogue.heard, []);
    assert.deepEqual(findStrays(tier.plan, await status()), []);
    assert.equal(await through.eval(script, 1, 'news', 'hello'), 0, 'its own channels are its own affair');
  });

  test('a stranger with the password of `replication` that says it is a replica: sentinels call on it, and nobody else', async () => {
    const master = await tier.settled(2);
    const posing = await startFakeMaster();
    const socket = connect({ host: master.address, port: master.port });
    try {
      await once(socket, 'connect');
      for (const words of [
        ['AUTH', 'replication', TEST_CREDENTIALS.replication],
        ['REPLCONF', 'listening-port', String(posing.port), 'ip-address', '127.0.0.1'],
      ]) {
        socket.write(request(...words));
        await once(socket, 'data');
      }
      // redis refuses it as long as replies to what came before are not out
      socket.write(request('PSYNC', '?', '-1'));
      socket.resume();
      await waitUntil('the sentinels to call on it', () => posing.heard.length > 0, { withinMs: 20_000 });
      onlySentinelsSpoke(posing);
      const strays = findStrays(tier.plan, await status());
      assert.ok(strays.some(({ kind }) => kind === 'replica'));
    } finally {
      socket.destroy();
      posing.close();
    }
    await mended();
  });

  test('sentinels that do believe in a stranger: no proxy follows, none logs in there, and it says so', async () => {
    master = await tier.settled(2);
    const { name } = tier.plan.shards[0];
    await tier.call(master, 'sentinel', 'PUBLISH', '__sentinel__:hello', hello(2000));
    await waitUntil('the proxy to have heard of it from all sentinels', async () => {
      const answer = await fetch(`http://127.0.0.1:${proxy.statsPort}/metrics`);
      const count = /nutcracker_strange_masters\{[^}]*\} (\d+)/.exec(await answer.text())?.[1];
      return Number(count) >= 2;
    });
    const stats = (await (await fetch(`http://127.0.0.1:${proxy.statsPort}/stats`)).json()) as {
      alpha: Record<string, { strange_masters: string[] }>;
    };
    assert.match(
      stats.alpha[name].strange_masters[0],
      new RegExp(`^sentinel .* names 127.0.0.1:${rogue.port}$`),
    );
    const log = proxy.daemon.output();
    assert.match(
      log,
      new RegExp(`ALARM: sentinel \\S+ names 127.0.0.1:${rogue.port} as master of '${name}'`),
    );
    assert.doesNotMatch(log, new RegExp(`'${name}' is at 127.0.0.1:${rogue.port}`));
    const told = findStrays(tier.plan, await status());
    assert.ok(
      told.some(({ kind }) => kind === 'master'),
      'and status names it',
    );
    onlySentinelsSpoke(rogue);
  });

  test('nor does a member, or a sentinel, that starts meanwhile', async () => {
    const [replica] = tier.redises.filter(({ name }) => name !== master.name);
    const [sentinel] = tier.sentinels;
    await tier.kill(replica, sentinel);
    await tier.start(replica, sentinel);
    await waitUntil(
      'both to have decided',
      () =>
        [replica, sentinel].every((member) =>
          tier.decisions(member).some(({ text }) => /^(starting as|watching)/.test(text)),
        ),
      { withinMs: 30_000 },
    );
    assert.match(
      tier
        .decisions(replica)
        .map(({ text }) => text)
        .join('\n'),
      new RegExp(`starting as replica of ${place(master)}`),
    );
    onlySentinelsSpoke(rogue);
  });

  test('what sentinels keep of a stranger is named, and mended one sentinel after the other', async () => {
    // without an answer from it they elect a member again, and hold the stranger for one of its replicas
    rogue.close();
    await waitUntil(
      'a member to be master',
      async () => {
        const places = new Set(tier.redises.map(place));
        const all = await named();
        const roles = await Promise.all(tier.redises.map((member) => tier.roleOf(member)));
        return (
          all.every((each) => places.has(each) && each === all[0]) &&
          roles.filter((role) => role === 'master').length === 1
        );
      },
      { withinMs: 40_000 },
    );
    const kinds = new Set(findStrays(tier.plan, await status()).map(({ kind }) => kind));
    assert.ok(kinds.has('replica') && kinds.has('sentinel'), [...kinds].join());
    await mended();
    await tier.settled(2);
    const through = login({ host: '127.0.0.1', port: proxy.ports[0] }, 'application');
    assert.equal(await through.set('after', 'all'), 'OK');
  });

  test('a stranger whom sentinels believe in is replaced by the member that is master', async () => {
    const master = await tier.settled(2);
    const other = await startFakeMaster();
    try {
      const { name } = tier.plan.shards[0];
      const words = `127.0.0.1,26379,${'e'.repeat(40)},9000,${name},127.0.0.1,${other.port},9000`;
      await tier.call(master, 'sentinel', 'PUBLISH', '__sentinel__:hello', words);
      await waitUntil('all sentinels to believe it', async () =>
        (await named()).every((each) => each === `127.0.0.1:${other.port}`),
      );
      await mendStrays({ plan: tier.plan, credentials: TEST_CREDENTIALS, status: await status() });
      assert.equal(await tier.settled(2), master);
      assert.deepEqual(findStrays(tier.plan, await status()), []);
    } finally {
      other.close();
    }
  });

  test('sentinels that name a replica, and have never heard of the master, are told of it', async () => {
    const master = await tier.settled(2);
    const { name } = tier.plan.shards[0];
    const replica = tier.redises.find((member) => member !== master) as RedisMember;
    const tell = (...words: string[]): Promise<unknown> =>
      Promise.all(tier.sentinels.map((sentinel) => tier.call(sentinel, 'operator', 'SENTINEL', ...words)));
    await tell('REMOVE', name);
    await tell('MONITOR', name, replica.address, String(replica.port), '2');
    await tell('SET', name, 'auth-user', 'sentinel');
    await tell('SET', name, 'auth-pass', TEST_CREDENTIALS.sentinel);
    await tell('SET', name, 'down-after-milliseconds', '1000');
    await waitUntil('all to find it down', async () => {
      const seen = await status();
      return seen.members.every(
        ({ sentinel }) => sentinel?.masters.every(({ flags }) => flags.includes('s_down')) ?? true,
      );
    });
    assert.deepEqual(new Set(await named()), new Set([place(replica)]));
    const done = await mendStrays({ plan: tier.plan, credentials: TEST_CREDENTIALS, status: await status() });
    assert.match(done.join(), new RegExp(`watch ${name} at ${master.name} again`));
    assert.equal(await tier.settled(2), master);
  });
});
