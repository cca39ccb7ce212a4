import { HOST_UP } from '../../watch/hosts.ts';
import type { HolderSpan } from '../../watch/vip.ts';
import type { AlertTimes } from '../alerts.ts';
import type { RoundReport } from '../round.ts';
import type { ShardSeries } from '../series.ts';
import { alertText } from '../text.ts';
import { escapeText } from './markup.ts';
import { LEFT, RIGHT, type TimeScale } from './scale.ts';

/** One horizontal strip of a timeline: its height and what is drawn into it at a given top. */
export interface Lane {
  readonly height: number;
  draw(top: number): string;
}

const label = (y: number, text: string, className = 'lane'): string =>
  `<text class="${className}" x="${LEFT - 8}" y="${y}" text-anchor="end">${escapeText(text)}</text>`;

/** Bars of what went wrong are at least so high: one failed write among a dozen must be seen. */
const LEAST_BAR = 9;

/**
 * Writes per step as bars: acknowledged from the ground, on them refused, then unknown; failed reads hang under the line.
 */
export function writesLane(series: ShardSeries, stepMs: number, firstStep: number, scale: TimeScale): Lane {
  const height = 52;
  const total = series.acknowledged.map((n, i) => n + series.refused[i] + series.unknown[i]);
  const most = Math.max(1, ...total);
  const width = Math.max(0.8, scale.x(scale.from + stepMs) - scale.x(scale.from) - 0.4).toFixed(1);
  const tops = total.map(() => 0);
  const bars = (top: number, values: readonly number[], least: number): string =>
    values
      .map((value, step) => {
        const at = firstStep + step * stepMs;
        if (value === 0 || at < scale.from || at >= scale.to) return '';
        const high = Math.max(least, (value / most) * height);
        const bottom = tops[step];
        tops[step] += high;
        return `M${scale.x(at)} ${(top + height - bottom).toFixed(1)}v${(-high).toFixed(1)}h${width}v${high.toFixed(1)}z`;
      })
      .join('');
  return {
    height: height + 10,
    draw(top) {
      tops.fill(0);
      return [
        label(top + height / 2 - 2, series.shard),
        label(top + height / 2 + 11, `0–${most} writes / ${stepMs} ms`, ''),
        `<path class="grid" d="M${LEFT} ${top + height}H${RIGHT}"/>`,
        `<path class="ok" d="${bars(top, series.acknowledged, 0)}"/>`,
        `<path class="refused" d="${bars(top, series.refused, LEAST_BAR)}"/>`,
        `<path class="unknown" d="${bars(top, series.unknown, LEAST_BAR)}"/>`,
        failedReadMarks(series, stepMs, firstStep, scale, top + height + 1),
      ].join('\n');
    },
  };
}

function failedReadMarks(
  series: ShardSeries,
  stepMs: number,
  firstStep: number,
  scale: TimeScale,
  top: number,
): string {
  const parts = series.failedReads.flatMap((count, step) => {
    const at = firstStep + step * stepMs;
    return count === 0 || at < scale.from || at >= scale.to ? [] : [`M${scale.x(at)} ${top}h3.5v7h-3.5z`];
  });
  return `<path class="read" d="${parts.join('')}"/>`;
}

/** The slowest acknowledged write of each step, 1 ms to 10 s, logarithmic. */
export function latencyLane(series: ShardSeries, stepMs: number, firstStep: number, scale: TimeScale): Lane {
  const height = 40;
  const y = (top: number, ms: number): number =>
    Math.round((top + height - (Math.log10(Math.min(Math.max(ms, 1), 10_000)) / 4) * height) * 10) / 10;
  return {
    height: height + 12,
    draw(top) {
      const grid = [10, 100, 1000].map(
        (ms) =>
          `<path class="grid" d="M${LEFT} ${y(top, ms)}H${RIGHT}"/><text x="${LEFT - 8}" y="${y(top, ms) + 4}" text-anchor="end">${ms < 1000 ? `${ms} ms` : '1 s'}</text>`,
      );
      const ticksOf = series.latency.flatMap((ms, step) => {
        const at = firstStep + step * stepMs;
        if (ms === 0 || at < scale.from || at >= scale.to) return [];
        return [
          `M${scale.x(at)} ${y(top, ms)}h${Math.max(1.5, scale.x(at + stepMs) - scale.x(at)).toFixed(1)}`,
        ];
      });
      return [
        `<text class="lane" x="4" y="${top + height / 2 + 4}">latency</text>`,
        ...grid,
        `<path class="latency" d="${ticksOf.join('')}"/>`,
      ].join('\n');
    },
  };
}

/** Who held the VIP, or one of several; edges in the order of `edges` for their colours. */
export function vipLane(
  spans: readonly HolderSpan[],
  edges: readonly string[],
  scale: TimeScale,
  vip?: string,
): Lane {
  return {
    height: 22,
    draw(top) {
      const shown = spans.filter((span) => span.vip === vip && span.to > scale.from && span.from < scale.to);
      const bars = shown.flatMap(({ from, to, holders }) => {
        const [left, right] = [scale.x(from), scale.x(to)];
        const high = 14 / Math.max(1, holders.length);
        return holders.map((edge, index) => {
          const color = `edge-${Math.max(0, edges.indexOf(edge)) % 3}`;
          const name = right - left > 7 * edge.length ? text(left + 5, top + 11, edge) : '';
          return `<rect class="${color}" x="${left}" y="${top + index * high}" width="${Math.max(1, right - left).toFixed(1)}" height="${high}"><title>${escapeText(edge)}</title></rect>${name}`;
        });
      });
      return [label(top + 11, `${vip ?? 'VIP'} held by`), ...bars].join('\n');
    },
  };
}

const text = (x: number, y: number, words: string): string =>
  `<text class="on" x="${x}" y="${y}">${escapeText(words)}</text>`;

/** What a redis member said that it is, over time. */
export function roleLane(report: RoundReport, member: string, scale: TimeScale): Lane {
  const changes = report.timeline.filter(({ source, event }) => source === member && event === 'role');
  return {
    height: 15,
    draw(top) {
      const bars = changes.map(({ at, text: role }, index) => {
        const [left, right] = [scale.x(at), scale.x(changes[index + 1]?.at ?? scale.to)];
        if (right <= left) return '';
        return `<rect class="${escapeText(role)}" x="${left}" y="${top}" width="${(right - left).toFixed(1)}" height="10"><title>${escapeText(`${member}: ${role}`)}</title></rect>`;
      });
      return [label(top + 9, member, report.members.includes(member) ? 'lane hit' : 'lane'), ...bars].join(
        '\n',
      );
    },
  };
}

/** When an alert was raised and when it was over. */
export function alertLane(times: AlertTimes, scale: TimeScale): Lane {
  const { alert, raised, over } = times;
  return {
    height: 17,
    draw(top) {
      const name = label(top + 10, alert);
      if (raised === null || raised > scale.to) return name;
      const [left, right] = [scale.x(raised), scale.x(over ?? scale.to)];
      const title = `<title>${escapeText(alertText(times))}</title>`;
      return `${name}\n<rect class="alert" x="${left}" y="${top}" width="${Math.max(1, right - left).toFixed(1)}" height="12">${title}</rect>`;
    },
  };
}

/** A host, what became of it in words, and when it was as it should be again. */
export function hostLane(report: RoundReport, source: string, scale: TimeScale): Lane {
  const changes = report.timeline.filter((event) => event.source === source && event.event === 'host');
  return {
    height: 17,
    draw(top) {
      const bars = changes.map(({ at, text: state }, index) => {
        const [left, right] = [scale.x(at), scale.x(changes[index + 1]?.at ?? scale.to)];
        if (right <= left) return '';
        const name =
          state !== HOST_UP && right - left > 7 * state.length ? text(left + 5, top + 10, state) : '';
        return `<rect class="${state === HOST_UP ? 'replica' : 'away'}" x="${left}" y="${top}" width="${(right - left).toFixed(1)}" height="12"><title>${escapeText(`${source}: ${state}`)}</title></rect>${name}`;
      });
      const hit = changes.some(({ text: state }) => state !== HOST_UP);
      return [label(top + 10, source, hit ? 'lane hit' : 'lane'), ...bars].join('\n');
    },
  };
}
