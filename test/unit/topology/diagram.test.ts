import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { renderMermaid, renderSvg } from '../../../topology/diagram.ts';
import { type Card, layout } from '../../../topology/diagram-layout.ts';
import type { Plan } from '../../../topology/index.ts';
import { type Box, monoWidth } from '../../../topology/svg-parts.ts';
import { validStack, yamlOf } from '../../support/arbitrary-stack.ts';
import { defaultPlan, planOf } from '../../support/stack-fixture.ts';

const RUNS = { numRuns: 60 };
const LONG = planOf(
  'name: production-eu-west-1\nvip: 10.9.8.7\nnetwork: 10.9.0.0/16\nshards: 30\ndomains: [availability-zone-a, b, c, d, e, f, g, h]\nreplicas: 7\nsentinel: {count: 7}\nedge: {count: 8}\npools: {sessions-of-the-shop: {listen: 6379}, b: {listen: 6380}}\n',
);

function meets(a: Box, b: Box): boolean {
  return a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height;
}

function assertApart(boxes: readonly Box[]): void {
  boxes.forEach((box, index) => {
    for (const other of boxes.slice(index + 1))
      if (meets(box, other)) assert.fail(`${JSON.stringify(box)} meets ${JSON.stringify(other)}`);
  });
}

function cardsOf(plan: Plan): Card[] {
  const at = layout(plan);
  return [...at.edges, ...at.proxies, ...at.sentinels, ...at.shards.flatMap((shard) => shard.cards)];
}

/** Every element is closed in order; enough of XML for text that we make ourselves. */
function assertWellFormed(svg: string): void {
  const open: string[] = [];
  for (const [, closing, tag, own] of svg.matchAll(/<(\/?)([a-zA-Z]+)[^<>]*?(\/?)>/g))
    if (closing === '/') assert.equal(open.pop(), tag);
    else if (own !== '/') open.push(tag);
  assert.deepEqual(open, []);
  assert.equal(svg.replace(/<[^<>]*>/g, '').includes('<'), false);
}

describe('the SVG of any plan', () => {
  test('shows every member with its address, the VIP and the pools', () => {
    fc.assert(
      fc.property(validStack, (data) => {
        const plan = planOf(yamlOf(data));
        const svg = renderSvg(plan);
        assertWellFormed(svg);
        for (const { name, address } of plan.members) {
          assert.ok(svg.includes(`>${name}<`), name);
          assert.match(svg, new RegExp(`>${address.replaceAll('.', '\\.')}(:\\d+)?<`));
        }
        assert.ok(svg.includes(`VIP ${plan.vip}`));
        for (const pool of plan.pools) assert.ok(svg.includes(`${pool.name} :${pool.listen}`));
      }),
      RUNS,
    );
  });

  function assertTidy(plan: Plan): void {
    const at = layout(plan);
    const boxes = [at.application, at.vip, ...cardsOf(plan).map((card) => card.box)];
    assertApart(boxes);
    assertApart([...at.shards.map((shard) => shard.box), at.sentinelPanel, at.vip, at.application]);
    for (const box of [...boxes, at.sentinelPanel])
      assert.ok(box.x >= 0 && box.y >= 0 && box.x + box.width <= at.width && box.y + box.height <= at.height);
  }

  test('nothing overlaps, and nothing leaves the page', () => {
    assertTidy(LONG);
    fc.assert(
      fc.property(validStack, (data) => assertTidy(planOf(yamlOf(data)))),
      RUNS,
    );
  });

  test('every text fits its card', () => {
    for (const plan of [defaultPlan(), LONG])
      for (const { box, name, address, tag } of cardsOf(plan)) {
        assert.ok(monoWidth(name, 12.5) + 18 <= box.width, name);
        assert.ok(monoWidth(address, 11.5) + monoWidth(tag, 10.5) + 18 + 12 <= box.width, address);
      }
  });

  test('needs nothing from elsewhere and adapts to a dark page', () => {
    const svg = renderSvg(defaultPlan());
    assert.doesNotMatch(
      svg.replace('xmlns="http://www.w3.org/2000/svg"', ''),
      /https?:|<script|@import|<image|href/,
    );
    assert.match(svg, /@media \(prefers-color-scheme: dark\)/);
  });

  test('the picture in docs/ is the one of stack.yaml', () => {
    const read = (path: string) => readFileSync(new URL(`../../../${path}`, import.meta.url), 'utf8');
    const drawn = renderSvg(planOf(read('stack.yaml')));
    const remedy = 'run `npx twemstack plan --diagram svg > docs/topology.svg`';
    assert.equal(read('docs/topology.svg'), `${drawn}\n`, remedy);
  });
});

describe('the Mermaid flowchart', () => {
  const text = renderMermaid(defaultPlan());

  test('leads from the application over VIP, edges and proxies to the masters', () => {
    for (const line of [
      '  app(["application"]) --> vip{{"VIP 198.18.0.100<br/>alpha: port 6379"}}',
      '  vip --> m_alpha_edge_a',
      '  vip -. standby .-> m_alpha_edge_b',
      '  edges --> proxies',
      '  proxies --> m_alpha_shard_1_a',
      '  proxies --> m_alpha_shard_2_b',
      '  sentinels -. watch .-> shard_m_shard_1',
    ])
      assert.ok(text.split('\n').includes(line), line);
  });

  test('declares every node once, closes every subgraph, and links only what is declared (property)', () => {
    fc.assert(
      fc.property(validStack, (data) => {
        const plan = planOf(yamlOf(data));
        const lines = renderMermaid(plan).split('\n');
        const declared = lines.flatMap((line) => /^ {4}(m_\w+)\["/.exec(line)?.[1] ?? []);
        assert.equal(new Set(declared).size, plan.members.length);
        assert.equal(declared.length, plan.members.length);
        const groups = lines.flatMap((line) => /^ {2}subgraph (\w+)\["/.exec(line)?.[1] ?? []);
        assert.equal(groups.length, plan.shards.length + 3);
        assert.equal(lines.filter((line) => line === '  end').length, groups.length);
        const known = new Set([...declared, ...groups, 'vip']);
        for (const line of lines) {
          const link = /^ +(\w+) (?:-->|-\. [\w ]+ \.->) (\w+)$/.exec(line);
          if (link !== null) assert.ok(known.has(link[1]) && known.has(link[2]), line);
        }
      }),
      RUNS,
    );
  });
});
