/** One thing that happened, on the run's monotonic clock (ms). */
export interface TimelineEvent {
  readonly at: number;
  /** Member that reported it; `drill`, `engine` and `vip` for what nobody inside reported. */
  readonly source: string;
  readonly event: string;
  readonly text: string;
}

/** A wall clock reading (Unix ms) on the run's monotonic clock. Both are of this machine; its engine shares them. */
export const fromWallClock = (unixMs: number): number => performance.now() + (unixMs - Date.now());

interface Waiter {
  readonly match: (event: TimelineEvent) => boolean;
  readonly found: (event: TimelineEvent) => void;
}

/** Everything that was noticed during a run, in one list on one clock. */
export class Timeline {
  readonly #events: TimelineEvent[] = [];
  readonly #waiters = new Set<Waiter>();

  /** All events, oldest first. Some are reported late, so they are not in the order in which they were noted. */
  get events(): TimelineEvent[] {
    return [...this.#events].sort((a, b) => a.at - b.at);
  }

  note(source: string, event: string, text = '', at = performance.now()): void {
    const entry = { at, source, event, text };
    this.#events.push(entry);
    for (const waiter of this.#waiters) if (waiter.match(entry)) waiter.found(entry);
  }

  /** First event of a kind at or after a moment. */
  first(after: number, match: (event: TimelineEvent) => boolean): TimelineEvent | undefined {
    return this.events.find((event) => event.at >= after && match(event));
  }

  /** The next event of a kind from now on; undefined when none comes in time. */
  next(match: (event: TimelineEvent) => boolean, withinMs: number): Promise<TimelineEvent | undefined> {
    return new Promise((resolve) => {
      const end = (event?: TimelineEvent): void => {
        clearTimeout(timer);
        this.#waiters.delete(waiter);
        resolve(event);
      };
      const waiter: Waiter = { match, found: end };
      const timer = setTimeout(() => end(), withinMs);
      this.#waiters.add(waiter);
    });
  }
}
