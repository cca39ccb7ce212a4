import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { readVitals } from '../../../scripts/doctor/vitals.ts';
import { eventOf } from '../../../scripts/logs/events.ts';
import { parseLine } from '../../../scripts/logs/formats/parse-line.ts';
import { askGuard } from '../../../scripts/observe/guard-call.ts';
import type { GuardState } from '../../../sentinel/guard/messages.ts';
import type { RedisMember } from '../../../topology/types.ts';
import { NativeTier } from '../../support/native-tier.ts';
import { TEST_CREDENTIALS } from '../../support/stack-fixture.ts';
import { waitUntil } from '../../support/wait-until.ts';

/** Above a slow machine's 0.1 s, below what a sentinel needs on average: it looks once a second. */
const AT_ONCE_MS = 350;
const FAILOVERS = 4;

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
