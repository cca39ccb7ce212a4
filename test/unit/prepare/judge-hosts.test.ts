import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type Docker from 'dockerode';
import { lanConflicts } from '../../../scripts/prepare/conflicts.ts';
import { type HostFacts, parseFacts } from '../../../scripts/prepare/hosts/facts.ts';
import { judgeHosts } from '../../../scripts/prepare/hosts/judge.ts';
import type { BlockedWay } from '../../../scripts/prepare/hosts/probe.ts';
import { hostsPlanOf, THREE_HOSTS, THREE_ON_LAN } from '../../support/stack-fixture.ts';

const plan = hostsPlanOf(THREE_HOSTS);
const OWN = 'a'.repeat(64);

/** What a host says, as iproute2 of Debian 12 says it. */
interface Saying {
  readonly domain?: string;
  readonly address?: string;
  readonly prefix?: number;
  readonly others?: readonly string[];
  readonly routes?: Record<string, object>;
  readonly listeners?: readonly string[];
  readonly containers?: readonly string[];
  readonly kernel?: Record<string, string>;
  readonly mtu?: number;
  readonly answer?: string;
  readonly neighbour?: object;
}

function says(saying: Saying = {}): HostFacts {
  const { domain = 'a', prefix = 24, mtu = 1500 } = saying;
  const number = 'abc'.indexOf(domain) + 11;
  const { address = `10.0.0.${number}` } = saying;
  const peers = [11, 12, 13].filter((other) => other !== number).map((other) => `10.0.0.${other}`);
  const routes = saying.routes ?? Object.fromEntries(peers.map((dst) => [dst, { dst, dev: 'ens3' }]));
  const info = (local: string, prefixlen: number) => ({ family: 'inet', local, prefixlen });
  const further = (saying.others ?? []).map((each) => {
    const [local, length] = each.split('/');
    return info(local, Number(length));
  });
  const kernel = {
    overcommit: '1',
    hugepages: 'always [madvise] never',
    files: '1048576',
    disk: String(50e9),
  };
  const sections: Record<string, string> = {
    addresses: JSON.stringify([
      {},
      { ifname: 'lo', addr_info: [info('127.0.0.1', 8)] },
      { ifname: 'ens3', addr_info: [info(address, prefix), ...further] },
    ]),
    links: JSON.stringify([{ ifname: 'ens3', address: `02:00:00:00:00:${number}`, mtu }]),
    ...Object.fromEntries(
      Object.entries(routes).map(([to, route]) => [`route ${to}`, JSON.stringify([route])]),
    ),
    listeners: (saying.listeners ?? []).join('\n'),
    containers: (saying.containers ?? []).join('\n'),
    kernel: Object.entries({ ...kernel, ...saying.kernel })
      .map((entry) => entry.join(' '))
      .join('\n'),
    'answer 10.0.0.100':
      saying.answer ?? '2024/01/01 socat[9] E connecting to AF=2 10.0.0.100:6379: Connection timed out',
    'neighbour 10.0.0.100': JSON.stringify(saying.neighbour === undefined ? [] : [saying.neighbour]),
  };
  return parseFacts(
    domain,
    Object.entries(sections)
      .map(([name, content]) => `\n== ${name}\n${content}\n`)
      .join(''),
  );
}

const trio = (a: Saying = {}): HostFacts[] => [says(a), says({ domain: 'b' }), says({ domain: 'c' })];
const judge = (
  hosts: readonly HostFacts[],
  blocked: readonly BlockedWay[] = [],
  own: readonly string[] = [],
) => judgeHosts(plan, { hosts, blocked, own: new Set(own) });
/** The one thing that is refused. */
function refusal(hosts: readonly HostFacts[], blocked?: readonly BlockedWay[]) {
  const { refused } = judge(hosts, blocked);
  assert.equal(refused.length, 1, JSON.stringify(refused));
  return refused[0];
}

describe('hosts, before anything is changed', () => {
  test('three machines on a LAN will do', () => {
    assert.deepEqual(judge(trio()), { refused: [], warnings: [] });
  });

  test('an address that the machine has not is named, with those that it has', () => {
    const { remedy, what, where } = refusal(trio({ address: '10.9.0.11' }));
    assert.equal(what, '10.0.0.11 is no address of host a, which has 10.9.0.11 on ens3');
    assert.equal(where, 'host a (ssh://ops@10.0.0.11)');
    assert.match(remedy, /`address`/);
  });

  test('hosts that a router lies between, that have no way, or one by another device, are not on one LAN', () => {
    const ways: ReadonlyArray<[object | undefined, RegExp]> = [
      [{ dst: '10.0.0.12', gateway: '10.0.0.1', dev: 'ens3' }, /through the router 10\.0\.0\.1/],
      [{ dst: '10.0.0.12', dev: 'wg0' }, /goes there by wg0, and its own address is on ens3/],
      [undefined, /has no way to it/],
    ];
    for (const [route, expected] of ways) {
      const routes = { ...(route && { '10.0.0.12': route }), '10.0.0.13': { dst: '10.0.0.13', dev: 'ens3' } };
      const { remedy, what } = refusal(trio({ routes }));
      assert.match(what, /^host a is not on one LAN with host b: it /);
      assert.match(what, expected);
      assert.match(remedy, /entrance: external/);
    }
  });

  test('a virtual IP outside the subnet of the hosts is refused, unless others bring it there', () => {
    const apart = hostsPlanOf(THREE_HOSTS.replace('10.0.0.100', '10.0.1.100'));
    const facts = { hosts: trio(), blocked: [], own: new Set<string>() };
    const [first, ...others] = judgeHosts(apart, facts).refused;
    assert.equal(others.length, 2);
    assert.match(first.what, /10\.0\.1\.100 is not in 10\.0\.0\.0\/24, the subnet of host a on ens3/);
    const external = hostsPlanOf(`${THREE_HOSTS.replace('10.0.0.100', '10.0.1.100')}entrance: external\n`);
    assert.deepEqual(judgeHosts(external, facts).refused, []);
  });

  test('somebody who answers for the virtual IP is named by link address; a host of ours may', () => {
    const held = (lladdr: string) => ({ dst: '10.0.0.100', dev: 'ens3', lladdr, state: ['REACHABLE'] });
    const { remedy, what, where } = refusal(trio({ neighbour: held('52:54:00:aa:bb:cc') }));
    assert.match(what, /virtual IP 10\.0\.0\.100 is taken: the machine with link address 52:54:00:aa:bb:cc/);
    assert.equal(where, 'seen from host a');
    assert.match(remedy, /free address/);
    assert.deepEqual(judge(trio({ neighbour: held('02:00:00:00:00:12') })).refused, []);
    // Known from earlier, and gone since.
    const stale = { ...held('52:54:00:aa:bb:cc'), state: ['STALE'] };
    assert.deepEqual(judge(trio({ neighbour: stale })).refused, []);
    // It refuses connections: so it is there.
    const refused = '2024/01/01 socat[9] E connect(5, AF=2 10.0.0.100:6379, 16): Connection refused';
    assert.match(refusal(trio({ neighbour: stale, answer: refused })).what, /52:54:00:aa:bb:cc/);
    // With a host that nobody reaches, it may be that one.
    assert.deepEqual(judge(trio({ neighbour: held('52:54:00:aa:bb:cc') }).slice(0, 2)).refused, []);
  });

  test('each of several virtual IPs is judged by itself', () => {
    const two = hostsPlanOf(THREE_HOSTS.replace('vip: 10.0.0.100', 'vips: [10.0.0.100, 10.0.1.101]'));
    const facts = { hosts: trio({ others: ['10.0.0.100/24'] }), blocked: [], own: new Set<string>() };
    const said = judgeHosts(two, facts).refused.map(({ what }) => what.replace(/ \(.*/, ''));
    assert.deepEqual(said, [
      'the virtual IP 10.0.1.101 is not in 10.0.0.0/24, the subnet of host a on ens3',
      'the virtual IP 10.0.0.100 is an address of host a itself',
      'the virtual IP 10.0.1.101 is not in 10.0.0.0/24, the subnet of host b on ens3',
      'the virtual IP 10.0.1.101 is not in 10.0.0.0/24, the subnet of host c on ens3',
    ]);
  });

  test('the virtual IP as an address that a host has for good is refused; what an edge left behind is not', () => {
    assert.match(
      refusal(trio({ others: ['10.0.0.100/24'] })).what,
      /is an address of host a itself \(10\.0\.0\.100\/24 on ens3\)/,
    );
    assert.deepEqual(judge(trio({ others: ['10.0.0.100/32'] })).refused, []);
  });

  const line = (local: string, users = '', more = '') =>
    `LISTEN 0 128 ${local} 0.0.0.0:* ${users} ino:1 sk:2 ${more} <->`;
  const nginx = 'users:(("nginx",pid=4711,fd=6),("nginx",pid=4712,fd=6))';

  test('a port that is taken is named with the process, on the address, on all of them, and on the VIP', () => {
    const takers = [
      line('10.0.0.11:7020', nginx),
      line('0.0.0.0:7020', nginx),
      line('*:7020', nginx, 'v6only:0'),
      line('[::]:7020', nginx, 'v6only:0'),
    ];
    for (const taker of takers) {
      const { remedy, what } = refusal(trio({ listeners: [taker] }));
      assert.equal(what, 'port 7020 of host a is taken by nginx (pid 4711)', taker);
      assert.match(remedy, /`ports`/);
    }
    const { remedy, what } = refusal(trio({ listeners: [line('0.0.0.0:6379', nginx)] }));
    assert.match(what, /^port 6379 of host a/);
    assert.match(remedy, /`listen`/);
  });

  test('ports of others, of IPv6 alone and on another address are free', () => {
    const free = [
      line('10.9.0.11:7020', nginx),
      line('[::]:7020', nginx, 'v6only:1'),
      line('0.0.0.0:7019', nginx),
      line('127.0.0.1:6379', nginx),
    ];
    assert.deepEqual(judge(trio({ listeners: free })).refused, []);
  });

  test('what the stack’s own containers listen on is free, what another container does is not', () => {
    const listeners = [line('10.0.0.11:7020', 'users:(("redis-server",pid=99,fd=6))')];
    const hosts = (id: string) => trio({ listeners, containers: [`99 ${id}`] });
    assert.deepEqual(judge(hosts(OWN), [], [OWN]).refused, []);
    const [{ what }] = judge(hosts('b'.repeat(64)), [], [OWN]).refused;
    assert.equal(
      what,
      `port 7020 of host a is taken by redis-server (pid 99) in container ${'b'.repeat(12)}`,
    );
  });

  test('a process that the engine hides has the port all the same, where nothing of the stack runs', () => {
    const hosts = trio({ listeners: [line('10.0.0.11:7020')] });
    assert.match(refusal(hosts).what, /a process that the engine does not show/);
    assert.deepEqual(judge(hosts, [], [OWN]).refused, []);
  });

  test('VRRP and ports that do not pass are named with both hosts and the rule that lets them', () => {
    const vrrp = refusal(trio(), [{ from: 'b', to: 'a', what: 'vrrp' }]);
    assert.match(vrrp.what, /^VRRP does not pass from host b to host a/);
    assert.match(vrrp.remedy, /iptables -I INPUT -p 112 -s 10\.0\.0\.12 -j ACCEPT/);
    const ports = refusal(trio(), [
      { from: 'c', to: 'a', what: 7020 },
      { from: 'c', to: 'a', what: 7060 },
    ]);
    assert.equal(ports.what, 'host a lets host c in on none of the ports 7020, 7060');
    assert.equal(ports.where, 'TCP, 10.0.0.13 to 10.0.0.11');
    assert.match(ports.remedy, /plan --firewall/);
  });

  test('a full disk is refused', () => {
    assert.match(
      refusal(trio({ kernel: { disk: String(1024 ** 3) } })).what,
      /only 1\.0 GB are free on host a/,
    );
  });

  test('what costs something later is said, and is no obstacle', () => {
    const kernel = { overcommit: '0', hugepages: '[always] madvise never', files: '1024' };
    const { refused, warnings } = judge(trio({ kernel, mtu: 9000 }));
    assert.deepEqual(refused, []);
    assert.deepEqual(
      warnings.map((warning) => warning.slice(0, 30)),
      [
        'vm.overcommit_memory is not 1 ',
        'transparent huge pages are alw',
        'a container on host a may have',
        "the hosts' devices take packet",
      ],
    );
    assert.match(warnings[3], /a 9000, b 1500, c 1500/);
  });

  test('everything that is wrong is said at once', () => {
    const hosts = [
      says({ address: '10.9.0.11' }),
      says({ domain: 'b', listeners: [line('0.0.0.0:7002', nginx)] }),
      says({ domain: 'c' }),
    ];
    const blocked: BlockedWay[] = [
      { from: 'b', to: 'c', what: 'vrrp' },
      // From an address that is not there nothing gets anywhere.
      { from: 'a', to: 'c', what: 'vrrp' },
    ];
    assert.equal(judge(hosts, blocked).refused.length, 3);
  });
});

describe('hosts whose members are to stand on the LAN, before anything is changed', () => {
  const onLan = hostsPlanOf(THREE_ON_LAN.replace('bond0.7', 'ens3'));
  const refusals = (hosts: readonly HostFacts[], ownLinks: readonly string[] = []): string[] =>
    judgeHosts(onLan, { hosts, blocked: [], own: new Set(), ownLinks: new Set(ownLinks) }).refused.map(
      ({ remedy, what }) => `${what}; ${remedy}`,
    );
  const answered = (lladdr: string): HostFacts[] => {
    const [a, ...others] = trio();
    return [{ ...a, vipAnswers: new Map([['10.0.0.50', { link: lladdr }]]) }, ...others];
  };

  test('will do, whatever listens on a port of a host itself', () => {
    const listeners = ['LISTEN 0 128 0.0.0.0:7020 0.0.0.0:* users:(("x",pid=9,fd=3)) ino:1 sk:1'];
    assert.deepEqual(refusals(trio({ listeners })), []);
    assert.equal(judge(trio({ listeners })).refused.length, 1);
  });

  test('an address of a member that somebody has is named, with who; the stack’s own may', () => {
    const [said, ...others] = refusals(answered('52:54:00:aa:bb:cc'));
    assert.deepEqual(others, []);
    assert.match(
      said,
      /10\.0\.0\.50, the address of alpha-sentinel-b, is taken: the machine with link address 52:54/,
    );
    assert.match(said, /no DHCP server gives/);
    assert.deepEqual(refusals(answered('02:42:0a:00:00:32'), ['02:42:0a:00:00:32']), []);
  });

  test('a device that a host has not, and a LAN that is another one, are told with those that there are', () => {
    const other = hostsPlanOf(THREE_ON_LAN);
    const [said] = judgeHosts(other, { hosts: trio(), blocked: [], own: new Set() }).refused;
    assert.equal(said.what, 'host c has no device bond0.7; it has ens3');
    assert.match(
      refusals(trio({ prefix: 25 })).join(),
      /host a is in 10\.0\.0\.0\/25 on ens3, and `lan` is 10\.0\.0\.0\/24/,
    );
  });
});

describe('networks of a host', () => {
  const onLan = hostsPlanOf(THREE_ON_LAN);
  const network = (Name: string, labels: Record<string, string>, parent = 'ens3') =>
    ({
      Name,
      Driver: 'macvlan',
      Options: { parent },
      Labels: labels,
    }) as unknown as Docker.NetworkInspectInfo;

  test('keep a stack off a device that another macvlan network has, and off a name that is somebody else’s', () => {
    const [domain] = onLan.domains;
    const said = (found: Docker.NetworkInspectInfo) =>
      lanConflicts(onLan, domain, [found]).map(({ what }) => what);
    assert.deepEqual(said(network('alpha-lan', { 'twemstack.stack': 'alpha' })), []);
    assert.deepEqual(said(network('other', {}, 'ens4')), []);
    assert.match(said(network('other', {})).join(), /"other" has the device ens3, and an engine makes one/);
    assert.match(
      said(network('alpha-lan', {}, 'ens4')).join(),
      /a network "alpha-lan" that this stack did not make/,
    );
  });
});
