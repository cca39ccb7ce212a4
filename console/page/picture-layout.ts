import type { ConsoleMember, ConsoleState } from '../document.ts';

/** Everything in CSS pixels; text is 12 px high. Pure, so that what stands where can be tested without a browser. */

export interface Box {
  readonly member: ConsoleMember;
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
  /** What it is now, in a word or two. */
  readonly title: string;
  readonly detail: string;
  readonly tone: 'master' | 'active' | 'plain' | 'bad';
}

export interface Label {
  readonly x: number;
  readonly y: number;
  readonly text: string;
  readonly anchor: 'start' | 'middle';
  readonly kind: 'domain' | 'row';
}

/** The way of a request, corner by corner. */
export interface Wire {
  readonly points: ReadonlyArray<readonly [x: number, y: number]>;
  readonly live: boolean;
}

export interface Picture {
  readonly width: number;
  readonly height: number;
  readonly vip: { readonly x: number; readonly y: number; readonly width: number; readonly height: number };
  readonly boxes: readonly Box[];
  readonly labels: readonly Label[];
  readonly wires: readonly Wire[];
}

const BOX = 46;
const GAP = 10;
/** Between rows: room for a label and for the wires that run there. */
const LANE = 40;
const MARGIN = 22;
const VIP_HEIGHT = 30;
const LONGEST_BOX = 260;
/** Two lines nearer than this would look like one that is drawn badly. */
const CLOSE = 12;

/** Domains are columns; edges, proxies, shards and sentinels are rows; a request's way is drawn through them. */
export function layOut(state: ConsoleState, width: number): Picture {
  const columns = state.domains.length;
  const boxWidth = Math.min(LONGEST_BOX, (width - MARGIN - GAP * columns) / columns);
  const left = (domain: string): number => MARGIN + state.domains.indexOf(domain) * (boxWidth + GAP);
  const vipWidth = Math.min(Math.max(200, 30 + 8 * vipTitle(state).length), width - 2 * MARGIN);
  const vip = { x: MARGIN, y: 4, width: vipWidth, height: VIP_HEIGHT };
  const labels: Label[] = [];
  const boxes: Box[] = [];
  let y = vip.y + VIP_HEIGHT + LANE;
  const row = (name: string, members: readonly ConsoleMember[]): { top: number; boxes: Box[] } => {
    const top = y;
    labels.push({ x: MARGIN, y: top - 6, text: name, anchor: 'start', kind: 'row' });
    const drawn = members.map((member) => boxOf(member, left(member.domain), top, boxWidth));
    boxes.push(...drawn);
    y += BOX + LANE;
    return { top, boxes: drawn };
  };
  const of = (kind: ConsoleMember['kind']): ConsoleMember[] =>
    state.members.filter((member) => member.kind === kind);
  const edges = row('edges', of('edge'));
  const proxies = row('proxies', of('proxy'));
  const shards = state.shards.map((shard) =>
    row(
      shard,
      of('redis').filter((member) => member.shard === shard),
    ),
  );
  row('sentinels', of('sentinel'));
  const monitors = of('monitor');
  if (monitors.length > 0) row('monitors', monitors);
  const domainsY = y - LANE + 16;
  for (const domain of state.domains) {
    const x = left(domain) + boxWidth / 2;
    labels.push({ x, y: domainsY, text: `domain ${domain}`, anchor: 'middle', kind: 'domain' });
  }
  const wires = [
    ...fromVip(vip, edges.boxes),
    ...fromEdges(edges.boxes, proxies.boxes),
    ...toMasters(proxies.boxes, shards),
  ];
  return { width, height: domainsY + 10, vip, boxes, labels, wires };
}

/** What stands in the box of the virtual IPs. */
export const vipTitle = ({ vip, vips }: ConsoleState): string =>
  vips === undefined ? `VIP ${vip}` : `VIPs ${vips.join(', ')}`;

function boxOf(member: ConsoleMember, x: number, y: number, width: number): Box {
  const { title, detail, tone } = wordsOf(member);
  return { member, x, y, width, height: BOX, title, detail, tone: member.well ? tone : 'bad' };
}

const count = (number: number): string => number.toLocaleString('en');

/** A box has room for one address. */
const heldTitle = (vips: readonly string[] = []): string =>
  vips.length > 1 ? `holds ${vips.length} VIPs` : `holds ${vips[0] ?? 'the VIP'}`;

/** What a member is, and what there is to know of it, short enough for a telephone. */
export function wordsOf(member: ConsoleMember): Pick<Box, 'title' | 'detail' | 'tone'> {
  const { kind, role, health, holdsVip, vips, keys, lagBytes } = member;
  if (!['healthy', 'running'].includes(health)) return { title: health, detail: kind, tone: 'bad' };
  if (kind === 'edge')
    return holdsVip
      ? { title: heldTitle(vips), detail: 'active', tone: 'active' }
      : { title: 'edge', detail: 'standby', tone: 'plain' };
  if (kind === 'proxy') return { title: 'proxy', detail: 'serves', tone: 'active' };
  if (kind === 'sentinel') return { title: 'sentinel', detail: 'watches', tone: 'plain' };
  if (kind === 'monitor') return { title: 'monitor', detail: 'Prometheus', tone: 'plain' };
  if (role === 'master') return { title: 'master', detail: `${count(keys ?? 0)} keys`, tone: 'master' };
  const lag = lagBytes === undefined ? 'lag unknown' : `lag ${bytes(lagBytes)}`;
  return { title: role, detail: lag, tone: 'plain' };
}

/** `12 B`, `3.4 KiB`, `1.2 GiB` */
export function bytes(number: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  const power = number < 1 ? 0 : Math.min(units.length - 1, Math.floor(Math.log2(number) / 10));
  const value = number / 1024 ** power;
  return `${power === 0 ? Math.round(value) : value.toFixed(1)} ${units[power]}`;
}

const middle = ({ x, width }: { readonly x: number; readonly width: number }): number => x + width / 2;

function fromVip(vip: Picture['vip'], edges: readonly Box[]): Wire[] {
  const from = vip.y + vip.height;
  return edges
    .filter(({ member }) => member.holdsVip)
    .map((edge) => {
      const turn = from + 10;
      return {
        live: true,
        points: [
          [middle(vip), from],
          [middle(vip), turn],
          [middle(edge), turn],
          [middle(edge), edge.y],
        ],
      };
    });
}

/** The active edge balances over every proxy. */
function fromEdges(edges: readonly Box[], proxies: readonly Box[]): Wire[] {
  return edges
    .filter(({ member }) => member.holdsVip)
    .flatMap((edge) =>
      proxies.map((proxy) => {
        const from = edge.y + BOX;
        const turn = from + 12;
        return {
          live: proxy.member.well,
          points: [
            [middle(edge), from],
            [middle(edge), turn],
            [middle(proxy), turn],
            [middle(proxy), proxy.y],
          ] as const,
        };
      }),
    );
}

/** Every proxy reaches every master: one trunk along the left, a branch to each shard. */
function toMasters(proxies: readonly Box[], shards: ReadonlyArray<{ top: number; boxes: Box[] }>): Wire[] {
  const serving = proxies.filter(({ member }) => member.well);
  const [first] = serving;
  if (first === undefined) return [];
  const trunk = MARGIN / 2;
  const bus = first.y + BOX + 12;
  const collecting = serving.map(
    (proxy): Wire => ({
      live: true,
      points: [
        [middle(proxy), proxy.y + BOX],
        [middle(proxy), bus],
        [trunk, bus],
      ],
    }),
  );
  const branches = shards.flatMap(({ top, boxes }) =>
    boxes
      .filter(({ member }) => member.role === 'master')
      .map((master): Wire => {
        const branch = top - 22;
        const turn = branch - bus < CLOSE ? bus : branch;
        return {
          live: master.member.well,
          points: [
            [trunk, bus],
            [trunk, turn],
            [middle(master), turn],
            [middle(master), top],
          ],
        };
      }),
  );
  return [...collecting, ...branches];
}
