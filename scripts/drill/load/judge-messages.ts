import { repeated } from './judged.ts';
import type { Ledger, Subscription } from './ledger.ts';

/** What one subscriber heard of one channel. */
export interface Hearing extends Subscription {
  readonly heard: number;
  /** Numbers of messages that came more than once. */
  readonly twice: readonly number[];
  /** The longest time (ms) from the fault on in which nothing came; Infinity = it was deaf at the end. */
  readonly silence: number;
}

/** Silence at the end that is no pause any more: messages come twenty times a second. */
export const DEAF_MS = 1000;

/** What every subscriber heard of each of its channels from a moment on. Pure. */
export function judgeHearing(
  { subscriptions, heard, endedAt }: Pick<Ledger, 'subscriptions' | 'heard' | 'endedAt'>,
  from: number,
): Hearing[] {
  return subscriptions.map((subscription) => {
    const { subscriber, channel } = subscription;
    const own = heard.filter((each) => each.subscriber === subscriber && each.channel === channel);
    return {
      ...subscription,
      heard: own.length,
      twice: repeated(own.map(({ number }) => String(number))).map(Number),
      silence: longestSilence(
        own.map(({ at }) => at),
        from,
        endedAt,
      ),
    };
  });
}

function longestSilence(moments: readonly number[], from: number, end: number): number {
  let [last, longest] = [from, 0];
  for (const at of moments.filter((moment) => moment > from).sort((a, b) => a - b)) {
    longest = Math.max(longest, at - last);
    last = at;
  }
  const silent = Math.min(end, Number.MAX_SAFE_INTEGER) - last;
  return silent > DEAF_MS ? Number.POSITIVE_INFINITY : Math.max(longest, silent);
}
