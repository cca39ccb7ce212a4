import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { NotSoError } from '../../../scripts/errors.ts';
import type { Handover } from '../../../scripts/switchover/check.ts';
import { connectAll } from '../../../scripts/switchover/connections.ts';
import { WritePause } from '../../../scripts/switchover/pause.ts';
import { awaitCoordinator, prefer } from '../../../scripts/switchover/preference.ts';
import { handOver, type SwitchoverResult } from '../../../scripts/switchover/switchover.ts';
import { NativeTier } from '../../support/native-tier.ts';
import { TEST_CREDENTIALS } from '../../support/stack-fixture.ts';
import { waitUntil } from '../../support/wait-until.ts';

let tier: NativeTier;

before(async () => {
  tier = await NativeTier.started();
});
after(() => tier?.close());

/** The part of a switchover during which writes wait, and what happens meanwhile. */
async function switchover(
  meanwhile: (handover: Handover) => Promise<unknown>,
): Promise<PromiseSettledResult<SwitchoverResult>> {
  const { plan } = tier;
  const from = await tier.settled(2);
  const to = tier.redises.find(({ name }) => name !== from.name) ?? assert.fail();
  const handover = { shard: plan.shards[0].name, from, to };
  const connections = await connectAll(plan, TEST_CREDENTIALS, handover);
  try {
    const undo = await prefer(connections.to);
    const { signal } = new AbortController();
    const coordinator = await awaitCoordinator(connections.sentinels, handover, signal);
    const pause = new WritePause(connections.from, plan.sentinel.downAfterMs);
    const options = { plan, credentials: TEST_CREDENTIALS, signal };
    const [result] = await Promise.allSettled([
      handOver(options, handover, connections, coordinator, pause),
      meanwhile(handover),
    ]);
    await Promise.allSettled([pause.end(), undo()]);
    return result;
  } finally {
    connections.close();
  }
}

test('the old master dies once the new one is one: the switchover waits until it follows', async () => {
  const result = await switchover(async ({ from, to }) => {
    await waitUntil('the new master', async () => (await tier.roleOf(to)) === 'master', { everyMs: 1 });
    await tier.kill(from);
    await tier.start(from);
  });
  assert.equal(
    result.status,
    'fulfilled',
    `${result.status === 'rejected' && result.reason}\n${tier.logs()}`,
  );
  assert.equal((await tier.settled(2)).name, result.value.to);
});

test('the old master dies before: the error names it, and the shard has a master again', async () => {
  let old = '';
  const result = await switchover(({ from }) => {
    old = from.name;
    return tier.kill(from);
  });
  assert.ok(result.status === 'rejected' && result.reason instanceof NotSoError, tier.logs());
  assert.match(result.reason.message, /^native-shard-1-\w went away in the middle: /);
  assert.ok(result.reason.message.startsWith(`${old} `), result.reason.message);
  await tier.settled(1);
});
