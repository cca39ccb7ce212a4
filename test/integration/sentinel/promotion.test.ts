import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { readVitals } from '../../../scripts/doctor/vitals.ts';
import { eventOf } from '../../../scripts/logs/events.ts';
import { parseLine } from '../../../scripts/logs/formats/parse-line.ts';
import { askGuard } from '../../../scripts/observe/guard-call.ts';
import { ANYBODY } from '../../../sentinel/guard/core/election.ts';
import type { GuardState } from '../../../sentinel/guard/messages.ts';
import type { RedisMember } from '../../../topology/types.ts';
import { missingKeys, startWaitingWriter } from '../../support/acknowledged-writes.ts';
import { NativeTier } from '../../support/native-tier.ts';
import { TEST_CREDENTIALS } from '../../support/stack-fixture.ts';
import { waitUntil } from '../../support/wait-until.ts';

/** Above a slow machine's 0.1 s, below what a sentinel needs on average: it looks once a second. */
const AT_ONCE_MS = 350;
const FAILOVERS = 4;
const HANDOVERS = 2;
/** Longer than a member that follows nobody leaves to others before it stands for election itself. */
const LED_MS = 3100;

let tier: NativeTier;

before(async () => {
  tier = await NativeTier.started();
});
after(() => tier?.close());

/** Whom a member follows, as it says itself; undefined when it is a master, or does not answer. */
async function followed(member: RedisMember): Promise<string | undefined> {
  try {
    const [role, host, port] = (await tier.call(member, 'operator', 'ROLE')) as (string | number)[];
    return role === 'slave' ? `${host}:${port}` : undefined;
  } catch {
    return undefined;
  }
}

test('replicas follow a promoted one at once, not only when the sentinel that leads looks again', async () => {
  for (let round = 0; round < FAILOVERS; round++) {
    const master = await tier.settled(2);
    const others = tier.redises.filter(({ name }) => name !== master.name);
    await tier.kill(master);
    const promoted = await waitUntil(
      'a replica to be master',
      async () => {
        const roles = await Promise.all(others.map((member) => tier.roleOf(member)));
        return others.find((_, index) => roles[index] === 'master');
      },
      { withinMs: 10_000, everyMs: 5 },
    );
    const since = performance.now();
    const replica = others.find(({ name }) => name !== promoted.name) ?? assert.fail();
    const wanted = `${promoted.address}:${promoted.port}`;
    await waitUntil('the other one to follow it', async () => (await followed(replica)) === wanted, {
      withinMs: 5000,
      everyMs: 5,
    });
    const took = performance.now() - since;
    assert.ok(took < AT_ONCE_MS, `round ${round}: ${Math.round(took)} ms\n${tier.logs()}`);
    assert.equal((await tier.settled(1)).name, promoted.name);
    await tier.start(master);
  }
  const told = tier.redises.flatMap((member) => tier.decisions(member).map(({ text }) => text));
  assert.ok(
    told.some((text) => /^votes for \S+ in term \d+ of /.test(text)),
    told.join('\n'),
  );
});

test('a master that hands over, and was elected itself before, leaves the next one its time', async () => {
  const { name } = tier.plan.shards[0];
  for (let round = 0; round < HANDOVERS; round++) {
    const from = await tier.settled(2);
    const before = tier.decisions(from).length;
    // What was just written, somebody may just have read: the next one waits until nobody reads from this one.
    const writer = startWaitingWriter(from, `handover-${round}`, 1);
    await delay(LED_MS);
    assert.ok(writer.acknowledged.length > 100);
    await waitUntil(
      'a sentinel to begin a failover',
      async () => {
        await askGuard(from, TEST_CREDENTIALS, { kind: 'yield', to: ANYBODY, forMs: 5000 });
        // One that has just ended has to be known to it.
        return await tier
          .call(tier.sentinels[0], 'operator', 'SENTINEL', 'FAILOVER', name)
          .catch(() => false);
      },
      { withinMs: 10_000 },
    );
    const told = (): string[] =>
      tier
        .decisions(from)
        .slice(before)
        .map(({ text }) => text);
    await waitUntil('it to follow another master', () => told().some((text) => /^follows /.test(text)), {
      withinMs: 10_000,
    }).catch((error: Error) => assert.fail(`round ${round}: ${error.message}\n${tier.logs()}`));
    assert.deepEqual(
      told().filter((text) => /is master|stands for election/.test(text)),
      [],
      `round ${round}`,
    );
    await writer.end();
    assert.deepEqual(await missingKeys(await tier.settled(2), writer.acknowledged), []);
  }
});

test('every line that the daemons and ours wrote meanwhile is understood, and the failovers are found in them', () => {
  const lines = [...tier.redises, ...tier.sentinels].flatMap((member) =>
    tier
      .daemon(member)
      .output()
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => ({ line, parsed: parseLine(line, member.role) })),
  );
  // A line in no format has no time.
  assert.deepEqual(
    lines.filter(({ parsed }) => parsed.ownTime === undefined).map(({ line }) => line),
    [],
  );
  const events = new Set(lines.map(({ parsed }) => `${parsed.program}: ${eventOf(parsed)}`));
  for (const event of [
    'guard: promotion',
    'sentinel: switch-master',
    'sentinel: master down',
    'entrypoint: start',
  ])
    assert.ok(events.has(event), `${event} in ${[...events].join(', ')}`);
});

test('the doctor can ask a redis, a sentinel and a guard how they are', async () => {
  const login = { username: 'operator', password: TEST_CREDENTIALS.operator };
  const master = await tier.settled(2);
  for (const member of [master, tier.sentinels[0]]) {
    const { ahead, exactTo, aofWrites } = await readVitals(member, login);
    assert.ok(Math.abs(ahead) - exactTo < 500, `${member.name}: ${ahead}`);
    assert.equal(aofWrites, true);
  }
  const { maxMemory, maxClients, clients } = await readVitals(master, login);
  assert.ok(maxMemory > 1e6 && maxClients > 100 && clients > 0);
  const state = await askGuard<GuardState>(master, TEST_CREDENTIALS, { kind: 'state' });
  assert.equal(state.lead?.term.owner, master.name);
});
