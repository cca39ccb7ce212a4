import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { RedisMember } from '../../../topology/types.ts';
import { missingKeys, startWriter } from '../../support/acknowledged-writes.ts';
import { NativeTier } from '../../support/native-tier.ts';
import { waitUntil } from '../../support/wait-until.ts';

/** A shard of three and three sentinels, all from the image's entrypoints; each test leaves it whole. */
describe('roles survive', { timeout: 240_000 }, () => {
  let tier: NativeTier;
  const written: string[] = [];

  before(async () => {
    // With everysec a crash may cost what was acknowledged in the last second or two; here nothing may be missing.
    tier = await NativeTier.started('redis: { appendfsync: always }\n');
  });
  after(() => tier?.close());

  const others = (member: RedisMember): RedisMember[] =>
    tier.redises.filter(({ name }) => name !== member.name);

  /** Writes for a moment while `fault` happens, and remembers what was acknowledged. */
  async function writeDuring(
    master: RedisMember,
    prefix: string,
    fault: () => Promise<unknown>,
  ): Promise<void> {
    const writer = startWriter(master, prefix);
    await waitUntil('200 acknowledged writes', () => writer.acknowledged.length >= 200);
    await fault();
    await writer.end();
    written.push(...writer.acknowledged);
  }

  /** Nothing that was ever acknowledged is missing on any member. */
  async function nothingLost(): Promise<void> {
    for (const member of tier.redises) {
      await waitUntil(
        `all keys on ${member.name}`,
        async () => (await missingKeys(member, written)).length === 0,
        {
          withinMs: 5000,
          everyMs: 100,
        },
      ).catch(async () => {
        const missing = await missingKeys(member, written);
        assert.fail(
          `${member.name} lacks ${missing.length} of ${written.length} acknowledged keys\n${tier.logs()}`,
        );
      });
    }
  }

  test('other addresses for everybody: who was master last still is, not whom the files name first', async () => {
    const moved = await NativeTier.started();
    try {
      const [first] = moved.redises;
      await moved.kill(first);
      const { name } = await moved.settled(1, 30_000);
      assert.notEqual(name, first.name);
      const last = moved.redises.find((member) => member.name === name) as RedisMember;
      // The old master does not have this, nor may it ever come to serve without.
      assert.equal(await moved.call(last, 'operator', 'SET', 'late', 'yes'), 'OK');
      assert.equal(await moved.call(last, 'operator', 'WAIT', '1', '1000'), 1);
      await moved.kill(...moved.sentinels, ...moved.redises.slice(1));
      await moved.move();
      await moved.start(...moved.sentinels, ...moved.redises);
      const master = await moved.settled(2, 30_000);
      assert.equal(master.name, name, moved.logs());
      assert.notEqual(master.address, last.address);
      for (const member of moved.redises)
        assert.equal(await moved.call(member, 'operator', 'GET', 'late'), 'yes');
    } finally {
      await moved.close();
    }
  });

  test('first boot: the initial master is master, the others are its replicas', async () => {
    const master = await tier.settled(2);
    assert.equal(master.name, tier.plan.shards[0].initialMaster.name);
  });

  test('a killed master comes back within 2 s as a replica of its successor and takes no write', async () => {
    const old = await tier.settled(2);
    await writeDuring(old, 'killed', () => tier.kill(old));
    const successor = await tier.settled(1);
    assert.notEqual(successor.name, old.name);
    const restarted = Date.now();
    await tier.start(old);
    const stray = await neverMaster(old, async () => (await tier.roleOf(old)) === 'slave');
    assert.ok(Date.now() - restarted < 2000, `it took ${Date.now() - restarted} ms`);
    assert.equal(stray, 0);
    assert.equal((await tier.settled(2)).name, successor.name);
  });

  test('a master that crashes and is back at once does not serve beside its successor', async () => {
    const master = await tier.settled(2);
    await tier.kill(master);
    await tier.start(master);
    let both = 0;
    const successor = await waitUntil(
      'the successor to be settled',
      async () => {
        const roles = await Promise.all(tier.redises.map((member) => tier.roleOf(member)));
        if (roles.filter((role) => role === 'master').length > 1) both++;
        return await tier.settled(2, 0);
      },
      { withinMs: 20_000, everyMs: 20 },
    );
    assert.equal(both, 0, tier.logs());
    assert.notEqual(successor.name, master.name);
    await nothingLost();
  });

  test('a replica whose volume was wiped comes back with all data', async () => {
    const master = await tier.settled(2);
    const [replica] = others(master);
    await tier.kill(replica);
    tier.wipe(replica);
    await tier.start(replica);
    assert.equal((await tier.settled(2)).name, master.name);
    await nothingLost();
  });

  test('a master whose volume was wiped does not wipe its replicas, even when it is back before anybody misses it', async () => {
    const master = await tier.settled(2);
    await tier.kill(master);
    tier.wipe(master);
    await tier.start(master);
    const successor = await tier.settled(2);
    assert.notEqual(successor.name, master.name);
    assert.match(tier.decisions(master)[0].text, /^waiting: the sentinels name me, but my volume is empty/);
    await nothingLost();
  });

  test('all members and sentinels killed in the middle of writes: the same master, nothing lost, within 15 s', async () => {
    const master = await tier.settled(2);
    await writeDuring(master, 'engine', () => tier.kill(...tier.redises, ...tier.sentinels));
    const restarted = Date.now();
    await tier.start(...tier.redises, ...tier.sentinels);
    const after = await tier.settled(2);
    assert.ok(Date.now() - restarted < 15_000, `it took ${Date.now() - restarted} ms\n${tier.logs()}`);
    assert.equal(after.name, master.name, tier.logs());
    await nothingLost();
  });

  test('all members of the shard killed together while the sentinels watch', async () => {
    const master = await tier.settled(2);
    await writeDuring(master, 'shard', () => tier.kill(...tier.redises));
    await tier.start(...others(master), master);
    await tier.settled(2);
    await nothingLost();
  });

  test('the master and one replica restart together', async () => {
    const master = await tier.settled(2);
    const [replica] = others(master);
    await writeDuring(master, 'two', () => tier.kill(master, replica));
    await tier.start(replica, master);
    await tier.settled(2);
    await nothingLost();
  });

  test('without sentinels a restarted master is master again, after asking long enough', async () => {
    const master = await tier.settled(2);
    await tier.kill(...tier.sentinels);
    await tier.kill(master);
    await tier.start(master);
    await waitUntil('the master to serve', async () => (await tier.roleOf(master)) === 'master', {
      withinMs: 10_000,
    });
    // its guard says that it is master, too
    const said = tier.decisions(master).map(({ text }) => text);
    assert.match(said.join('\n'), /no majority of the sentinels .* last I was/);
    await tier.start(...tier.sentinels);
    assert.equal((await tier.settled(2)).name, master.name);
    await nothingLost();
  });

  test('a replica that comes back to an emptied master keeps its own data aside', async () => {
    const master = await tier.settled(2);
    const [replica] = others(master);
    await tier.kill(replica);
    await tier.call(master, 'operator', 'FLUSHALL');
    written.length = 0;
    await tier.start(replica);
    await tier.settled(2);
    const said = tier.decisions(replica).map(({ text }) => text);
    assert.match(said.join('\n'), /my master holds no data, but I did .* kept in/);
  });

  test('a sentinel that lost its volume learns the present master from its peers and is the same voter', async () => {
    const initial = tier.plan.shards[0].initialMaster;
    if ((await tier.settled(2)).name === initial.name) {
      await tier.kill(initial);
      await tier.settled(1);
      await tier.start(initial);
    }
    const master = await tier.settled(2);
    const [sentinel] = tier.sentinels;
    await tier.kill(sentinel);
    tier.wipe(sentinel);
    await tier.start(sentinel);
    assert.equal((await tier.settled(2)).name, master.name);
    assert.match(
      tier.decisions(sentinel)[0].text,
      new RegExp(`at ${master.address}:${master.port}, as sentinel `),
    );
  });

  /** How often `member` called itself master until `done`. */
  async function neverMaster(member: RedisMember, done: () => Promise<boolean>): Promise<number> {
    let seen = 0;
    await waitUntil(
      `${member.name} to settle`,
      async () => {
        if ((await tier.roleOf(member)) === 'master') seen++;
        return await done();
      },
      { everyMs: 5 },
    );
    return seen;
  }
});
