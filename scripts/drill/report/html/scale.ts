import type { RoundReport } from '../round.ts';

/** Where everything stands in a timeline's picture (SVG units). */
export const LEFT = 132;
export const RIGHT = 1088;
export const WIDTH = 1100;

/** Longest stretch of time in one picture; the rest is in the table of events. */
const LONGEST_MS = 40_000;
/** An alert takes a minute to come, and then has to go. */
const LONGEST_TOLD_MS = 150_000;

/** The part of a round that is drawn, and where a moment stands in it. */
export interface TimeScale {
  readonly from: number;
  readonly to: number;
  x(ms: number): number;
}

/** From before the fault until shortly after the stack was whole again, and its alerts were over, as far as it fits. */
export function timeScale(report: RoundReport): TimeScale {
  const { series, milestones } = report;
  const told = (report.alerts ?? []).flatMap(({ raised, over }) => (raised === null ? [] : [over ?? raised]));
  const end = series.from + (series.shards[0]?.acknowledged.length ?? 0) * series.stepMs;
  const from = Math.max(series.from, -2000);
  const last = Math.max(milestones.whole ?? end, ...told);
  const longest = told.length > 0 ? LONGEST_TOLD_MS : LONGEST_MS;
  const to = Math.max(from + 1000, Math.min(end, last + 1500, from + longest));
  return {
    from,
    to,
    x: (ms) =>
      Math.round((LEFT + ((Math.min(Math.max(ms, from), to) - from) / (to - from)) * (RIGHT - LEFT)) * 10) /
      10,
  };
}

/** Round moments for the axis, about ten of them. */
export function ticks({ from, to }: Pick<TimeScale, 'from' | 'to'>): number[] {
  const steps = [100, 200, 500, 1000, 2000, 5000, 10_000, 20_000];
  const step = steps.find((candidate) => (to - from) / candidate <= 12) ?? 20_000;
  const marks: number[] = [];
  for (let ms = Math.ceil(from / step) * step; ms <= to; ms += step) marks.push(ms);
  return marks;
}
