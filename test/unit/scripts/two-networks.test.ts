import assert from 'node:assert/strict';
import { test } from 'node:test';
import { InputError } from '../../../scripts/errors.ts';
import type { ContainerState } from '../../../scripts/observe/engine.ts';
import { demandBackNetwork } from '../../../scripts/rollout/two-networks.ts';
import { defaultPlan } from '../../support/stack-fixture.ts';

const plan = defaultPlan();

/** Containers of all members, on these networks. */
const containers = (networks: readonly string[]): ReadonlyMap<string, ContainerState> =>
  new Map(plan.members.map(({ name }) => [name, { name, networks } as unknown as ContainerState]));

test('a stack with both networks, one of which nothing stands, and one that is to come, may be changed', () => {
  demandBackNetwork(plan, containers(['alpha-back']));
  demandBackNetwork(plan, containers(['alpha', 'alpha-back']));
  demandBackNetwork(plan, new Map());
});

test('a container that was left half made, and never ran, makes no stack one of one network', () => {
  const [{ name }] = plan.members;
  const half = { name, networks: [], status: 'created' } as unknown as ContainerState;
  demandBackNetwork(plan, new Map([[name, half]]));
});

test('a stack with one network is refused before anything is done, with the way over and its members', () => {
  assert.throws(
    () => demandBackNetwork(plan, containers(['alpha'])),
    (error) =>
      error instanceof InputError &&
      /^alpha-edge-a, alpha-proxy-a/.test(error.where ?? '') &&
      /`twemstack down` \(data, passwords .*then `twemstack up`/.test(error.format()),
  );
});
