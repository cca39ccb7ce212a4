import type { Ledger } from './ledger.ts';

/** A time without an acknowledged write, relative to the fault (ms). */
export interface Gap {
  /** When the last write before it was acknowledged. */
  readonly lastBefore: number;
  /** When the first one after it was acknowledged. */
  readonly firstAfter: number;
}

export const lengthOf = ({ lastBefore, firstAfter }: Gap): number => firstAfter - lastBefore;

/** Which pauses count: those that end after `from` (the fault) and begin before `until`. */
export interface Window {
  readonly from: number;
  readonly until: number;
  /** When the load ended: nothing is expected afterwards. */
  readonly end: number;
}

/** The longest pause between moments, relative to the fault. Infinitely long when nothing comes any more. Pure. */
export function longestGap(moments: readonly number[], { from, until, end }: Window): Gap | undefined {
  const sorted = [...moments].sort((a, b) => a - b);
  let longest: Gap | undefined;
  const consider = (gap: Gap): void => {
    if (longest === undefined || lengthOf(gap) > lengthOf(longest)) longest = gap;
  };
  for (let i = 1; i < sorted.length; i++) {
    if (sorted[i] <= from || sorted[i - 1] >= until) continue;
    consider({ lastBefore: sorted[i - 1] - from, firstAfter: sorted[i] - from });
  }
  const last = sorted.at(-1) ?? from;
  // What is under way as the load ends is not a pause; what is missing for longer than any pause before is an end.
  const silence = Math.min(end, Number.MAX_SAFE_INTEGER) - last;
  if (silence > Math.max(SILENCE_MS, longest === undefined ? 0 : lengthOf(longest)) && last < until)
    return { lastBefore: last - from, firstAfter: Number.POSITIVE_INFINITY };
  return longest;
}

const SILENCE_MS = 1000;

type Match = (write: Ledger['writes'][number]) => boolean;

/** Moments at which writes were acknowledged. */
export function acknowledgements(ledger: Ledger, counts: Match): number[] {
  return ledger.writes
    .filter((write) => write.outcome === 'acknowledged' && counts(write))
    .map(({ endedAt }) => endedAt);
}

/** The longest time a shard took no write from anybody. */
export function shardGap(ledger: Ledger, shard: string, window: Window): Gap | undefined {
  return longestGap(
    acknowledgements(ledger, (write) => write.shard === shard),
    window,
  );
}

/** The longest time one writer or reader of these shards had to wait, each connection looked at alone. */
export function worstConnectionGap(
  ledger: Ledger,
  shards: readonly string[],
  window: Window,
): (Gap & { readonly connection: string }) | undefined {
  const moments = new Map<string, number[]>();
  const served = [
    ...ledger.writes.filter(({ outcome }) => outcome === 'acknowledged'),
    ...ledger.reads.filter(({ ok }) => ok),
  ];
  for (const { shard, connection, endedAt } of served) {
    if (!shards.includes(shard)) continue;
    const own = moments.get(connection) ?? [];
    own.push(endedAt);
    moments.set(connection, own);
  }
  const gaps = [...moments].flatMap(([connection, own]) => {
    const gap = longestGap(own, window);
    return gap === undefined ? [] : [{ ...gap, connection }];
  });
  return gaps.sort((a, b) => lengthOf(b) - lengthOf(a)).at(0);
}

/** The longest time in which no new connection was served. */
export function newcomerGap(ledger: Ledger, window: Window): Gap | undefined {
  return longestGap(
    ledger.newcomers.filter(({ ok }) => ok).map(({ endedAt }) => endedAt),
    window,
  );
}
