import { median } from './proxy/verdict.ts';

/** What was measured twice, once of each kind, the two beside each other in time. */
export interface Pair<T = number> {
  readonly without: T;
  readonly with: T;
}

/** A median, and between which values that of many more such pairs lies, with 95 % confidence. */
export interface Estimate {
  readonly median: number;
  readonly low: number;
  readonly high: number;
}

const DOUBT = 0.05;

/**
 * The median of the pairs' ratios (with / without), with an interval that assumes nothing of how they are spread: so many of
 * them lie on each side of it as coin tosses would come out (the sign test turned round). Of fewer than six pairs no such
 * interval is narrower than all of them. Pure.
 */
export function ratioOf(pairs: readonly Pair[]): Estimate {
  const ratios = pairs.map((pair) => pair.with / pair.without).sort((a, b) => a - b);
  const outside = outsideOf(ratios.length);
  return { median: median(ratios), low: ratios[outside], high: ratios[ratios.length - 1 - outside] };
}

/** Of so many sorted values: how many of each end the interval leaves out. */
function outsideOf(count: number): number {
  let chance = 0.5 ** count;
  let below = 0;
  for (let k = 0; ; k++) {
    below += chance;
    if (2 * below > DOUBT) return Math.max(0, k - 1);
    chance *= (count - k) / (k + 1);
  }
}

/** The same as text: `0.978 (0.971 to 0.985)`. */
export const estimateText = ({ median: middle, low, high }: Estimate): string =>
  `${middle.toFixed(3)} (${low.toFixed(3)} to ${high.toFixed(3)})`;
