import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { type HostsPlan, loadAnyTopology, planAny } from '../../../topology/index.ts';
import { MOST_POOLS, MOST_SHARDS } from '../../../topology/port-block.ts';
import { type StackData, validStack, yamlOf } from '../../support/arbitrary-stack.ts';
import { assertGolden } from '../../support/golden.ts';
import { defaultPlan, hostsPlanOf, planOf, THREE_HOSTS } from '../../support/stack-fixture.ts';

const BETA = `name: beta
vip: 10.4.0.9
network: 10.4.0.0/23
domains: [a, {name: b}, c, d]
shards: [{name: x, weight: 3, domains: [d, a]}, y]
replicas: 1
edge: {count: 3, vrid: 7}
pools: {fast: {listen: 6379}, slow: {listen: 6380, shards: [y], redis_db: 1}}
`;

describe('a stack on one engine', () => {
  test('is planned to the bytes that it had before there were stacks on several hosts', () => {
    for (const [name, plan] of [
      ['alpha', defaultPlan()],
      ['beta', planOf(BETA)],
    ] as const) {
      // Settings are the file's own, whatever they are.
      const {
        backup: _b,
        durability: _d,
        edge: _e,
        pools: _p,
        proxy: _x,
        redis: _r,
        sentinel: _s,
        warnings: _w,
        ...placed
      } = plan;
      assertGolden(`plan/${name}.json`, `${JSON.stringify(placed, null, 2)}\n`);
    }
  });

  test('is planned alike by those who take any stack file', () => {
    const loaded = loadAnyTopology(BETA, 'stack.yaml');
    assert.ok(loaded.ok);
    assert.deepEqual(planAny(loaded.topology), planOf(BETA));
  });
});

describe('the plan of a stack on three hosts', () => {
  const plan = hostsPlanOf(THREE_HOSTS);

  test('puts every member on the address of its host, on a port of the block', () => {
    const places = Object.fromEntries(
      plan.members.map((member) => [member.name, `${member.address} ${portsOf(member)}`]),
    );
    assert.deepEqual(places, {
      'alpha-edge-a': '10.0.0.11 7000',
      'alpha-proxy-a': '10.0.0.11 7001 7010',
      'alpha-sentinel-a': '10.0.0.11 7002',
      'alpha-shard-1-a': '10.0.0.11 7020 7060',
      'alpha-shard-2-a': '10.0.0.11 7021 7061',
      'alpha-edge-b': '10.0.0.12 7000',
      'alpha-proxy-b': '10.0.0.12 7001 7010',
      'alpha-sentinel-b': '10.0.0.12 7002',
      'alpha-shard-1-b': '10.0.0.12 7020 7060',
      'alpha-shard-2-b': '10.0.0.12 7021 7061',
      'alpha-proxy-c': '10.0.0.13 7001 7010',
      'alpha-sentinel-c': '10.0.0.13 7002',
      'alpha-shard-1-c': '10.0.0.13 7020 7060',
      'alpha-shard-2-c': '10.0.0.13 7021 7061',
    });
  });

  test('has no network of its own, and the machine of each domain', () => {
    assert.ok(!('front' in plan) && !('networkStack' in plan));
    assert.deepEqual(
      plan.domains.map(({ host }) => host),
      [
        { docker: 'ssh://ops@10.0.0.11', address: '10.0.0.11' },
        { docker: 'ssh://ops@10.0.0.12', address: '10.0.0.12' },
        { docker: 'tcp://10.0.0.13:2376', address: '10.0.0.13', certificates: './tls/c' },
      ],
    );
  });

  test('names, ids, priorities and placement are those of one engine', () => {
    const same = planOf('name: alpha\nvip: 10.0.0.100\n');
    const known = ({ members }: Pick<HostsPlan, 'members'>) =>
      members.map(({ name, role, domain }) => ({ name, role, domain }));
    assert.deepEqual(known(plan), known(same));
    assert.deepEqual(
      plan.sentinels.map(({ runId }) => runId),
      same.sentinels.map(({ runId }) => runId),
    );
  });
});

/** All ports of a member on its host's address, the VIP's apart. */
function portsOf(member: HostsPlan['members'][number]): string {
  const { role } = member;
  if (role === 'edge') return `${member.opsPort}`;
  if (role === 'proxy') return [member.statsPort, ...Object.values(member.poolPorts ?? {})].join(' ');
  return role === 'sentinel' || role === 'monitor' ? `${member.port}` : `${member.port} ${member.guardPort}`;
}

type HostsData = Omit<StackData, 'network' | 'domains'> & {
  ports: number;
  domains: { name: string; docker: string; address: string }[];
};

const nameOf = (domain: StackData['domains'][number]): string =>
  typeof domain === 'string' ? domain : domain.name;

/** Any valid stack, on machines. */
const onHosts: fc.Arbitrary<HostsData> = validStack.map(({ network: _, ...data }) => ({
  ...data,
  vip: '10.200.0.100',
  ports: 20_000,
  domains: data.domains.map((domain, index) => machine(nameOf(domain), index)),
  ...(data.pools === undefined
    ? {}
    : {
        pools: Object.fromEntries(
          Object.entries(data.pools).map(([name, pool], index) => [name, { ...pool, listen: 6379 + index }]),
        ),
      }),
}));

const machine = (name: string, index: number) => ({
  name,
  docker: `ssh://ops@10.200.0.${11 + index}`,
  address: `10.200.0.${11 + index}`,
});

const planOfHosts = (data: HostsData): HostsPlan => hostsPlanOf(yamlOf(data as unknown as StackData));
const RUNS = { numRuns: 100 };

function assertNothingMoved(before: HostsPlan, after: HostsPlan, newPools = false): void {
  const now = new Map(after.members.map((member) => [member.name, member]));
  for (const member of before.members) {
    const found = now.get(member.name);
    // A further pool gives every proxy one port more.
    if (newPools && member.role === 'proxy' && found?.role === 'proxy')
      assert.deepEqual({ ...found, poolPorts: { ...found.poolPorts, ...member.poolPorts } }, found);
    else assert.deepEqual(found, member);
  }
  for (const domain of before.domains)
    assert.deepEqual(after.domains.find(({ name }) => name === domain.name)?.host, domain.host);
}

describe('any valid stack on several hosts', () => {
  test('puts nothing twice on one address and port', () => {
    fc.assert(
      fc.property(onHosts, (data) => {
        const plan = planOfHosts(data);
        const places = plan.members.flatMap((member) =>
          portsOf(member)
            .split(' ')
            .map((port) => `${member.address}:${port}`),
        );
        assert.equal(new Set(places).size, places.length, places.join(' '));
        for (const place of places) {
          const port = Number(place.split(':')[1]);
          assert.ok(port >= data.ports && port < data.ports + 100, `${place} is outside the block`);
        }
      }),
      RUNS,
    );
  });

  test('a further shard, domain or pool moves nothing that exists', () => {
    fc.assert(
      fc.property(onHosts, (data) => {
        const before = planOfHosts(data);
        const shards = Array.isArray(data.shards) ? [...data.shards, 'one-more'] : data.shards + 1;
        assertNothingMoved(before, planOfHosts({ ...data, shards }));
        if (data.domains.length < 8) {
          const domains = [...data.domains, machine('one-more', data.domains.length)];
          assertNothingMoved(before, planOfHosts({ ...data, domains }));
        }
        const pools = { ...(data.pools ?? { [data.name]: { listen: 6379 } }), one_more: { listen: 6999 } };
        assertNothingMoved(before, planOfHosts({ ...data, pools }), true);
      }),
      RUNS,
    );
  });

  test('as many pools and shards as are allowed have a port each', () => {
    const pools = Array.from({ length: MOST_POOLS }, (_, index) => `p${index}: {listen: ${6000 + index}}`);
    const plan = hostsPlanOf(`${THREE_HOSTS}shards: ${MOST_SHARDS}\npools: {${pools.join(', ')}}\n`);
    const ports = plan.domains[0].members.flatMap((member) => portsOf(member).split(' '));
    assert.equal(new Set(ports).size, ports.length);
    assert.ok(ports.every((port) => Number(port) >= 7000 && Number(port) <= 7099));
  });
});
