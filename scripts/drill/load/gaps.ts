import type { Ledger } from './ledger.ts';

/** A time without an acknowledged write, relative to the fault (ms). */
export interface Gap {
  /** When the last write before it was acknowledged. */
  readonly lastBefore: number;
  /** When the first one after it was acknowledged. */
  readonly firstAfter: number;
}

export const lengthOf = ({ lastBefore, firstAfter }: Gap): number => firstAfter - lastBefore;

/** The longest pause between moments that ends after `from`, relative to it. Pure. */
export function longestGap(moments: readonly number[], from: number): Gap | undefined {
  const sorted = [...moments].sort((a, b) => a - b);
  let longest: Gap | undefined;
  for (let i = 1; i < sorted.length; i++) {
    if (sorted[i] <= from) continue;
    const gap = { lastBefore: sorted[i - 1] - from, firstAfter: sorted[i] - from };
    if (longest === undefined || lengthOf(gap) > lengthOf(longest)) longest = gap;
  }
  return longest;
}

/** The longest time a shard took no write from anybody. */
export function shardGap(ledger: Ledger, shard: string, from: number): Gap | undefined {
  return longestGap(
    acknowledgements(ledger, (write) => write.shard === shard),
    from,
  );
}

/** The longest time one writer of these shards had to wait, each connection looked at alone. */
export function worstConnectionGap(
  ledger: Ledger,
  shards: readonly string[],
  from: number,
): (Gap & { readonly connection: string }) | undefined {
  const connections = new Set(
    ledger.writes.filter(({ shard }) => shards.includes(shard)).map(({ connection }) => connection),
  );
  const gaps = [...connections].flatMap((connection) => {
    const gap = longestGap(
      acknowledgements(ledger, (write) => write.connection === connection),
      from,
    );
    return gap === undefined ? [] : [{ ...gap, connection }];
  });
  return gaps.sort((a, b) => lengthOf(b) - lengthOf(a)).at(0);
}

/** The longest time in which no new connection was served. */
export function newcomerGap(ledger: Ledger, from: number): Gap | undefined {
  return longestGap(
    ledger.newcomers.filter(({ ok }) => ok).map(({ endedAt }) => endedAt),
    from,
  );
}

function acknowledgements(ledger: Ledger, counts: (write: Ledger['writes'][number]) => boolean): number[] {
  return ledger.writes
    .filter((write) => write.outcome === 'acknowledged' && counts(write))
    .map(({ endedAt }) => endedAt);
}
