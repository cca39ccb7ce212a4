/** Someone for whom bytes are kept. */
export interface Holder {
  /** Bytes that were accounted for it last. */
  readonly accounted: number;
  /** Makes room: everything that is kept for it is let go. */
  shed(total: number, limit: number): void;
}

/** Bytes. */
export const DEFAULT_BUFFER_LIMIT = 256 * 1024 * 1024;

/** However little room is left, so much is always allowed: small requests are served while large ones wait. */
const LEAST_SHARE = 64 * 1024;

/** What all clients of the process together may have lying in the proxy. */
export class BufferBudget {
  private total = 0;
  private readonly holders = new Set<Holder>();

  /** @param limit bytes */
  constructor(readonly limit = DEFAULT_BUFFER_LIMIT) {}

  get used(): number {
    return this.total;
  }

  /**
   * Up to how much one client may have now: never more than this part of what is free. So the largest are stopped
   * first, and the less room there is, the smaller they must be (dynamic thresholds, as in shared-memory switches).
   */
  share(most: number, part = 1): number {
    return Math.max(LEAST_SHARE, Math.min(most, (this.limit - this.total) * part));
  }

  /** Notes that `holder` has `now` bytes instead of `holder.accounted`. Whoever has most is let go above the limit. */
  account(holder: Holder, now: number): void {
    this.total += now - holder.accounted;
    if (now > 0) this.holders.add(holder);
    else this.holders.delete(holder);
  }

  /** To be called after `account`, when the holder has taken note. */
  enforce(): void {
    if (this.total <= this.limit) return;
    let largest: Holder | null = null;
    for (const holder of this.holders) {
      if (largest === null || holder.accounted > largest.accounted) largest = holder;
    }
    largest?.shed(this.total, this.limit);
  }
}
