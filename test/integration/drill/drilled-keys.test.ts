import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DrilledKeys } from '../../../tools/drills/keys.ts';
import { startFleet } from '../../support/redis-fleet.ts';
import { TEST_CREDENTIALS } from '../../support/stack-fixture.ts';

test('the restore drill sees a key that is missing, one with another value, and expiries that came or went', async () => {
  const fleet = await startFleet(1);
  const { client, port } = fleet.serverOf('');
  try {
    const [pool, ...pools] = fleet.plan.pools;
    const plan = { ...fleet.plan, vip: '127.0.0.1', pools: [{ ...pool, listen: port }, ...pools] };
    await client.call('ACL', 'SETUSER', 'default', `>${TEST_CREDENTIALS.application}`);
    const keys = new DrilledKeys(2500, plan);
    const told: number[] = [];
    await keys.write(TEST_CREDENTIALS.application, (written) => told.push(written));
    assert.deepEqual(told, [0, 1000, 2000]);
    assert.equal(await client.dbsize(), 2500);
    const find = () => keys.find(TEST_CREDENTIALS.application, () => undefined);
    assert.deepEqual(await find(), { missing: 0, changed: 0 });
    await client.del('drilled:7');
    await client.set('drilled:4', 'another');
    await client.persist('drilled:10');
    await client.expire('drilled:11', 100);
    assert.deepEqual(await find(), { missing: 1, changed: 3 });
  } finally {
    await fleet.stop();
  }
});
