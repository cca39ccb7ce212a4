import assert from 'node:assert/strict';
import { after, afterEach, before, describe, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { Redis } from 'ioredis';
import type { RedisMember } from '../../../topology/types.ts';
import { LinkCutter } from '../../support/cut-links.ts';
import { NativeTier } from '../../support/native-tier.ts';
import type { RunningProxy } from '../../support/proxy.ts';
import { TEST_CREDENTIALS } from '../../support/stack-fixture.ts';
import { startTierProxy } from '../../support/tier-proxy.ts';
import { waitUntil } from '../../support/wait-until.ts';

/** Where the proxy's connections come from. */
const PROXY = { address: '127.0.0.1' };
const APPLICATION = { password: TEST_CREDENTIALS.application, maxRetriesPerRequest: 0 };

/** One shard with real redises, sentinels and guards, and a proxy that cannot reach all of them. */
describe('what a proxy reads is not older than what was acknowledged', { timeout: 120_000 }, () => {
  let tier: NativeTier;
  let proxy: RunningProxy;
  let client: Redis;
  const links = new LinkCutter();

  before(async () => {
    tier = await NativeTier.started();
    proxy = await startTierProxy(tier);
    client = new Redis({ ...APPLICATION, port: proxy.ports[0] });
  });
  afterEach(() => links.heal());
  after(async () => {
    client?.disconnect();
    await proxy?.stop();
    await tier?.close();
  });

  const others = (master: RedisMember): RedisMember[] =>
    tier.redises.filter(({ name }) => name !== master.name);
  const masterOf = async (members: readonly RedisMember[]): Promise<RedisMember | undefined> => {
    const roles = await Promise.all(members.map((member) => tier.roleOf(member)));
    return members.find((_, index) => roles[index] === 'master');
  };
  /** What a read answers, an error as its text. */
  const read = (key: string): Promise<string | null> =>
    client.get(key).catch((error: Error) => error.message);

  test('where a master was replaced that alone is in reach: not what it has, and what the new one has once that is', async () => {
    const master = await tier.settled(2);
    await waitUntil('a write', async () => (await client.set('colour', 'old').catch(() => '')) === 'OK');
    await links.oneWay([...others(master), ...tier.sentinels], [master]);
    await links.oneWay(tier.sentinels, [PROXY]);
    const successor = await waitUntil('a successor', () => masterOf(others(master)), { withinMs: 10_000 });
    await waitUntil('a write with a replica', () =>
      tier.call(successor, 'operator', 'SET', 'colour', 'new').catch(() => undefined),
    );
    const pending = read('colour');
    await waitUntil('the metrics to show it as down', async () => {
      const response = await fetch(`http://127.0.0.1:${proxy.statsPort}/metrics`);
      return /^nutcracker_server_up\{[^}]*server="shard-1"[^}]*\} 0$/m.test(await response.text());
    });
    const answer = await pending;
    assert.equal(await tier.roleOf(master), 'master', 'it does not know yet');
    assert.match(
      String(answer),
      /^ERR no master of 'shard-1' within \d+ ms \(last: nobody confirms that it has not been replaced\)/,
    );
    await links.heal();
    await waitUntil('the new value', async () => (await read('colour')) === 'new', { withinMs: 10_000 });
  });

  test('where no replica is left: on the word of the sentinels, and not without', async () => {
    const master = await tier.settled(2);
    await waitUntil('a write', async () => (await client.set('colour', 'left').catch(() => '')) === 'OK');
    await tier.kill(...others(master));
    // the sentinels' word counts some seconds after they were out of reach
    let waited = performance.now();
    await waitUntil(
      'reads that go on',
      async () => {
        if ((await read('colour')) !== 'left') waited = performance.now();
        return performance.now() - waited > 1000;
      },
      { withinMs: 15_000 },
    );
    await links.oneWay(tier.sentinels, [PROXY]);
    await waitUntil('reads to wait in vain', async () =>
      /nobody confirms/.test(String(await read('colour'))),
    );
    await links.heal();
    await tier.start(...others(master));
    await waitUntil('reads', async () => (await read('colour')) === 'left', { withinMs: 10_000 });
  });

  test('where no replica is left: who waits for elements is told so, and the proxy stands', async () => {
    const master = await tier.settled(2);
    const waiting = new Redis({ ...APPLICATION, port: proxy.ports[0] });
    await tier.kill(...others(master));
    try {
      for (let time = 0; time < 2; time++) {
        const answer = await waiting.blpop('nothing', 0.2).catch((error: Error) => error.message);
        assert.match(
          String(answer),
          /^ERR no master of 'shard-1' within 3000 ms \(last: .*\); not executed$/,
        );
      }
    } finally {
      await tier.start(...others(master));
    }
    await waitUntil('an answer', async () => (await waiting.blpop('nothing', 0.1).catch(String)) === null, {
      withinMs: 10_000,
    });
    waiting.disconnect();
    assert.equal(proxy.daemon.ended(), undefined, proxy.daemon.output());
  });

  test('where all sentinels are gone: as ever, on the word of the replicas', async () => {
    const master = await tier.settled(2);
    await waitUntil('a write', async () => (await client.set('colour', 'sure').catch(() => '')) === 'OK');
    await tier.kill(...tier.sentinels);
    for (let reads = 0; reads < 20; reads++) {
      assert.equal(await read('colour'), 'sure');
      await delay(50);
    }
    await tier.start(...tier.sentinels);
    assert.equal((await tier.settled(2)).name, master.name);
  });
});
