import assert from 'node:assert/strict';
import { test } from 'node:test';
import { consoleState } from '../../../console/state.ts';
import type { SentinelView } from '../../../scripts/observe/sentinel-view.ts';
import type { StackStatus } from '../../../scripts/observe/status.ts';
import { hostsPlanOf, THREE_HOSTS } from '../../support/stack-fixture.ts';

test('on several hosts the page names the member that a sentinel takes for the master, not another one of its host', () => {
  const plan = hostsPlanOf(THREE_HOSTS);
  const [, shard] = plan.shards;
  const { address, port } = shard.members[1];
  const view = {
    tilt: false,
    masters: [{ name: shard.name, address, port, flags: ['master'] }],
  } as unknown as SentinelView;
  const status: StackStatus = {
    pools: [],
    members: plan.members.map((member) =>
      member === plan.sentinels[0] ? { member, sentinel: view } : { member, away: true },
    ),
  };
  const { members, opinions } = consoleState(
    plan,
    status,
    [],
    { events: [], lanes: [] },
    { actions: [], alerts: undefined, at: 0 },
  );
  assert.deepEqual(
    opinions.map(({ master }) => master),
    [shard.members[1].name],
  );
  assert.ok(members.some(({ health, well }) => health === 'unknown' && !well));
});
