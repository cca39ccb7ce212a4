import assert from 'node:assert/strict';
import { test } from 'node:test';
import { deedsUnderWay } from '../../../console/deeds.ts';
import { holdBackups } from '../../../scripts/backup/hold-backup.ts';
import { holdDrills } from '../../../scripts/drill/left-faults.ts';
import { holdDeployment } from '../../../scripts/stack/hold-deployment.ts';
import { planOf } from '../../support/stack-fixture.ts';

test('a drill, a backup and a deployment are seen while they last, and asking keeps nobody from them', async () => {
  const plan = planOf(`name: deeds-${process.pid}\nvip: 198.18.0.100\n`);
  assert.deepEqual(await deedsUnderWay(plan), []);
  const drill = await holdDrills(plan.name);
  assert.ok(drill);
  assert.deepEqual(await deedsUnderWay(plan), ['a drill']);
  const backup = await holdBackups(plan);
  assert.deepEqual(await deedsUnderWay(plan), ['a drill', 'a backup or restore']);
  await drill.release();
  await backup.release();
  // A lock that is taken to see whether it is held would now and then be in the way of its owner.
  for (let i = 0; i < 50; i++) {
    const looking = deedsUnderWay(plan);
    const held = await holdDrills(plan.name);
    assert.ok(held, 'nobody else drills');
    await looking;
    await held.release();
  }
  await holdDeployment(plan);
  assert.deepEqual(await deedsUnderWay(plan), ['a deployment']);
});
