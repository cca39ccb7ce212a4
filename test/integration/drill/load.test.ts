import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { judge } from '../../../scripts/drill/load/judge.ts';
import { judgeHearing } from '../../../scripts/drill/load/judge-messages.ts';
import { attemptsOf, type Found, keysOfRun, type Ledger } from '../../../scripts/drill/load/ledger.ts';
import { Load } from '../../../scripts/drill/load/load.ts';
import { failuresPerConnection } from '../../../scripts/drill/report/promises.ts';
import type { Plan } from '../../../topology/types.ts';
import { type RunningProxy, startProxy } from '../../support/proxy.ts';
import { type RedisServer, startRedis } from '../../support/redis-server.ts';
import { planOf } from '../../support/stack-fixture.ts';
import { waitUntil } from '../../support/wait-until.ts';

/* The load of a drill, through a proxy before two redis-servers, while nothing is wrong and while every client is let go. */
const stack = planOf('name: alpha\nvip: 198.18.0.100\nshards: 2\n');
let servers: RedisServer[];
let proxy: RunningProxy;
let plan: Plan;

before(async () => {
  servers = await Promise.all(stack.shards.map(() => startRedis()));
  const [{ hash, distribution, hashTag }] = stack.pools;
  const list = servers.map(({ port }, i) => `   - 127.0.0.1:${port}:1 ${stack.shards[i].name}\n`).join('');
  const tag = hashTag === undefined ? '' : `  hash_tag: "${hashTag}"\n`;
  proxy = await startProxy(
    'bun',
    1,
    ([port]) =>
      `alpha:\n  listen: 127.0.0.1:${port}\n  redis: true\n  hash: ${hash}\n  distribution: ${distribution}\n${tag}  servers:\n${list}`,
  );
  plan = { ...stack, vip: '127.0.0.1', pools: [{ ...stack.pools[0], listen: proxy.ports[0] }] };
});
after(async () => {
  await proxy?.stop();
  await Promise.all(servers.map((server) => server.stop()));
});

const loadOf = (run: string): Load =>
  new Load({
    plan,
    pool: plan.pools[0],
    password: '',
    run,
    writersPerShard: 2,
    rate: 50,
    asksAgain: true,
    families: true,
  });

/** What the servers hold of a run, each asked for everything: a key is on one of them. */
async function foundOf(ledger: Ledger): Promise<Found> {
  const { values, lists, counters } = keysOfRun(ledger);
  const found = {
    values: new Map<string, string>(),
    lists: new Map<string, string[]>(),
    counters: new Map<string, number>(),
  };
  for (const { client } of servers) {
    for (const key of lists) {
      const list = await client.lrange(key, 0, -1);
      if (list.length > 0) found.lists.set(key, list);
    }
    for (const key of [...values, ...counters]) {
      const value = await client.get(key);
      if (value === null) continue;
      if (counters.includes(key)) found.counters.set(key, Number(value));
      else found.values.set(key, value);
    }
  }
  return found;
}

/** Everything was done, once, and told. */
async function assertFaultless(ledger: Ledger): Promise<void> {
  const verdict = judge(ledger, await foundOf(ledger));
  const { transactions, jobs } = verdict;
  assert.deepEqual(
    attemptsOf(ledger).flatMap(({ error, connection }) =>
      error === undefined ? [] : [`${connection}: ${error}`],
    ),
    [],
  );
  assert.deepEqual(
    [
      verdict.lost,
      verdict.duplicated,
      transactions.lost,
      transactions.twice,
      transactions.inPart,
      jobs.lost,
      jobs.twice,
    ],
    [[], [], [], [], [], [], []],
  );
  assert.ok(verdict.acknowledged > 20 && transactions.acknowledged > 5 && jobs.handled > 5);
  assert.equal(jobs.acknowledged, jobs.handled + jobs.waiting + jobs.recovered + jobs.reportedUnknown);
}

describe('the load of a drill', () => {
  test('where nothing is wrong finds nothing wrong: every job is handled, every channel heard by everybody', async () => {
    const load = loadOf('calm');
    await load.start();
    await waitUntil('all kinds to be under way', () => {
      const { transactions, takes, heard } = load.ledger;
      return transactions.length > 20 && takes.length > 40 && heard.length > 80;
    });
    const ledger = await load.stop();
    await assertFaultless(ledger);
    const hearing = judgeHearing(ledger, 0);
    assert.deepEqual(hearing.map(({ subscriber, shard }) => `${subscriber} ${shard}`).sort(), [
      'all/s0 shard-1',
      'all/s0 shard-2',
      'all/s1 shard-1',
      'all/s1 shard-2',
    ]);
    assert.ok(hearing.every(({ heard, twice }) => heard > 5 && twice.length === 0));
  });

  test('clients that are let go come back without an error, also those that wait or listen, and nothing is done twice', async () => {
    const load = loadOf('let-go');
    await load.start();
    const { ledger } = load;
    await waitUntil('jobs to be handled', () => ledger.takes.length > 20);
    process.kill(proxy.daemon.pid, 'SIGUSR2');
    await waitUntil(
      'every connection to be made again',
      () => [...ledger.reconnects.values()].every((count) => count > 0),
      {
        withinMs: 20_000,
      },
    );
    const jobs = ledger.jobs.length;
    await waitUntil(
      'jobs to be queued and messages heard again',
      () => ledger.jobs.length > jobs + 20 && load.flows(1000),
    );
    await assertFaultless(await load.stop());
    assert.ok(failuresPerConnection(ledger).every(({ writes, reads }) => writes + reads === 0));
  });
});
