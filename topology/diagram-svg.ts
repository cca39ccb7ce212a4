/** Plan → one self-contained SVG, readable in light and dark, for a README or a wall. */
import { type Card, type Layout, layout, MARGIN, type ShardPanel } from './diagram-layout.ts';
import { isOnHosts } from './plan.ts';
import { BLOCK_SIZE } from './port-block.ts';
import {
  around,
  type Box,
  escapeXml,
  flow,
  middle,
  monoWidth,
  rect,
  rise,
  styleSheet,
  text,
} from './svg-parts.ts';
import type { AnyPlan } from './types.ts';
import { vipsOf } from './vips.ts';

/** Beyond one column of shards a line to each would cross the others: one line stands for all. */
function inOneColumn(shards: readonly ShardPanel[]): boolean {
  return shards.every((shard) => shard.box.x === shards[0].box.x);
}

function drawCard({ box, name, address, tag, domain }: Card): string {
  const left = box.x + 18;
  return [
    rect(box, `card d${domain}`, 8),
    `<rect class="b${domain}" x="${box.x}" y="${box.y + 8}" width="4" height="${box.height - 16}" rx="2"/>`,
    text(left, box.y + 18, 'mono', name),
    text(left, box.y + 34, 'address', address),
    tag === '' ? '' : text(box.x + box.width - 12, box.y + 34, 'tag end', tag),
  ].join('');
}

function whereText(plan: AnyPlan): string {
  if (!isOnHosts(plan)) return `front ${plan.front.subnet}, back ${plan.back.subnet}`;
  return `${plan.domains.length} hosts, ports ${plan.ports} to ${plan.ports + BLOCK_SIZE - 1}`;
}

function drawHeader(plan: AnyPlan, at: Layout): string[] {
  const parts = [text(MARGIN, 38, 'title', plan.name)];
  parts.push(text(MARGIN, 57, 'note', whereText(plan)));
  let right = at.width - MARGIN;
  for (const [index, domain] of [...plan.domains.entries()].reverse()) {
    right -= monoWidth(domain.name, 11.5);
    parts.push(text(right, 38, 'address', domain.name));
    parts.push(`<rect class="b${index}" x="${right - 17}" y="29" width="11" height="11" rx="3"/>`);
    right -= 34;
  }
  parts.push(text(right + 4, 38, 'note end', 'failure domains'));
  return parts;
}

function drawHeads(at: Layout): string[] {
  const heads: [number, string][] = [
    [at.vip.x, 'edges: keepalived + HAProxy'],
    [at.proxies[0].box.x, 'proxies'],
    [at.shards[0].box.x, 'shards'],
  ];
  return [
    text(at.application.x, at.headY, 'head', 'application'),
    ...heads.map(([x, label]) => text(x, at.headY, 'head', label)),
  ];
}

function drawApplication(at: Layout): string[] {
  const box = at.application;
  const x = box.x + box.width / 2;
  return [
    rect(box, 'plain'),
    text(x, middle(box) - 2, 'mono mid', 'application'),
    text(x, middle(box) + 15, 'note mid', 'any Redis client'),
    flow(box, at.vip, 'line'),
  ];
}

function drawVip(plan: AnyPlan, at: Layout): string[] {
  const { x, y, width, height } = at.vip;
  const vips = vipsOf(plan);
  const centre = x + width / 2;
  const first = at.edges[0].box;
  // Left of the middle, so that the words beside the arrow stay clear of the lines to the proxies.
  const arrowX = x + Math.round(width / 4);
  return [
    rect(at.vip, 'vip', 10),
    ...vips.map(({ address }, index) =>
      text(centre, y + 22 + index * 16, 'mono mid onvip', `VIP ${address}`),
    ),
    ...plan.pools.map((pool, index) =>
      text(centre, y + 24 + (vips.length + index) * 16, 'address mid onvip2', `${pool.name} :${pool.listen}`),
    ),
    `<path class="line" d="M${arrowX} ${y + height} V${first.y - 2}"/>`,
    text(arrowX + 9, y + height + 21, 'note', vips.length > 1 ? 'each on an edge' : 'held by one edge'),
  ];
}

function drawFlows(at: Layout): string[] {
  const links = at.edges.flatMap((edge) => at.proxies.map((proxy) => flow(edge.box, proxy.box, 'thin')));
  if (inOneColumn(at.shards)) {
    const masters = at.shards.map((shard) => shard.cards[0].box);
    const toMasters = at.proxies.flatMap((proxy) => masters.map((master) => flow(proxy.box, master, 'thin')));
    return [...links, ...toMasters];
  }
  const all = around(at.shards.map((shard) => shard.box));
  return [...links, ...at.proxies.map((proxy) => flow(proxy.box, all, 'thin'))];
}

function drawSentinels(plan: AnyPlan, at: Layout): string[] {
  const panel = at.sentinelPanel;
  const count = plan.sentinels.length;
  const title = `sentinels: ${plan.sentinel.quorum} of ${count} agree that a master is down, a majority promotes a replica`;
  const up = (boxes: readonly Box[], label: string) => {
    const area = around(boxes);
    const x = area.x + Math.min(area.width, 220) / 2;
    return [rise(x, panel.y, area.y + area.height, 'dots'), text(x + 10, panel.y - 14, 'note', label)];
  };
  return [
    rect(panel, 'panel'),
    text(panel.x + 12, panel.y + 17, 'head', title),
    ...at.sentinels.map(drawCard),
    ...up(
      at.proxies.map((proxy) => proxy.box),
      'say who is master',
    ),
    ...up(
      at.shards.map((shard) => shard.box),
      'watch every member',
    ),
  ];
}

function drawShards(at: Layout): string[] {
  return at.shards.flatMap((shard) => [
    rect(shard.box, 'panel'),
    text(shard.box.x + 12, shard.box.y + 17, 'head', shard.title),
  ]);
}

/** A self-contained SVG 1.1 document (no scripts, fonts or links). No trailing newline. */
export function renderSvg(plan: AnyPlan): string {
  const at = layout(plan);
  const title = escapeXml(`Topology of the stack ${plan.name}`);
  const summary = `${plan.edges.length} edges, ${plan.proxies.length} proxies, ${plan.shards.length} shards, ${plan.sentinels.length} sentinels behind ${vipsOf(
    plan,
  )
    .map(({ address }) => address)
    .join(' and ')}`;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" role="img" viewBox="0 0 ${at.width} ${at.height}" width="${at.width}" height="${at.height}">`,
    `<title>${title}</title><desc>${escapeXml(summary)}</desc>`,
    styleSheet(plan.domains.length),
    '<defs><marker id="arrow" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" markerUnits="userSpaceOnUse" orient="auto"><path class="tip" d="M0 0.5 L8 4 L0 7.5 Z"/></marker></defs>',
    `<rect class="page" width="${at.width}" height="${at.height}" rx="14"/>`,
    ...drawHeader(plan, at),
    ...drawHeads(at),
    ...drawShards(at),
    ...drawFlows(at),
    ...drawApplication(at),
    ...drawVip(plan, at),
    ...[...at.edges, ...at.proxies, ...at.shards.flatMap((shard) => shard.cards)].map(drawCard),
    ...drawSentinels(plan, at),
    '</svg>',
  ].join('\n');
}
