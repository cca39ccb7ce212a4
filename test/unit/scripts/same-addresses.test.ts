import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ContainerState } from '../../../scripts/observe/engine.ts';
import { demandSameAddresses } from '../../../scripts/rollout/same-addresses.ts';
import type { AnyPlan } from '../../../topology/types.ts';
import { hostsPlanOf, planOf, THREE_HOSTS, THREE_ON_LAN } from '../../support/stack-fixture.ts';

const HEAD = 'name: alpha\nvip: 198.18.0.100\n';

/** The default stack as it stands. */
const containers = new Map(
  planOf(HEAD).members.map((member) => {
    const { name, address } = member;
    const addresses = member.role === 'edge' ? [member.frontAddress, address] : [address];
    return [name, { name, addresses, networks: ['alpha-back'] } as unknown as ContainerState];
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

test('an edge that was left half made, with one address of two, does not keep the stack from being made', () => {
  const plan = planOf(HEAD);
  const [{ name, frontAddress }] = plan.edges;
  const half = { name, addresses: [frontAddress], networks: ['alpha'], status: 'created' };
  demandSameAddresses(plan, new Map([[name, half as unknown as ContainerState]]));
});

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

test('members of several hosts go neither to the LAN nor back, nor to other ranges there, while the stack stands', () => {
  const standing = (plan: AnyPlan, networks: readonly string[], own: boolean) =>
    new Map(
      plan.members.map(({ address, name }) => [
        name,
        { name, addresses: own ? [address] : [], networks } as unknown as ContainerState,
      ]),
    );
  const [host, lan] = [hostsPlanOf(THREE_HOSTS), hostsPlanOf(THREE_ON_LAN)];
  const onHost = standing(host, ['host'], false);
  const onLan = standing(lan, ['alpha-lan'], true);
  demandSameAddresses(host, onHost);
  demandSameAddresses(lan, onLan);
  const elsewhere = hostsPlanOf(THREE_ON_LAN.replace('10.0.0.64/28', '10.0.0.80/28'));
  for (const [plan, containers] of [
    [lan, onHost],
    [host, onLan],
    [elsewhere, onLan],
  ] as const)
    assert.throws(() => demandSameAddresses(plan, containers), /addresses of members cannot change/);
});
