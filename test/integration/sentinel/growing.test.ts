import assert from 'node:assert/strict';
import { after, afterEach, before, describe, test } from 'node:test';
import { askGuard } from '../../../scripts/observe/guard-call.ts';
import type { GuardState } from '../../../sentinel/guard/messages.ts';
import type { RedisMember } from '../../../topology/types.ts';
import { missingKeys, startWaitingWriter } from '../../support/acknowledged-writes.ts';
import { LinkCutter } from '../../support/cut-links.ts';
import { NativeTier } from '../../support/native-tier.ts';
import { TEST_CREDENTIALS } from '../../support/stack-fixture.ts';
import { waitUntil } from '../../support/wait-until.ts';

/** While a shard grows, the new member's file names the others before theirs name it. */
describe('a member that the files of the others do not name yet', { timeout: 180_000 }, () => {
  let tier: NativeTier;
  const links = new LinkCutter();

  before(async () => {
    tier = await NativeTier.started('redis: { appendfsync: always }\n');
  });
  afterEach(async () => {
    await links.heal();
    for (const member of tier.redises) tier.writeGuardFile(member);
  });
  after(() => tier?.close());

  const others = (...members: readonly RedisMember[]): RedisMember[] =>
    tier.redises.filter(({ name }) => !members.some((member) => member.name === name));
  const settled = (replicas: number): Promise<RedisMember> =>
    tier.settled(replicas, 30_000).catch((error: Error) => assert.fail(`${error.message}\n${tier.logs()}`));

  test('is followed when it is the master that comes back, for it was left out while it was one', async () => {
    const master = await settled(2);
    const writer = startWaitingWriter(master, 'before', 1);
    await waitUntil('acknowledged writes', () => writer.acknowledged.length >= 100);
    await tier.kill(...tier.redises);
    await writer.end();
    for (const other of others(master)) tier.writeGuardFile(other, master);
    await tier.start(...others(master));
    await waitUntil(
      'the others to be there without a master',
      async () => {
        const roles = await Promise.all(others(master).map((member) => tier.roleOf(member)));
        return roles.every((role) => role === 'slave');
      },
      { withinMs: 20_000 },
    );
    await tier.start(master);
    assert.equal((await settled(2)).name, master.name);
    assert.deepEqual(await missingKeys(master, writer.acknowledged), []);
  });

  /** One replica has joined since the other one got its file. */
  async function joinedSince(): Promise<{ master: RedisMember; before: RedisMember; joined: RedisMember }> {
    const master = await settled(2);
    const [before, joined] = others(master);
    await tier.kill(before, joined);
    await tier.start(joined);
    tier.writeGuardFile(before, joined);
    await tier.start(before);
    await settled(2);
    return { master, before, joined };
  }

  test('is not made master while the others do: proxies of before would take it for a stranger', async () => {
    const { master, before, joined } = await joinedSince();
    const priority = async (member: RedisMember): Promise<string | undefined> =>
      /slave_priority:(\d+)/.exec(String(await tier.call(member, 'operator', 'INFO', 'replication')))?.[1];
    await waitUntil('the new one to stand back', async () => (await priority(joined)) === '0', {
      withinMs: 10_000,
    });
    assert.equal(await priority(before), '100');
    // sentinels ask how preferred a replica is once a second, as long as its master answers
    await waitUntil(
      'sentinels to know',
      async () => {
        const said = await Promise.all(
          tier.sentinels.map((sentinel) =>
            tier.call(sentinel, 'operator', 'SENTINEL', 'REPLICAS', joined.shard),
          ),
        );
        return said.every((reply) => JSON.stringify(reply).includes('"slave-priority","0"'));
      },
      { withinMs: 15_000 },
    );
    await tier.kill(master);
    assert.equal((await settled(1)).name, before.name);
    tier.writeGuardFile(before);
    await tier.kill(before);
    await tier.start(before, master);
    await settled(2);
    await waitUntil('it to be as good as all others', async () => (await priority(joined)) !== '0', {
      withinMs: 30_000,
    });
  });

  test('has a vote: one that lacks what it acknowledged is not promoted without it', async () => {
    const { master, before: behind, joined } = await joinedSince();
    // it asks four times a second; before it has, nobody can know of it
    await waitUntil('the new member to have introduced itself', () =>
      tier.decisions(behind).some(({ text }) => text.startsWith(`${joined.name} is a member, too`)),
    );
    await links.between([master], [behind]);
    const writer = startWaitingWriter(master, 'during', 1);
    await waitUntil('acknowledged writes', () => writer.acknowledged.length >= 100);
    await tier.kill(master);
    await links.between([joined], [behind]);
    await askGuard(behind, TEST_CREDENTIALS, { kind: 'stand' });
    const waits = await waitUntil('it to say why it is not master', async () => {
      const state = await askGuard<GuardState>(behind, TEST_CREDENTIALS, { kind: 'state' });
      return state.role === 'master' || state.waiting.startsWith('1 of 2 votes') ? state : undefined;
    });
    assert.equal(waits.role, 'replica', tier.logs());
    await links.heal();
    await writer.end();
    const successor = await settled(1);
    assert.deepEqual(await missingKeys(successor, writer.acknowledged), [], tier.logs());
    await tier.start(master);
    await settled(2);
  });
});
