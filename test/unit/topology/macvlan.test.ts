import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { firewallOf } from '../../../topology/firewall.ts';
import { loadAnyTopology, loadTopology } from '../../../topology/index.ts';
import { assertRefused } from '../../support/marked-yaml.ts';
import { hostsPlanOf, THREE_HOSTS, THREE_ON_LAN } from '../../support/stack-fixture.ts';

/** The fixture with one piece of it another; § in that marks where the message must point. */
const but = (piece: string, other: string): string => {
  assert.ok(THREE_ON_LAN.includes(piece), piece);
  return THREE_ON_LAN.replace(piece, () => other);
};

const C =
  '{ name: c, docker: ssh://ops@10.0.0.13, address: 10.0.0.13, parent: bond0.7, range: 10.0.0.64/28 }';

type Case = readonly [title: string, marked: string, said: RegExp];

const CASES: readonly Case[] = [
  ['no LAN', `§${but('lan: 10.0.0.0/24\n', '')}`, /lan is missing.*10\.0\.0\.0\/24/],
  ['no gateway', `§${but('gateway: 10.0.0.1\n', '')}`, /gateway is missing/],
  ['a LAN that is none', but('lan: 10.0.0.0/24', 'lan: §10.0.0.0'), /not an IPv4 network/],
  [
    'a LAN that is an address',
    but('lan: 10.0.0.0/24', 'lan: §10.0.0.7/24'),
    /bits set.*Write 10\.0\.0\.0\/24/,
  ],
  ['a LAN too large', but('lan: 10.0.0.0/24', 'lan: §10.0.0.0/8'), /between \/16 and \/28/],
  ['a gateway elsewhere', but('gateway: 10.0.0.1', 'gateway: §10.0.1.1'), /not in the LAN 10\.0\.0\.0\/24/],
  ['a VIP elsewhere', but('vip: 10.0.0.100', 'vip: §10.0.1.100'), /not in the LAN/],
  ['a host elsewhere', but('address: 10.0.0.12', 'address: §10.0.1.12'), /not in the LAN/],
  [
    'a domain without a device',
    but(C, C.replace('parent: bond0.7, ', '').replace('{', '§{')),
    /parent is missing.*parent: eth0/,
  ],
  ['a device that cannot be', but('parent: bond0.7', 'parent: §"eth 0"'), /not the name of a network device/],
  [
    'a domain without a range',
    but(C, C.replace(', range: 10.0.0.64/28', '').replace('{', '§{')),
    /range is missing/,
  ],
  ['a range elsewhere', but('10.0.0.64/28', '§10.0.1.64/28'), /not in the LAN/],
  [
    'a range with a host in it',
    but('10.0.0.32/28', '§10.0.0.0/28'),
    /holds 10\.0\.0\.0, its network address/,
  ],
  ['a range with the VIP in it', but('10.0.0.64/28', '§10.0.0.96/28'), /holds 10\.0\.0\.100, a virtual IP/],
  [
    'a range with a host of the stack in it',
    but('10.0.0.64/28', '§10.0.0.8/29'),
    /holds 10\.0\.0\.11, host a/,
  ],
  ['the broadcast address in a range', but('10.0.0.64/28', '§10.0.0.240/28'), /its broadcast address/],
  [
    'two ranges that overlap',
    but('10.0.0.64/28', '§10.0.0.48/29'),
    /overlaps 10\.0\.0\.48\/28, the range of domain b/,
  ],
  [
    'a range too small for the shards',
    `${but('10.0.0.64/28', '§10.0.0.64/29')}shards: 6\n`,
    /room for 5 shards, and there are 6/,
  ],
  [
    'a device without macvlan',
    THREE_HOSTS.replace('address: 10.0.0.11', 'address: 10.0.0.11, §parent: eth0'),
    /for `network: macvlan` alone/,
  ],
  ['a LAN without macvlan', `${THREE_HOSTS}§lan: 10.0.0.0/24\n`, /for `network: macvlan` alone/],
  [
    'macvlan on one engine',
    'name: alpha\nvip: 198.18.0.100\nnetwork: §macvlan\n',
    /for several Docker hosts/,
  ],
];

describe('rules of members on the LAN', () => {
  for (const [title, marked, said] of CASES) test(title, () => assertRefused(marked, said));

  test('a command that knows one engine alone refuses each key where it stands', () => {
    const loaded = loadTopology(THREE_ON_LAN, 'stack.yaml');
    assert.ok(!loaded.ok);
    const paths = loaded.problems.map(({ path }) => path);
    for (const path of ['lan', 'gateway', 'domains[0].parent', 'domains[2].range'])
      assert.ok(paths.includes(path), path);
  });
});

describe('the plan of a stack on the LAN', () => {
  const plan = hostsPlanOf(THREE_ON_LAN);

  test('gives every member an address of its own out of the range of its domain', () => {
    const places = Object.fromEntries(plan.members.map(({ address, name }) => [name, address]));
    assert.deepEqual(places, {
      'alpha-edge-a': '10.0.0.32',
      'alpha-proxy-a': '10.0.0.33',
      'alpha-sentinel-a': '10.0.0.34',
      'alpha-shard-1-a': '10.0.0.35',
      'alpha-shard-2-a': '10.0.0.36',
      'alpha-edge-b': '10.0.0.48',
      'alpha-proxy-b': '10.0.0.49',
      'alpha-sentinel-b': '10.0.0.50',
      'alpha-shard-1-b': '10.0.0.51',
      'alpha-shard-2-b': '10.0.0.52',
      'alpha-proxy-c': '10.0.0.65',
      'alpha-sentinel-c': '10.0.0.66',
      'alpha-shard-1-c': '10.0.0.67',
      'alpha-shard-2-c': '10.0.0.68',
    });
    assert.deepEqual(plan.lan, { subnet: '10.0.0.0/24', gateway: '10.0.0.1' });
    assert.deepEqual(plan.domains[2].host.macvlan, { parent: 'bond0.7', range: '10.0.0.64/28' });
  });

  test('is that of the hosts’ own network but for the addresses, and says what it cannot do', () => {
    const { domains: _d, lan: _l, warnings, ...rest } = plan;
    const {
      domains: _h,
      warnings: fewer,
      ...host
    } = hostsPlanOf(
      THREE_ON_LAN.replace(/network.*\nlan.*\ngateway.*\n/, '').replaceAll(/, parent.*? }/g, ' }'),
    );
    const bare = (value: object): string =>
      JSON.stringify(value).replaceAll(/"(frontA|a)ddress":"[^"]*"/g, '');
    assert.equal(bare(rest), bare(host));
    assert.equal(warnings.length, fewer.length + 1);
    assert.match(warnings.join('\n'), /a host reaches neither its own members nor the VIP/);
  });

  test('any number of shards that it has room for: nothing stands twice, and one more moves nothing', () => {
    const places = (shards: number): Map<string, string> => {
      const { members } = hostsPlanOf(`${THREE_ON_LAN}shards: ${shards}\n`);
      return new Map(members.map(({ address, name }) => [name, address]));
    };
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 12 }), (shards) => {
        const [before, after] = [places(shards), places(shards + 1)];
        assert.equal(new Set(after.values()).size, after.size);
        for (const [name, address] of before) assert.equal(after.get(name), address);
      }),
      { numRuns: 12 },
    );
    assert.ok(!loadAnyTopology(`${THREE_ON_LAN}shards: 14\n`, 'stack.yaml').ok);
  });

  test('its firewall table names members, for theirs are the packets; engines are the hosts’', () => {
    const rules = firewallOf(plan);
    const all = plan.members.map(({ address }) => address);
    const among = rules.find(({ what }) => what === 'members among themselves');
    assert.deepEqual([among?.from, among?.to], ['members', all]);
    assert.deepEqual(rules.find(({ protocol }) => protocol === 'vrrp')?.to, ['10.0.0.32', '10.0.0.48']);
    assert.deepEqual(
      rules.filter(({ what }) => what.startsWith('the engine')).flatMap(({ to }) => to),
      ['10.0.0.11', '10.0.0.12', '10.0.0.13'],
    );
    assert.ok(rules.every(({ from }) => from !== 'hosts'));
  });
});
