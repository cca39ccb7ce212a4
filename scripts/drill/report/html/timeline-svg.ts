import type { RoundReport } from '../round.ts';
import { alertLane, hostLane, type Lane, latencyLane, roleLane, vipLane, writesLane } from './lanes.ts';
import { escapeText } from './markup.ts';
import { LEFT, RIGHT, type TimeScale, ticks, timeScale, WIDTH } from './scale.ts';

const FLAG_ROW = 13;

/** A moment with a name, drawn as a line through all lanes. */
interface Flag {
  readonly at: number;
  readonly name: string;
  readonly fault?: boolean;
}

/** One round as a picture: writes by outcome, latency, hosts, holder of the VIP, roles, alerts, all over one clock. */
export function timelineSvg(report: RoundReport): string {
  const scale = timeScale(report);
  const flags = placeFlags(flagsOf(report), scale);
  const flagRows = Math.max(1, ...flags.map(({ row }) => row + 1));
  let top = 8 + flagRows * FLAG_ROW;
  const lanesTop = top;
  const drawn: string[] = [];
  for (const lane of lanesOf(report, scale)) {
    drawn.push(lane.draw(top));
    top += lane.height;
  }
  const height = top + 22;
  const title = `${report.drill}, round ${report.round}: writes, latency, VIP and roles over time`;
  return [
    `<svg viewBox="0 0 ${WIDTH} ${height}" role="img" aria-label="${escapeText(title)}">`,
    faultBand(report, scale, lanesTop, top),
    ...ticks(scale).map((ms) => axisMark(ms, scale, lanesTop, top)),
    ...drawn,
    ...flags.map(({ flag, row }) => drawFlag(flag, row, scale, lanesTop, top)),
    '</svg>',
  ].join('\n');
}

/** From the fault until it was taken back. */
function faultBand({ milestones }: RoundReport, scale: TimeScale, top: number, bottom: number): string {
  const [left, right] = [scale.x(0), scale.x(milestones.restored ?? scale.to)];
  const width = Math.max(0, right - left).toFixed(1);
  return `<rect class="band" x="${left}" y="${top}" width="${width}" height="${bottom - top}"/>`;
}

function lanesOf(report: RoundReport, scale: TimeScale): Lane[] {
  const { series, vip } = report;
  const shards = series.shards.flatMap((shard) => [
    writesLane(shard, series.stepMs, series.from, scale),
    latencyLane(shard, series.stepMs, series.from, scale),
  ]);
  const edges = [...new Set((vip?.spans ?? []).flatMap(({ holders }) => holders))].sort();
  const vips = [...new Set((vip?.spans ?? []).map((span) => span.vip))];
  const sourcesOf = (kind: string): string[] =>
    [...new Set(report.timeline.filter(({ event }) => event === kind).map(({ source }) => source))].sort();
  const members = sourcesOf('role');
  const shown = members.filter((member) => report.shard === null || member.includes(`-${report.shard}-`));
  return [
    ...shards,
    ...sourcesOf('host').map((host) => hostLane(report, host, scale)),
    ...vips.map((address) => vipLane(vip?.spans ?? [], edges, scale, address)),
    ...shown.map((member) => roleLane(report, member, scale)),
    ...(report.alerts ?? []).filter(({ raised }) => raised !== null).map((each) => alertLane(each, scale)),
  ];
}

function flagsOf({ milestones }: RoundReport): Flag[] {
  const named: Array<readonly [string, number | null]> = [
    ['master seen down', milestones.detected],
    ['promoted', milestones.promoted],
    ['announced', milestones.announced],
    ['VIP taken over', milestones.vipMoved],
    ['fault taken back', milestones.restored],
    ['whole again', milestones.whole],
  ];
  return [
    { at: 0, name: 'fault', fault: true },
    ...named.flatMap(([name, at]) => (at === null ? [] : [{ at, name }])),
  ];
}

/** Names that would run into each other stand in different rows. */
function placeFlags(flags: readonly Flag[], scale: TimeScale): Array<{ flag: Flag; row: number }> {
  const ends: number[] = [];
  return [...flags]
    .filter(({ at }) => at >= scale.from && at <= scale.to)
    .sort((a, b) => a.at - b.at)
    .map((flag) => {
      const width = captionWidth(flag);
      const x = scale.x(flag.at);
      // Near the right end the name stands to the left of its line.
      const left = x + width > RIGHT ? x - width : x;
      let row = ends.findIndex((end) => end <= left);
      if (row < 0) row = ends.length;
      ends[row] = left + width;
      return { flag, row };
    });
}

const caption = ({ name, at }: Flag): string =>
  at === 0 ? name : `${name} ${at < 10_000 ? `${Math.round(at)} ms` : `${(at / 1000).toFixed(1)} s`}`;

const captionWidth = (flag: Flag): number => caption(flag).length * 5.9 + 10;

function drawFlag(flag: Flag, row: number, scale: TimeScale, lanesTop: number, bottom: number): string {
  const x = scale.x(flag.at);
  const y = 10 + row * FLAG_ROW;
  const atEdge = x + captionWidth(flag) > RIGHT;
  const anchor = atEdge ? ` text-anchor="end"` : '';
  const name = `<text${flag.fault === true ? ' class="fault-text"' : ''} x="${atEdge ? x - 3 : x + 3}" y="${y}"${anchor}>${escapeText(caption(flag))}</text>`;
  return `<path class="${flag.fault === true ? 'fault' : 'mark'}" d="M${x} ${Math.min(y - 8, lanesTop)}V${bottom}"/>${name}`;
}

function axisMark(ms: number, scale: TimeScale, top: number, bottom: number): string {
  const x = scale.x(ms);
  const words = Math.abs(ms) % 1000 === 0 ? `${ms / 1000} s` : `${ms / 1000}`;
  return `<path class="grid" d="M${x} ${top}V${bottom}" opacity=".5"/><text x="${x}" y="${bottom + 15}" text-anchor="${x > RIGHT - 12 ? 'end' : x < LEFT + 12 ? 'start' : 'middle'}">${words}</text>`;
}
