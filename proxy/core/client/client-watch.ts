/** Someone who is looked at from time to time. */
export interface Watched {
  /** @returns whether it is to be looked at again */
  look(now: number): boolean;
}

/** Milliseconds between two looks. */
const EVERY = 500;

/** Looks twice a second at clients that might never be heard of again; without any, at nothing. No timer per client. */
export class ClientWatch {
  private readonly watched = new Set<Watched>();
  private timer: NodeJS.Timeout | null = null;

  /** @param clock milliseconds, monotonic */
  constructor(private readonly clock: () => number) {}

  add(client: Watched): void {
    this.watched.add(client);
    this.timer ??= setInterval(() => this.look(this.clock()), EVERY).unref();
  }

  remove(client: Watched): void {
    this.watched.delete(client);
  }

  look(now: number): void {
    for (const client of this.watched) if (!client.look(now)) this.watched.delete(client);
    if (this.watched.size === 0) this.stop();
  }

  stop(): void {
    if (this.timer !== null) clearInterval(this.timer);
    this.timer = null;
  }
}
