import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { tmpdir } from 'node:os';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { loadTopology, type Plan, planStack } from '../../../topology/index.ts';
import { overlaps, subnet } from '../../../topology/ipv4.ts';
import { type StackData, validStack, yamlOf } from '../../support/arbitrary-stack.ts';
import { planOf } from '../../support/stack-fixture.ts';

const RUNS = { numRuns: 150 };
const planOfData = (data: StackData): Plan => planOf(yamlOf(data));

function assertAllDifferent(values: readonly unknown[], what: string): void {
  assert.equal(new Set(values).size, values.length, `${what} are not unique: ${values.join(' ')}`);
}

function numberOf(address: string): number {
  return address.split('.').reduce((sum, byte) => sum * 256 + Number(byte), 0);
}

/** Everything about the members of `before` must be the same in `after`, and the rings must begin alike. */
function assertNothingMoved(before: Plan, after: Plan): void {
  const now = new Map(after.members.map((member) => [member.name, member]));
  for (const member of before.members) assert.deepEqual(now.get(member.name), member);
  assert.deepEqual(after.shards.slice(0, before.shards.length), before.shards);
  assert.deepEqual([after.front, after.back], [before.front, before.back]);
  // A pool on all shards stands on a new one as well; the order of those it had stays.
  for (const [index, { shards, ...pool }] of before.pools.entries()) {
    const { shards: now, ...rest } = after.pools[index];
    assert.deepEqual(rest, pool);
    assert.deepEqual(now.slice(0, shards.length), shards);
  }
  assert.deepEqual(after.sentinel, before.sentinel);
  assert.deepEqual(after.redis, before.redis);
  for (const domain of before.domains) {
    const same = after.domains.find((other) => other.name === domain.name);
    assert.deepEqual([same?.stack, same?.dataStack], [domain.stack, domain.dataStack]);
  }
}

describe('any valid stack file', () => {
  test('is accepted and every name and address is unique', () => {
    fc.assert(
      fc.property(validStack, (data) => {
        const plan = planOfData(data);
        assertAllDifferent(
          plan.members.map((member) => member.name),
          'names',
        );
        const fronts = plan.edges.map(({ name, frontAddress }) => ({ name, address: frontAddress }));
        for (const [network, members, more] of [
          [plan.front, fronts, [plan.vip]],
          [plan.back, plan.members, []],
        ] as const) {
          const [base, prefix] = network.subnet.split('/');
          const size = 2 ** (32 - Number(prefix));
          const taken = [...more, network.gateway, ...members.map((member) => member.address)];
          assertAllDifferent(taken, `addresses, VIP and gateway of ${network.name}`);
          for (const { name, address } of members) {
            const offset = numberOf(address) - numberOf(base);
            assert.ok(offset > 1 && offset < size / 2, `${name} at ${address} is outside the lower half`);
          }
        }
        assert.ok(!overlaps(subnet(plan.front.subnet), subnet(plan.back.subnet)), 'the networks overlap');
        assertAllDifferent(
          plan.sentinels.map((sentinel) => sentinel.runId),
          'sentinel ids',
        );
        assertAllDifferent(
          plan.edges.map((edge) => edge.priority),
          'priorities',
        );
        assert.ok(plan.edges.every((edge) => edge.priority > 100 && edge.priority < 255));
        assert.ok(plan.front.bridge.length <= 15 && plan.back.bridge.length <= 15);
        assert.notEqual(plan.front.bridge, plan.back.bridge);
      }),
      RUNS,
    );
  });

  test('puts nothing twice on one address and port, and no pool on a port of its containers', () => {
    fc.assert(
      fc.property(validStack, (data) => {
        const plan = planOfData(data);
        const listening = plan.members.flatMap((member) => {
          const pools = plan.pools.map((pool) => pool.listen);
          const ports = {
            edge: () => ('opsPort' in member ? [member.opsPort, ...pools] : []),
            proxy: () => ('statsPort' in member ? [member.statsPort, ...pools] : []),
            sentinel: () => ('port' in member ? [member.port] : []),
            redis: () => ('port' in member ? [member.port] : []),
            monitor: () => ('port' in member ? [member.port] : []),
          }[member.role]();
          assert.notEqual(ports.length, 0);
          return ports.map((port) => `${member.address}:${port}`);
        });
        assertAllDifferent(listening, 'address:port pairs');
      }),
      RUNS,
    );
  });

  test('keeps members that must not die together in different domains', () => {
    fc.assert(
      fc.property(validStack, (data) => {
        const plan = planOfData(data);
        for (const shard of plan.shards) {
          assertAllDifferent(
            shard.members.map((member) => member.domain),
            `domains of ${shard.name}`,
          );
          assert.equal(shard.members.length, data.replicas + 1);
          assert.deepEqual(
            shard.members.filter((member) => member.initialMaster),
            [shard.initialMaster],
          );
        }
        assertAllDifferent(
          plan.edges.map((edge) => edge.domain),
          'domains of edges',
        );
        assertAllDifferent(
          plan.sentinels.map((sentinel) => sentinel.domain),
          'domains of sentinels',
        );
        assert.equal(plan.proxies.length, plan.domains.length);
        assert.deepEqual(
          plan.members.map((member) => member.name).sort(),
          [
            ...plan.edges,
            ...plan.proxies,
            ...plan.sentinels,
            ...plan.shards.flatMap((shard) => shard.members),
          ]
            .map((member) => member.name)
            .sort(),
        );
      }),
      RUNS,
    );
  });

  test('a further shard moves nothing that exists', () => {
    fc.assert(
      fc.property(validStack, (data) => {
        const more = Array.isArray(data.shards) ? [...data.shards, 'one-more'] : data.shards + 1;
        const loaded = loadTopology(yamlOf({ ...data, shards: more }), 'stack.yaml');
        // The network may be full: that is refused, never squeezed in.
        if (!loaded.ok) {
          assert.ok(loaded.problems.every((problem) => problem.path === 'back_network'));
          return;
        }
        assertNothingMoved(planOfData(data), planStack(loaded.topology));
      }),
      RUNS,
    );
  });

  test('a further domain moves nothing that exists', () => {
    fc.assert(
      fc.property(validStack, (data) => {
        fc.pre(data.domains.length < 8);
        const after = planOfData({ ...data, domains: [...data.domains, 'one-more'] });
        assertNothingMoved(planOfData(data), after);
      }),
      RUNS,
    );
  });

  test('a further edge or more sentinels leave the others as they are', () => {
    fc.assert(
      fc.property(validStack, (data) => {
        const before = planOfData(data);
        const edges = Math.min(data.edge.count + 1, data.domains.length);
        assertNothingMoved(before, planOfData({ ...data, edge: { ...data.edge, count: edges } }));
        const count = data.sentinel.count + 2;
        if (count > data.domains.length) return;
        const after = planOfData({ ...data, sentinel: { count } });
        assert.deepEqual(after.sentinels.slice(0, before.sentinels.length), before.sentinels);
      }),
      RUNS,
    );
  });
});

describe('the same file gives the same bytes', () => {
  test('in one process, however often', () => {
    fc.assert(
      fc.property(validStack, (data) => {
        assert.equal(JSON.stringify(planOfData(data)), JSON.stringify(planOfData(structuredClone(data))));
      }),
      { numRuns: 50 },
    );
  });

  test('in any folder, time zone and locale', () => {
    const room = fileURLToPath(new URL('../../../topology/index.ts', import.meta.url));
    const tsx = import.meta.resolve('tsx');
    const script = `import { loadTopology, planStack } from ${JSON.stringify(room)};
      const loaded = loadTopology('name: alpha\\nvip: 10.0.0.9\\nshards: [z, b]\\n', 's.yaml');
      process.stdout.write(JSON.stringify(planStack(loaded.topology)));`;
    const digests = [
      { cwd: '/', TZ: 'Pacific/Kiritimati', LC_ALL: 'C' },
      { cwd: tmpdir(), TZ: 'America/St_Johns', LC_ALL: 'tr_TR.UTF-8' },
    ].map(({ cwd, ...environment }) => {
      const args = ['--import', tsx, '--input-type=module', '--eval', script];
      const out = execFileSync(process.execPath, args, { cwd, env: { ...process.env, ...environment } });
      return createHash('sha256').update(out).digest('hex');
    });
    const here = JSON.stringify(planOf('name: alpha\nvip: 10.0.0.9\nshards: [z, b]\n'));
    assert.deepEqual(new Set(digests), new Set([createHash('sha256').update(here).digest('hex')]));
  });
});
