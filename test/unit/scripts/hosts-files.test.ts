import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { renderMembers } from '../../../scripts/render/member-files.ts';
import { containerOptions } from '../../../topology/container-options.ts';
import { firewallOf, renderNftables } from '../../../topology/firewall.ts';
import { assertGolden } from '../../support/golden.ts';
import {
  hostsPlanOf,
  planOf,
  TEST_CREDENTIALS,
  THREE_HOSTS,
  THREE_ON_LAN,
} from '../../support/stack-fixture.ts';

const plan = hostsPlanOf(THREE_HOSTS);
const filesOf = (of: Parameters<typeof renderMembers>[0]): Map<string, string> =>
  new Map(
    [...renderMembers(of, TEST_CREDENTIALS)].flatMap(([member, files]) =>
      files.map(({ name, content }) => [`${member}/${name}`, content] as const),
    ),
  );

describe('files of a stack on three hosts', () => {
  const files = filesOf(plan);

  test('of one host are as in the golden files', () => {
    const golden = /facts\.env|haproxy\.cfg|keepalived\.conf|sentinel\.conf/;
    const names = plan.domains[1].members.map(({ name }) => name);
    for (const [path, content] of files)
      if (names.includes(path.split('/')[0]) && golden.test(path)) assertGolden(`hosts/${path}`, content);
  });

  test('of redis and sentinel differ from those of one engine by addresses, ports and one line', () => {
    const engine = filesOf(planOf('name: alpha\nvip: 10.0.0.100\n'));
    for (const path of ['alpha-shard-1-a/redis.conf', 'alpha-sentinel-a/sentinel.conf']) {
      const [here, there] = [files, engine].map((all) => (all.get(path) ?? '').split('\n'));
      const added = here
        .filter((line) => !there.includes(line))
        .map((line) => line.split(' ').slice(0, 2).join(' '));
      const known = path.endsWith('redis.conf')
        ? [
            'bind 10.0.0.11',
            'bind-source-addr 10.0.0.11',
            'port 7020',
            'replica-announce-ip 10.0.0.11',
            'replica-announce-port 7020',
          ]
        : [
            'bind 10.0.0.11',
            'bind-source-addr 10.0.0.11',
            'port 7002',
            'sentinel announce-ip',
            'sentinel announce-port',
            'sentinel monitor',
            'sentinel monitor',
          ];
      assert.deepEqual(added, known);
    }
    for (const path of [
      'alpha-shard-1-a/users.acl',
      'alpha-sentinel-a/users.acl',
      'alpha-proxy-a/proxy.password',
    ])
      assert.equal(files.get(path), engine.get(path), path);
  });

  test('proxies listen on their host alone, stats included', () => {
    for (const proxy of plan.proxies) {
      const file = files.get(`${proxy.name}/nutcracker.yml`) ?? '';
      assert.match(file, new RegExp(`listen: ${proxy.address}:7010\n`));
      assert.deepEqual(containerOptions(plan, proxy).command, [
        '--stats-addr',
        proxy.address,
        '--stats-port',
        '7001',
      ]);
    }
  });
});

describe('the firewall table', () => {
  test('has everything that hosts let in, as rules and for nftables', () => {
    const rules = firewallOf(plan).map(
      ({ from, to, protocol, ports }) => `${from} ${to.join(',')} ${protocol} ${ports.join('-')}`,
    );
    assert.deepEqual(rules, [
      'hosts 10.0.0.11,10.0.0.12 vrrp ',
      'hosts 10.0.0.11,10.0.0.12,10.0.0.13 tcp 7000-7099',
      'applications 10.0.0.100 tcp 6379-6379',
      'operators 10.0.0.11 tcp 22-22',
      'operators 10.0.0.12 tcp 22-22',
      'operators 10.0.0.13 tcp 2376-2376',
      'operators 10.0.0.11,10.0.0.12,10.0.0.13 tcp 7000-7099',
      'monitoring 10.0.0.11,10.0.0.12 tcp 7000-7000',
      'monitoring 10.0.0.11,10.0.0.12,10.0.0.13 tcp 7001-7001',
    ]);
    assertGolden('hosts/firewall.nft', renderNftables(plan));
  });

  test('without a VIP it leads applications to the edges, and knows no VRRP', () => {
    const external = firewallOf(hostsPlanOf(`${THREE_HOSTS}entrance: external\n`));
    assert.ok(external.every(({ protocol }) => protocol === 'tcp'));
    assert.deepEqual(external.find(({ from }) => from === 'applications')?.to, ['10.0.0.11', '10.0.0.12']);
  });
});

describe('files of members on the LAN', () => {
  const files = filesOf(hostsPlanOf(THREE_ON_LAN));

  test('of one host are as in the golden files', () => {
    for (const [path, content] of files)
      if (/-b\/.*(facts\.env|haproxy\.cfg|keepalived\.conf)$/.test(path))
        assertGolden(`lan/${path}`, content);
  });

  test('are those of the hosts’ own network, with addresses of their own', () => {
    const there = filesOf(plan);
    const bare = (text = ''): string =>
      text.replaceAll(/10\.0\.0\.\d+/g, 'ADDRESS').replace("The host's own", 'Its own');
    assert.deepEqual([...files.keys()], [...there.keys()]);
    for (const [path, content] of files) assert.equal(bare(content), bare(there.get(path)), path);
  });
});
