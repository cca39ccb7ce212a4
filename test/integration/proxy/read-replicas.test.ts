import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Redis } from 'ioredis';
import type { RedisMember } from '../../../topology/types.ts';
import { NativeTier } from '../../support/native-tier.ts';
import { type RunningProxy, startProxy } from '../../support/proxy.ts';
import { TEST_CREDENTIALS } from '../../support/stack-fixture.ts';
import { tierPool } from '../../support/tier-pool.ts';
import { waitUntil } from '../../support/wait-until.ts';

/*
 * Reads from the replicas of a real shard, with the stack's own ACLs, while a clock ticks in it: every read tells how old
 * it was.
 */
const MAX_LAG = 1000;
let tier: NativeTier;
let proxy: RunningProxy;
let secrets: string;

function connect(): Redis {
  const redis = new Redis(proxy.ports[0], '127.0.0.1', { password: TEST_CREDENTIALS.application });
  redis.on('error', () => undefined);
  return redis;
}

/** Writes the time into a key, and reads it, until the test ends. Milliseconds. */
function clock(t: TestContext) {
  const [writes, reads] = [connect(), connect()];
  const seen = { errors: [] as string[], reads: 0, oldest: 0, slowest: 0, written: 0 };
  let running = true;
  const loop = async (turn: () => Promise<void>): Promise<void> => {
    while (running) {
      await turn();
      await sleep(5);
    }
  };
  const written = loop(async () => {
    // a write may be of unknown outcome; the next one follows
    await writes.set('clock', Date.now()).then(
      () => seen.written++,
      () => undefined,
    );
  });
  const read = loop(async () => {
    const begun = Date.now();
    try {
      const value = Number((await reads.get('clock')) ?? begun);
      seen.oldest = Math.max(seen.oldest, begun - value);
      seen.reads++;
    } catch (error) {
      seen.errors.push((error as Error).message);
    }
    seen.slowest = Math.max(seen.slowest, Date.now() - begun);
  });
  t.after(async () => {
    running = false;
    await Promise.all([written, read]);
    for (const redis of [writes, reads]) redis.disconnect();
  });
  return seen;
}

/** How many GETs each member has answered so far. */
async function answered(member: RedisMember): Promise<number> {
  const stats = String(await tier.call(member, 'operator', 'INFO', 'commandstats'));
  return Number(/cmdstat_get:calls=(\d+)/.exec(stats)?.[1] ?? 0);
}

async function usable(): Promise<number> {
  type Stats = Record<string, Record<string, { replicas: Record<string, { usable: number }> }>>;
  const stats = (await (await fetch(`http://127.0.0.1:${proxy.statsPort}/stats`)).json()) as Stats;
  const { replicas } = stats.alpha[tier.plan.shards[0].name];
  return Object.values(replicas).reduce((sum, each) => sum + each.usable, 0);
}

const allUsable = (): Promise<boolean> =>
  waitUntil('both replicas to be read from', async () => (await usable()) === 2, { withinMs: 15_000 });

before(async () => {
  tier = await NativeTier.create();
  await tier.start(...tier.sentinels, ...tier.redises);
  await tier.settled(2);
  secrets = mkdtempSync(join(tmpdir(), 'twemstack-secrets-'));
  writeFileSync(join(secrets, 'application'), `${TEST_CREDENTIALS.application}\n`);
  writeFileSync(join(secrets, 'proxy'), `${TEST_CREDENTIALS.proxy}\n`);
  const settings = ['timeout: 2000', 'reads: replicas', `replica_max_lag: ${MAX_LAG}`];
  proxy = await startProxy('bun', 1, ([port]) => tierPool(tier, port, secrets, settings));
});

after(async () => {
  await proxy?.stop();
  await tier?.close();
  rmSync(secrets, { recursive: true, force: true });
});

describe('reads: replicas before real servers', () => {
  test('the replicas answer, in turn, and the master does not', async (t) => {
    const master = await tier.settled(2);
    await allUsable();
    const before = await Promise.all(tier.redises.map(answered));
    const seen = clock(t);
    await waitUntil('200 reads', () => seen.reads >= 200);
    const counts = (await Promise.all(tier.redises.map(answered))).map((count, i) => count - before[i]);
    assert.equal(counts[tier.redises.indexOf(master)], 0);
    assert.ok(counts.filter((count) => count >= 99).length === 2, counts.join());
    assert.deepEqual(seen.errors, []);
  });

  test('a replica hangs: every read is answered, and none is older than promised', async (t) => {
    const master = await tier.settled(2);
    await allUsable();
    const seen = clock(t);
    await waitUntil('reads', () => seen.reads > 20);
    const [replica] = tier.redises.filter((member) => member !== master);
    tier.daemon(replica).signal('SIGSTOP');
    try {
      await waitUntil('it not to be read from', async () => (await usable()) === 1);
      const before = seen.reads;
      await waitUntil('reads from the other', () => seen.reads > before + 50);
    } finally {
      tier.daemon(replica).signal('SIGCONT');
    }
    await allUsable();
    assert.deepEqual(seen.errors, []);
    assert.ok(seen.slowest < 2500, `${seen.slowest} ms`);
    assert.ok(seen.oldest < MAX_LAG + 1500, `${seen.oldest} ms old`);
  });

  test('the master is killed: reads wait for the new one, and its replicas answer again', async (t) => {
    const master = await tier.settled(2);
    await allUsable();
    const seen = clock(t);
    await waitUntil('reads', () => seen.reads > 20);
    await tier.kill(master);
    const before = seen.written;
    await waitUntil('writes at the new master', () => seen.written > before + 50, { withinMs: 15_000 });
    await waitUntil('its replica to be read from', async () => (await usable()) === 1, { withinMs: 10_000 });
    await tier.start(master);
    await allUsable();
    assert.deepEqual(seen.errors, []);
    assert.ok(seen.slowest < 6000, `${seen.slowest} ms`);
  });
});
