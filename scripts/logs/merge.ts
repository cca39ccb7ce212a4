/** From here on a source is up to date: it gives what happens, and is not waited for. */
export const LIVE = Symbol('live');

/** Lines of one source, oldest first. Ends by itself when its signal is aborted. */
export type Source<T> = AsyncIterator<T | typeof LIVE>;

interface Head<T> {
  readonly record: T;
  readonly source: number;
  /** When it was written, milliseconds since 1970 by the sources' clock. */
  readonly written: number;
}

/**
 * Many sources as one, by time; what has the same time in the order of the sources. Of each one no more than one record
 * is held, however long it is, so whoever reads slowly slows the sources down.
 *
 * While a source is behind (before `LIVE`), everybody waits for it. Later a record waits until it is so old only that others,
 * written before it, have come in.
 *
 * @param graceMs how old that is, beyond what the quickest took from being written to being here
 */
export async function* mergeByTime<T extends { readonly stamp: string }>(
  sources: ReadonlyArray<Source<T>>,
  graceMs: number,
): AsyncGenerator<T> {
  const merge = new Merge<T>(sources);
  for (;;) {
    const next = await merge.next(graceMs);
    if (next === undefined) return;
    yield next;
  }
}

class Merge<T extends { readonly stamp: string }> {
  readonly #heads: Array<Head<T>> = [];
  /** Sources that were asked for their next record. */
  readonly #pending = new Set<number>();
  readonly #live = new Set<number>();
  /** What the quickest record took: the way here, and how far the clocks are apart. Milliseconds. */
  #quickest = Number.POSITIVE_INFINITY;
  #failure: { readonly error: unknown } | undefined;
  #wake: () => void = () => undefined;

  constructor(private readonly sources: ReadonlyArray<Source<T>>) {
    for (const source of sources.keys()) this.#ask(source);
  }

  /** The next record of all; undefined when every source has ended. */
  async next(graceMs: number): Promise<T | undefined> {
    for (;;) {
      if (this.#failure !== undefined) throw this.#failure.error;
      const first = this.#heads.at(0);
      if (first === undefined && this.#pending.size === 0) return undefined;
      const waits = first === undefined ? undefined : this.#waits(first, graceMs);
      if (first !== undefined && waits === 0) {
        this.#heads.shift();
        this.#ask(first.source);
        return first.record;
      }
      await this.#something(waits);
    }
  }

  /** Milliseconds that a record has to wait yet; undefined: until somebody who is behind says more. */
  #waits({ written }: Head<T>, graceMs: number): number | undefined {
    if (this.#pending.size === 0) return 0;
    if ([...this.#pending].some((source) => !this.#live.has(source))) return undefined;
    if (this.#quickest === Number.POSITIVE_INFINITY) return 0;
    const old = Date.now() - written - this.#quickest;
    return Math.min(graceMs, Math.max(0, graceMs - old));
  }

  #something(withinMs: number | undefined): Promise<void> {
    return new Promise((resolve) => {
      const timer = withinMs === undefined ? undefined : setTimeout(resolve, Math.ceil(withinMs));
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  #ask(source: number): void {
    this.#pending.add(source);
    this.sources[source].next().then(
      ({ done, value }) => {
        if (done !== true && value === LIVE) {
          this.#live.add(source);
          this.#ask(source);
        } else {
          this.#pending.delete(source);
          if (done !== true) this.#take(value as T, source);
        }
        this.#wake();
      },
      (error: unknown) => {
        this.#failure = { error };
        this.#wake();
      },
    );
  }

  #take(record: T, source: number): void {
    const time = Date.parse(record.stamp);
    // What tells no time waits for nobody.
    const written = Number.isNaN(time) ? 0 : time;
    if (this.#live.has(source) && written > 0)
      this.#quickest = Math.min(this.#quickest, Date.now() - written);
    this.#insert({ record, source, written });
  }

  /** Heads stay sorted; there are as many as sources at most. */
  #insert(head: Head<T>): void {
    const { stamp } = head.record;
    let low = 0;
    let high = this.#heads.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      const { record, source } = this.#heads[middle];
      if (record.stamp < stamp || (record.stamp === stamp && source < head.source)) low = middle + 1;
      else high = middle;
    }
    this.#heads.splice(low, 0, head);
  }
}
