interface Due {
  at: number;
  order: number;
  run: () => void;
}

/**
 * `setTimeout` and `clearTimeout` of this process on a clock that stands still until it is told: pauses, time-outs
 * and ejections of a whole run happen in no time, and the same way each time. Only for synchronous runs.
 */
export class VirtualTime {
  /** Milliseconds since the beginning. */
  now = 0;
  private readonly due = new Map<object, Due>();
  private order = 0;
  private readonly real = { setTimeout: globalThis.setTimeout, clearTimeout: globalThis.clearTimeout };

  install(): void {
    const set = (run: () => void, delay = 0): object => {
      const timer = { unref: () => timer, ref: () => timer, hasRef: () => false };
      this.due.set(timer, { at: this.now + Math.max(1, delay), order: this.order++, run });
      return timer;
    };
    globalThis.setTimeout = set as typeof globalThis.setTimeout;
    globalThis.clearTimeout = (timer) => void this.due.delete(timer as object);
  }

  uninstall(): void {
    Object.assign(globalThis, this.real);
  }

  /** Timers that wait. */
  get waiting(): number {
    return this.due.size;
  }

  /** Lets time go by; `between` is called after every timer that fired. */
  advance(milliseconds: number, between: () => void): void {
    const end = this.now + milliseconds;
    for (;;) {
      const [timer, next] = this.earliest();
      if (next === undefined || next.at > end) break;
      this.due.delete(timer);
      this.now = Math.max(this.now, next.at);
      next.run();
      between();
    }
    this.now = end;
  }

  private earliest(): [object, Due | undefined] {
    let found: [object, Due | undefined] = [this, undefined];
    for (const entry of this.due) {
      const [, { at, order }] = entry;
      const best = found[1];
      if (best === undefined || at < best.at || (at === best.at && order < best.order)) found = entry;
    }
    return found;
  }
}
