import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { after, afterEach, before, describe, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { askGuard } from '../../../scripts/observe/guard-call.ts';
import { describeReached, forceMaster, lookAround } from '../../../scripts/switchover/force.ts';
import type { Ballot, GuardState, Question } from '../../../sentinel/guard/messages.ts';
import type { RedisMember, SentinelMember } from '../../../topology/types.ts';
import { missingKeys, startWaitingWriter, type Writer } from '../../support/acknowledged-writes.ts';
import { LinkCutter } from '../../support/cut-links.ts';
import { NativeTier } from '../../support/native-tier.ts';
import { request } from '../../support/raw-client.ts';
import { TEST_CREDENTIALS } from '../../support/stack-fixture.ts';
import { waitUntil } from '../../support/wait-until.ts';

/** Longer than sentinels need to replace a master, and to try a second time. */
const LONG_MS = 5000;

/** One shard, real redises, sentinels and guards; links between single members are cut while a client writes. */
describe('what was acknowledged survives failing links', { timeout: 300_000 }, () => {
  let tier: NativeTier;
  const links = new LinkCutter();
  const writers: Writer[] = [];
  let rounds = 0;

  before(async () => {
    // With everysec a redis that is killed loses what it had not written yet, up to two seconds of it on a busy disk.
    tier = await NativeTier.started('redis: { appendfsync: always }\n');
  });
  afterEach(() => links.heal());
  after(() => tier?.close());

  const writeTo = (master: RedisMember): Writer => {
    const writer = startWaitingWriter(master, `round-${rounds++}`, 1);
    writers.push(writer);
    return writer;
  };
  const others = (...members: readonly RedisMember[]): RedisMember[] =>
    tier.redises.filter(({ name }) => !members.some((member) => member.name === name));
  const reached = (writer: Writer, count: number): Promise<unknown> =>
    waitUntil(`${count} acknowledged writes`, () => writer.acknowledged.length >= count, {
      withinMs: 15_000,
    });

  /** Until it is over, notes who called itself master. */
  function watchMasters(): { end(): Promise<ReadonlySet<string>> } {
    const seen = new Set<string>();
    let ending = false;
    const done = (async () => {
      while (!ending) {
        const roles = await Promise.all(tier.redises.map((member) => tier.roleOf(member)));
        for (const [index, role] of roles.entries())
          if (role === 'master') seen.add(tier.redises[index].name);
        await delay(20);
      }
    })();
    return {
      async end() {
        ending = true;
        await done;
        return seen;
      },
    };
  }

  async function nothingLost(): Promise<RedisMember> {
    await Promise.all(writers.map((writer) => writer.end()));
    const keys = writers.flatMap(({ acknowledged }) => acknowledged);
    const master = await tier
      .settled(2, 40_000)
      .catch((error: Error) => assert.fail(`${error.message}\n${tier.logs()}`));
    assert.deepEqual(await missingKeys(master, keys), [], tier.logs());
    return master;
  }

  test('{master, replica} cut off from {replica, all sentinels}: the master goes on, nobody else becomes one', async () => {
    const master = await tier.settled(2);
    const [near, far] = others(master);
    const writer = writeTo(master);
    await reached(writer, 100);
    const masters = watchMasters();
    await links.between([master, near], [far, ...tier.sentinels]);
    const before = writer.acknowledged.length;
    await delay(LONG_MS);
    assert.ok(writer.acknowledged.length > before + 100, 'writes go on with the replica that is left');
    await links.heal();
    assert.equal((await nothingLost()).name, master.name);
    assert.deepEqual([...(await masters.end())], [master.name], tier.logs());
  });

  test('sentinels that have lost a healthy master do not replace it', async () => {
    const master = await tier.settled(2);
    const writer = writeTo(master);
    const masters = watchMasters();
    await links.between([master], tier.sentinels);
    await delay(LONG_MS);
    const before = writer.acknowledged.length;
    await reached(writer, before + 100);
    await links.heal();
    assert.equal((await nothingLost()).name, master.name);
    assert.deepEqual([...(await masters.end())], [master.name], tier.logs());
  });

  test('a master that is cut off from everybody acknowledges nothing and is replaced', async () => {
    const master = await tier.settled(2);
    const writer = writeTo(master);
    await reached(writer, 100);
    await links.between([master], [...others(master), ...tier.sentinels]);
    const successor = await waitUntil(
      'a successor',
      async () => {
        const candidates = others(master);
        const roles = await Promise.all(candidates.map((member) => tier.roleOf(member)));
        return candidates.find((_, index) => roles[index] === 'master');
      },
      { withinMs: 10_000 },
    );
    const later = writeTo(successor);
    await reached(later, 100);
    await links.heal();
    await waitUntil('the old master to follow', async () => (await tier.roleOf(master)) === 'slave', {
      withinMs: 5000,
    });
    assert.equal((await nothingLost()).name, successor.name);
  });

  test('a master that hears its replicas while they do not hear it is replaced, and loses nothing', async () => {
    const master = await tier.settled(2);
    const writer = writeTo(master);
    await reached(writer, 100);
    await links.oneWay([master], [...others(master), ...tier.sentinels]);
    await waitUntil(
      'a successor',
      async () => {
        const roles = await Promise.all(others(master).map((member) => tier.roleOf(member)));
        return roles.includes('master');
      },
      { withinMs: 10_000 },
    );
    await links.heal();
    assert.notEqual((await nothingLost()).name, master.name);
  });

  test('two masters die one after the other', async () => {
    const first = await tier.settled(2);
    const writer = writeTo(first);
    await reached(writer, 100);
    await tier.kill(first);
    const second = await tier.settled(1);
    await tier.start(first);
    await tier.settled(2);
    const next = writeTo(second);
    await reached(next, 100);
    await tier.kill(second);
    await tier.settled(1);
    await tier.start(second);
    assert.notEqual((await nothingLost()).name, second.name);
  });

  test('a hung master is replaced, and follows when it is back', async () => {
    const master = await tier.settled(2);
    const writer = writeTo(master);
    await reached(writer, 100);
    tier.daemon(master).signal('SIGSTOP');
    try {
      await waitUntil(
        'a successor',
        async () => {
          const roles = await Promise.all(others(master).map((member) => tier.roleOf(member)));
          return roles.includes('master');
        },
        { withinMs: 10_000 },
      );
    } finally {
      tier.daemon(master).signal('SIGCONT');
    }
    assert.notEqual((await nothingLost()).name, master.name);
  });

  const mastersOf = async (members: readonly RedisMember[]): Promise<RedisMember | undefined> => {
    const roles = await Promise.all(members.map((member) => tier.roleOf(member)));
    return members.find((_, index) => roles[index] === 'master');
  };

  test('a master that is told to end hands over first, although one of its replicas hangs', async () => {
    const master = await tier.settled(2);
    const [next, hung] = others(master);
    const { name } = tier.plan.shards[0];
    await tier.call(next, 'operator', 'CONFIG', 'SET', 'replica-priority', '1');
    await waitUntil('the sentinels to prefer the one that does not hang', async () => {
      const known = await Promise.all(
        tier.sentinels.map((sentinel) => tier.call(sentinel, 'operator', 'SENTINEL', 'REPLICAS', name)),
      );
      return known.every((replicas) => /slave-priority,1(,|$)/.test(String(replicas)));
    });
    const writer = writeTo(master);
    await reached(writer, 100);
    // It confirms nothing more: redis waits for it before it ends, with all writes.
    tier.daemon(hung).signal('SIGSTOP');
    try {
      tier.daemon(master).signal('SIGTERM');
      await waitUntil(`${next.name} to be master`, async () => (await tier.roleOf(next)) === 'master', {
        withinMs: 4000,
        everyMs: 10,
      }).catch((error: Error) => assert.fail(`${error.message}\n${tier.logs()}`));
      await waitUntil('the old one to end', () => tier.daemon(master).ended() !== undefined);
    } finally {
      tier.daemon(hung).signal('SIGCONT');
    }
    assert.deepEqual(
      tier
        .decisions(master)
        .slice(-3)
        .filter(({ text }) => /^votes for .* and steps down$/.test(text)).length,
      1,
      tier.logs(),
    );
    await tier.call(next, 'operator', 'CONFIG', 'SET', 'replica-priority', '100');
    await tier.start(master);
    assert.equal((await nothingLost()).name, next.name);
  });

  test('a master that stepped down for one that never began goes on when all were restarted meanwhile', async () => {
    const master = await tier.settled(2);
    const [next] = others(master);
    const writer = writeTo(master);
    await reached(writer, 100);
    await writer.end();
    const ask = (question: Question): Promise<unknown> => askGuard(master, TEST_CREDENTIALS, question);
    const { promised } = (await ask({ kind: 'state' })) as GuardState;
    const term = { counter: (promised?.counter ?? 0) + 1, owner: next.name, run: 0 };
    await ask({ kind: 'yield', to: next.name, forMs: 3000 });
    // What a candidate asks, which ends before it has the answer.
    const ballot = await ask({ kind: 'vote', request: { term, released: null, force: false }, dry: false });
    assert.equal((ballot as Ballot).granted, true, JSON.stringify(ballot));
    await tier.kill(...tier.redises);
    await tier.start(...tier.redises);
    assert.equal((await nothingLost()).name, master.name);
  });

  test('sentinels that stood still for 3 s replace a master that dies then, within 4 s', async () => {
    const master = await tier.settled(2);
    for (const sentinel of tier.sentinels) tier.daemon(sentinel).signal('SIGSTOP');
    await delay(3000);
    for (const sentinel of tier.sentinels) tier.daemon(sentinel).signal('SIGCONT');
    await waitUntil('the sentinels to have noticed', () => tier.logs().includes('+tilt'), { withinMs: 3000 });
    await tier.kill(master);
    await waitUntil('a successor', () => mastersOf(others(master)), { withinMs: 4000 });
    await tier.start(master);
    await nothingLost();
  });

  test('sentinels that come back long after the master died replace it within 4 s', async () => {
    const master = await tier.settled(2);
    await tier.kill(...tier.sentinels);
    await tier.kill(master);
    // More than the 10 x down_after for which Sentinel takes a replica without a master.
    await delay(14_000);
    await tier.start(...tier.sentinels);
    await waitUntil('a successor', () => mastersOf(others(master)), { withinMs: 4000 }).catch(
      (error: Error) => assert.fail(`${error.message}\n${tier.logs()}`),
    );
    await tier.start(master);
    await nothingLost();
  });

  test('a sentinel that got too few votes goes on at the word of the guards, not after twice the failover timeout', async () => {
    const master = await tier.settled(2);
    const [asks, hangs, gone] = tier.sentinels;
    const { name } = tier.plan.shards[0];
    const quorum = (count: string): Promise<unknown> =>
      tier.call(asks, 'operator', 'SENTINEL', 'SET', name, 'quorum', count);
    // As when two are left, and each has voted for itself: one holds the master for down, and no other votes for it.
    await quorum('1');
    await tier.kill(gone);
    tier.daemon(hangs).signal('SIGSTOP');
    try {
      await tier.kill(master);
      await waitUntil('a successor', () => mastersOf(others(master)), { withinMs: 4000 }).catch(
        (error: Error) => assert.fail(`${error.message}\n${tier.logs()}`),
      );
    } finally {
      tier.daemon(hangs).signal('SIGCONT');
    }
    await quorum('2');
    await tier.start(gone, master);
    await nothingLost();
  });

  test('sentinels whose hosts lost their power without a word are heard again when they are back: a master that dies then is replaced within 4 s', async () => {
    const master = await tier.settled(2);
    await links.withoutGoodbye(tier.sentinels);
    await tier.kill(...tier.sentinels);
    await tier.start(...tier.sentinels);
    await tier.settled(2);
    const listeners = async (sentinel: SentinelMember): Promise<number> => {
      const clients = String(await tier.call(sentinel, 'operator', 'CLIENT', 'LIST'));
      return clients.split('\n').filter((line) => / sub=3 .* user=guard/.test(line)).length;
    };
    await waitUntil('every guard to listen to every sentinel', async () => {
      const counts = await Promise.all(tier.sentinels.map(listeners));
      return counts.every((count) => count === tier.redises.length);
    });
    await tier.kill(master);
    await waitUntil('a successor', () => mastersOf(others(master)), { withinMs: 4000 }).catch(
      (error: Error) => assert.fail(`${error.message}\n${tier.logs()}`),
    );
    await links.heal();
    await tier.start(master);
    await nothingLost();
  });

  test('a master in an endless script that writes is replaced, ended, and comes back as a replica', async () => {
    const master = await tier.settled(2);
    const script = "redis.call('SET', 'endless', 1) while true do end";
    tier.call(master, 'operator', 'EVAL', script, '0').catch(() => undefined);
    await waitUntil('a successor', () => mastersOf(others(master)), { withinMs: 15_000 });
    await waitUntil('the old one to be ended', () => tier.daemon(master).ended() !== undefined, {
      withinMs: 15_000,
    });
    assert.notEqual((await nothingLost()).name, master.name);
  });

  test('a master in a transaction that takes minutes is replaced, ended, and comes back as a replica', async () => {
    const master = await tier.settled(2);
    const fill = "for i = 1, 200000 do redis.call('RPUSH', 'long', 'element ' .. i) end";
    await tier.call(master, 'operator', 'EVAL', fill, '0');
    const socket = connect(master.port, master.address);
    try {
      socket.on('error', () => undefined);
      socket.write(request('AUTH', 'operator', TEST_CREDENTIALS.operator));
      const sort = request('SORT', 'long', 'ALPHA', 'DESC', 'LIMIT', '0', '1');
      socket.write(
        Buffer.concat([request('MULTI'), ...Array.from({ length: 5000 }, () => sort), request('EXEC')]),
      );
      await waitUntil('a successor', () => mastersOf(others(master)), { withinMs: 15_000 });
      await waitUntil('the old one to be ended', () => tier.daemon(master).ended() !== undefined, {
        withinMs: 40_000,
      });
    } finally {
      socket.destroy();
    }
    assert.notEqual((await nothingLost()).name, master.name);
  });

  test('a person may make the one that is left master', async () => {
    const master = await tier.settled(2);
    const [near, far] = others(master);
    await tier.kill(near);
    await tier.kill(master);
    const reached = await waitUntil('the guards of the dead to be gone', async () => {
      const all = await lookAround(tier.plan, TEST_CREDENTIALS, far.shard);
      return all.filter(({ state }) => state !== undefined).length === 1 ? all : undefined;
    });
    const lost = describeReached(reached).filter(([, , , , remark]) => remark.startsWith('out of reach'));
    assert.deepEqual(lost.map(([name]) => name).toSorted(), [master.name, near.name].toSorted());
    assert.equal(await forceMaster(tier.plan, TEST_CREDENTIALS, reached), far.name);
    assert.equal(await tier.roleOf(far), 'master');
    await tier.start(master, near);
    assert.equal((await tier.settled(2, 40_000)).name, far.name);
  });

  test('with one member left of three nobody is promoted; it says why, and goes on when another is back', async () => {
    const master = await tier.settled(2);
    const [near, far] = others(master);
    const writer = writeTo(master);
    await reached(writer, 100);
    await tier.kill(near);
    await tier.kill(master);
    await waitUntil(
      'the one that is left to say why',
      () =>
        tier
          .decisions(far)
          .some(({ text }) => /was selected to be master, but is not: 1 of 2 votes/.test(text)),
      { withinMs: 15_000 },
    );
    assert.equal(await tier.roleOf(far), 'slave');
    await tier.start(master, near);
    await nothingLost();
  });
});
