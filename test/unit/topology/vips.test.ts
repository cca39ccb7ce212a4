import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { renderMermaid, renderSvg } from '../../../topology/diagram.ts';
import { firewallOf, renderNftables } from '../../../topology/firewall.ts';
import { loadTopology } from '../../../topology/index.ts';
import { priorityOf, vipsOf } from '../../../topology/vips.ts';
import { assertRefused } from '../../support/marked-yaml.ts';
import { defaultPlan, hostsPlanOf, planOf, THREE_HOSTS } from '../../support/stack-fixture.ts';

const HEAD = 'name: alpha\n';
const hosts = (vips: string, rest = ''): string => THREE_HOSTS.replace('vip: 10.0.0.100', vips) + rest;

/** One mistake each: § marks where the message must point. */
const CASES: ReadonlyArray<readonly [title: string, marked: string, said: RegExp]> = [
  ['beside vip', `${HEAD}vip: 198.18.0.100\nvips: §[198.18.0.101]`, /stands beside `vip`.*Keep `vips`/],
  ['no list', `${HEAD}vips: §198.18.0.100`, /not a list.*vips: \[/],
  ['an empty list', `${HEAD}vips: §[]`, /at least one item/],
  ['no address', `${HEAD}vips: [198.18.0.100, §host]`, /not an IPv4 address/],
  ['twice', `${HEAD}vips: [198.18.0.100, §198.18.0.100]`, /is listed already/],
  [
    'outside the network of the first',
    `${HEAD}vips: [198.18.0.100, §198.18.1.101]`,
    /not inside.*198.18.0.101/,
  ],
  ['the gateway', `${HEAD}vips: [198.18.0.100, §198.18.0.1]`, /is the gateway/],
  [
    'in the half that Docker hands out',
    `${HEAD}vips: [198.18.0.100, §198.18.0.200]`,
    /in the upper half.*e.g. 198.18.0.101/,
  ],
  ['where an edge stands', `${HEAD}vips: [198.18.0.100, §198.18.0.9]`, /in the row where edges stand/],
  [
    'where an edge gave way to the first',
    `${HEAD}vips: [198.18.0.8, §198.18.0.2]`,
    /in whose place the first VIP/,
  ],
  [
    'more than edges',
    `${HEAD}vips: [198.18.0.100, 198.18.0.101, §198.18.0.102]`,
    /number 3, and there are 2 edges.*raise edge.count/,
  ],
  [
    'no router id left',
    `${HEAD}vips: [198.18.0.100, 198.18.0.101]\nedge: {vrid: §255}`,
    /router id of the first of 2 VIPs.*at most 254/,
  ],
  ['one is the address of a host', hosts('vips: [10.0.0.100, §10.0.0.12]'), /is the address of domain b/],
  ['one that no host can have', hosts('vips: [10.0.0.100, §127.0.0.1]'), /in 127.0.0.0\/8/],
  [
    'others lead applications to the edges',
    hosts('vips: §[10.0.0.100, 10.0.0.101]', 'entrance: external\n'),
    /for `entrance: vrrp`.*Write `vip`/,
  ],
];

describe('several virtual IPs', () => {
  for (const [title, marked, said] of CASES) test(`refused: ${title}`, () => assertRefused(marked, said));

  test('a list of one is the one: the plan has the same bytes', () => {
    const one = planOf(`${HEAD}vips: [198.18.0.100]\n`);
    assert.equal(JSON.stringify(one), JSON.stringify(defaultPlan()));
    assert.ok(!('vips' in one));
  });

  test('each has a router id of its own, and the first is what one would be; the network follows from that', () => {
    const plan = planOf(`${HEAD}vips: [198.18.0.100, 198.18.0.101]\nedge: {vrid: 60}\n`);
    const single = planOf(`${HEAD}vip: 198.18.0.100\nedge: {vrid: 60}\n`);
    assert.deepEqual(vipsOf(plan), [
      { address: '198.18.0.100', vrid: 60 },
      { address: '198.18.0.101', vrid: 61 },
    ]);
    const { vips, ...rest } = plan;
    assert.deepEqual(vips, ['198.18.0.100', '198.18.0.101']);
    assert.deepEqual(rest, single);
  });

  test('each is preferred on another edge and then on the next one; a new edge or VIP changes no priority', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 8 }), fc.integer({ min: 1, max: 8 }), (edges, vips) => {
        fc.pre(vips <= edges);
        const places = Array.from({ length: edges }, (_, edge) => edge);
        for (let vip = 0; vip < vips; vip++) {
          const order = places.toSorted((x, y) => priorityOf(y, vip) - priorityOf(x, vip));
          assert.equal(order[0], vip, 'the preferred one');
          if (edges > 1)
            assert.equal(order[1], (vip + 1) % edges, 'its successor is the next, so no two have the same');
          assert.equal(new Set(places.map((edge) => priorityOf(edge, vip))).size, edges);
        }
      }),
    );
    // Positions are all that they follow from.
    assert.equal(priorityOf.length, 1);
  });

  test('hosts let applications in at each of them', () => {
    const plan = hostsPlanOf(hosts('vips: [10.0.0.100, 10.0.0.101]'));
    const [rule] = firewallOf(plan).filter(({ from }) => from === 'applications');
    assert.deepEqual(rule.to, ['10.0.0.100', '10.0.0.101']);
    assert.match(renderNftables(plan), /ip daddr \{ 10.0.0.100, 10.0.0.101 \} tcp dport 6379 counter drop/);
  });

  test('the pictures show each, and which edge it is preferred on', () => {
    const plan = planOf(`${HEAD}vips: [198.18.0.100, 198.18.0.101]\nedge: {count: 3}\n`);
    const mermaid = renderMermaid(plan);
    assert.match(mermaid, /VIP 198\.18\.0\.100<br\/>VIP 198\.18\.0\.101/);
    assert.match(
      mermaid,
      /vip --> m_alpha_edge_a\n {2}vip --> m_alpha_edge_b\n {2}vip -. standby .-> m_alpha_edge_c/,
    );
    const svg = renderSvg(plan);
    for (const { address } of vipsOf(plan)) assert.ok(svg.includes(`VIP ${address}`));
    assert.match(svg, /standby/);
  });

  test('neither of the two is one message, at the first line', () => {
    const loaded = loadTopology('name: alpha\n', 'stack.yaml');
    assert.ok(!loaded.ok);
    assert.deepEqual(
      loaded.problems.map(({ path, rule }) => `${path} ${rule}`),
      ['vip is missing'],
    );
  });
});
