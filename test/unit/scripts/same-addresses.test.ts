import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ContainerState } from '../../../scripts/observe/engine.ts';
import { demandSameAddresses } from '../../../scripts/rollout/same-addresses.ts';
import { planOf } from '../../support/stack-fixture.ts';

const HEAD = 'name: alpha\nvip: 198.18.0.100\n';

/** The default stack as it stands. */
const containers = new Map(
  planOf(HEAD).members.map((member) => {
    const { name, address } = member;
    const addresses = member.role === 'edge' ? [member.frontAddress, address] : [address];
    return [name, { name, addresses } as unknown as ContainerState];
  }),
);

for (const [edit, refused] of [
  ['', false],
  ['shards: 3', false],
  ['domains: [a, b, c, d]', false],
  ['replicas: 1', false],
  ['network: 198.18.0.0/25', false],
  ['back_network: 198.18.9.0/24', true],
  ['domains: [b, a, c]', true],
] as const) {
  test(`${edit || 'no edit'}: ${refused ? 'refused, for members would move' : 'no member moves'}`, () => {
    const demand = (): void => demandSameAddresses(planOf(HEAD + edit), containers);
    if (refused) assert.throws(demand, /addresses of members cannot change while the stack stands/);
    else demand();
  });
}

test('another network is refused with who would move', () => {
  const moved = planOf(
    'name: alpha\nvip: 198.19.0.100\nnetwork: 198.19.0.0/24\nback_network: 198.18.128.0/24\n',
  );
  assert.throws(
    () => demandSameAddresses(moved, containers),
    (error: Error & { where?: string; remedy?: string }) =>
      /alpha-edge-a: 198\.18\.0\.8, 198\.18\.128\.8 -> 198\.19\.0\.8, 198\.18\.128\.8 \(\+1 more\)/.test(
        error.where ?? '',
      ) && /twemstack down/.test(error.remedy ?? ''),
  );
});
