import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { once } from '../../../scripts/drill/faults/break.ts';
import { rolesOf, worstDomain } from '../../../scripts/drill/faults/targets.ts';
import type { RedisView } from '../../../scripts/observe/redis-view.ts';
import type { StackStatus } from '../../../scripts/observe/status.ts';
import { defaultPlan } from '../../support/stack-fixture.ts';

const plan = defaultPlan();

/** Who is master, and who holds the VIP; everybody else is there and is neither. */
function statusOf(masters: readonly string[], vip: string): StackStatus {
  const view = (role: RedisView['role']): RedisView => ({
    role,
    version: '7',
    offset: 0,
    replId: '',
    replicas: [],
    loading: false,
    keys: 0,
    usedMemory: 0,
  });
  return {
    pools: [],
    members: plan.members.map((member) => ({
      member,
      ...(member.role === 'redis'
        ? { redis: view(masters.includes(member.name) ? 'master' : 'replica') }
        : {}),
      ...(member.role === 'edge' ? { vip: member.name === vip } : {}),
    })),
  };
}

describe('whom a drill hits', () => {
  test('the roles of a shard are those of now, not those of the first boot', () => {
    const { master, replicas } = rolesOf(plan, statusOf(['alpha-shard-1-c'], 'alpha-edge-a'), 'shard-1');
    assert.equal(master.name, 'alpha-shard-1-c');
    assert.deepEqual(
      replicas.map(({ name }) => name),
      ['alpha-shard-1-a', 'alpha-shard-1-b'],
    );
  });

  test('a shard without one clear master is not hit', () => {
    const none = statusOf([], 'alpha-edge-a');
    assert.throws(() => rolesOf(plan, none, 'shard-1'), /no single master of shard-1/);
    const two = statusOf(['alpha-shard-1-a', 'alpha-shard-1-b'], 'alpha-edge-a');
    assert.throws(() => rolesOf(plan, two, 'shard-1'), /no single master of shard-1/);
  });

  test('the domain whose loss hurts most has the masters, and among equals the VIP', () => {
    const apart = ['alpha-shard-1-a', 'alpha-shard-2-b'];
    assert.equal(worstDomain(plan, statusOf(apart, 'alpha-edge-b')), 'b');
    assert.equal(worstDomain(plan, statusOf(apart, 'alpha-edge-a')), 'a');
    const together = ['alpha-shard-1-c', 'alpha-shard-2-c'];
    assert.equal(worstDomain(plan, statusOf(together, 'alpha-edge-a')), 'c');
  });

  test('what is undone twice is undone once', async () => {
    let count = 0;
    const undo = once(async () => {
      count += 1;
    });
    await Promise.all([undo(), undo()]);
    await undo();
    assert.equal(count, 1);
  });
});
