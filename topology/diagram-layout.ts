/** Where everything stands in the SVG: application | VIP and edges | proxies | shards, sentinels below. */
import { around, type Box, middle, monoWidth } from './svg-parts.ts';
import type { AnyPlan, Member } from './types.ts';
import { areShared, preferredVip, vipsOf } from './vips.ts';

/** Three lines of text at most: name, address, tag. */
export interface Card {
  readonly box: Box;
  readonly name: string;
  readonly address: string;
  readonly tag: string;
  /** Position of its domain in the file, which gives its colour. */
  readonly domain: number;
}

export interface ShardPanel {
  readonly box: Box;
  readonly title: string;
  readonly cards: readonly Card[];
}

export interface Layout {
  readonly width: number;
  readonly height: number;
  readonly headY: number;
  readonly application: Box;
  readonly vip: Box;
  readonly edges: readonly Card[];
  readonly proxies: readonly Card[];
  readonly shards: readonly ShardPanel[];
  readonly sentinelPanel: Box;
  readonly sentinels: readonly Card[];
}

export const MARGIN = 24;
export const NAME_SIZE = 12.5;
export const SMALL_SIZE = 10.5;
const HEAD_Y = 92;
const BODY_Y = HEAD_Y + 14;
const CARD_HEIGHT = 44;
const CARD_GAP = 10;
const COLUMN_GAP = 64;
const PANEL_PADDING = 12;
const PANEL_TITLE = 26;
const SHARD_ROWS = 4;
/** Room between the columns and the sentinels for the dotted lines and their labels. */
const RISE = 56;
const VIP_TITLE = 36;
const POOL_LINE = 16;
const VIP_GAP = 34;
const APPLICATION = { width: 112, height: 64 };

type CardText = Omit<Card, 'box'>;

function cardWidth(cards: readonly CardText[]): number {
  const widths = cards.map((card) => {
    const second = monoWidth(card.address, 11.5) + 14 + monoWidth(card.tag, SMALL_SIZE);
    return Math.max(monoWidth(card.name, NAME_SIZE), second) + 30;
  });
  return Math.max(140, ...widths);
}

function stack(cards: readonly CardText[], x: number, y: number, width: number): Card[] {
  return cards.map((card, index) => ({
    ...card,
    box: { x, y: y + index * (CARD_HEIGHT + CARD_GAP), width, height: CARD_HEIGHT },
  }));
}

function stackHeight(count: number): number {
  return count * CARD_HEIGHT + (count - 1) * CARD_GAP;
}

function cardTexts(plan: AnyPlan) {
  const position = new Map(plan.domains.map((domain, index) => [domain.name, index]));
  const text = (member: Member, tag: string, port?: number): CardText => ({
    name: member.name,
    address: port === undefined ? member.address : `${member.address}:${port}`,
    tag,
    domain: position.get(member.domain) ?? 0,
  });
  return {
    edges: plan.edges.map((edge) =>
      text(edge, areShared(plan) ? (preferredVip(plan, edge) ?? 'standby') : `priority ${edge.priority}`),
    ),
    proxies: plan.proxies.map((proxy) => text(proxy, 'active')),
    sentinels: plan.sentinels.map((sentinel) => text(sentinel, '', sentinel.port)),
    shards: plan.shards.map((shard) => ({
      title: shard.weight === 1 ? shard.name : `${shard.name}, weight ${shard.weight}`,
      cards: shard.members.map((member) =>
        text(member, member.initialMaster ? 'first master' : 'replica', member.port),
      ),
    })),
  };
}

/** Shards in columns of at most four, so that a dozen still fits a screen. */
function placeShards(shards: ReturnType<typeof cardTexts>['shards'], x: number, y: number): ShardPanel[] {
  const width = cardWidth(shards.flatMap((shard) => shard.cards));
  const panelWidth = width + 2 * PANEL_PADDING;
  const panelHeight = PANEL_TITLE + stackHeight(shards[0].cards.length) + PANEL_PADDING;
  const rows = Math.ceil(shards.length / Math.ceil(shards.length / SHARD_ROWS));
  return shards.map(({ title, cards }, index) => {
    const box = {
      x: x + Math.floor(index / rows) * (panelWidth + 16),
      y: y + (index % rows) * (panelHeight + 16),
      width: panelWidth,
      height: panelHeight,
    };
    return { box, title, cards: stack(cards, box.x + PANEL_PADDING, box.y + PANEL_TITLE, width) };
  });
}

/** Sentinels side by side, wrapped to the width of the panel. */
function placeSentinels(cards: readonly CardText[], panel: Omit<Box, 'height'>): { box: Box; cards: Card[] } {
  const width = cardWidth(cards);
  const inner = panel.width - 2 * PANEL_PADDING;
  const perRow = Math.max(1, Math.floor((inner + CARD_GAP) / (width + CARD_GAP)));
  const placed = cards.map((card, index) => ({
    ...card,
    box: {
      x: panel.x + PANEL_PADDING + (index % perRow) * (width + CARD_GAP),
      y: panel.y + PANEL_TITLE + Math.floor(index / perRow) * (CARD_HEIGHT + CARD_GAP),
      width,
      height: CARD_HEIGHT,
    },
  }));
  const height = PANEL_TITLE + stackHeight(Math.ceil(cards.length / perRow)) + PANEL_PADDING;
  return { box: { ...panel, height }, cards: placed };
}

/** The column of the VIP and the edges under it. */
function edgeColumn(plan: AnyPlan, cards: readonly CardText[]) {
  const pools = plan.pools.map((pool) => monoWidth(`${pool.name} :${pool.listen}`, 11.5));
  const vips = vipsOf(plan);
  const vipTitle = Math.max(...vips.map(({ address }) => monoWidth(`VIP ${address}`, NAME_SIZE)));
  const vipHeight = VIP_TITLE + (vips.length - 1 + plan.pools.length) * POOL_LINE;
  return {
    width: Math.max(cardWidth(cards), Math.max(vipTitle, ...pools) + 30),
    height: vipHeight + VIP_GAP + stackHeight(cards.length),
    place: (x: number, y: number, width: number) => ({
      vip: { x, y, width, height: vipHeight },
      edges: stack(cards, x, y + vipHeight + VIP_GAP, width),
    }),
  };
}

/** Geometry of the whole picture. */
export function layout(plan: AnyPlan): Layout {
  const texts = cardTexts(plan);
  const column = edgeColumn(plan, texts.edges);
  const proxyWidth = cardWidth(texts.proxies);
  const edgeX = MARGIN + APPLICATION.width + COLUMN_GAP;
  const proxyX = edgeX + column.width + COLUMN_GAP;
  const shardX = proxyX + proxyWidth + COLUMN_GAP;

  const shardArea = around(placeShards(texts.shards, shardX, BODY_Y).map((shard) => shard.box));
  const proxyHeight = stackHeight(texts.proxies.length);
  const body = Math.max(shardArea.height, column.height, proxyHeight);
  const centred = (height: number) => BODY_Y + Math.round((body - height) / 2);

  const { vip, edges } = column.place(edgeX, centred(column.height), column.width);
  const right = shardArea.x + shardArea.width;
  const panel = { x: edgeX, y: BODY_Y + body + RISE, width: right - edgeX };
  const sentinels = placeSentinels(texts.sentinels, panel);
  return {
    width: right + MARGIN,
    height: sentinels.box.y + sentinels.box.height + MARGIN,
    headY: HEAD_Y,
    application: { x: MARGIN, y: Math.round(middle(vip) - APPLICATION.height / 2), ...APPLICATION },
    vip,
    edges,
    proxies: stack(texts.proxies, proxyX, centred(proxyHeight), proxyWidth),
    shards: placeShards(texts.shards, shardX, centred(shardArea.height)),
    sentinelPanel: sentinels.box,
    sentinels: sentinels.cards,
  };
}
