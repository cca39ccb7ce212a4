import type { AnyPlan, ProxyMember } from '../topology/types.ts';
import type { PoolSample } from './document.ts';
import { type ProxyCounters, poolTraffic, type Reading, readCounters } from './figures/traffic.ts';

const PATIENCE_MS = 900;
/** A proxy's metrics are some 100 KB; more than this is not from one. */
const MOST_BYTES = 4 * 1024 * 1024;

interface Taken {
  readonly counters: ProxyCounters;
  /** Milliseconds on the monotonic clock. */
  readonly at: number;
}

/** Reads the counters of every proxy, and tells what has gone through since they were read before. */
export class ProxySampler {
  readonly #last = new Map<string, Taken>();

  constructor(private readonly plan: AnyPlan) {}

  /** By pool. A proxy that does not answer is left out, and begins anew when it does. */
  async look(): Promise<Record<string, PoolSample>> {
    const readings = await Promise.all(this.plan.proxies.map((proxy) => this.#read(proxy)));
    const known = readings.filter((reading) => reading !== undefined);
    return Object.fromEntries(
      this.plan.pools.map(({ name, shards }) => [name, poolTraffic(name, shards, known)]),
    );
  }

  async #read({ name, address, statsPort }: ProxyMember): Promise<Reading | undefined> {
    const before = this.#last.get(name);
    try {
      const answer = await fetch(`http://${address}:${statsPort}/metrics`, {
        signal: AbortSignal.timeout(PATIENCE_MS),
      });
      const text = await answer.text();
      if (!answer.ok || text.length > MOST_BYTES) throw new Error(`answered ${answer.status}`);
      const taken = { counters: readCounters(text), at: performance.now() };
      this.#last.set(name, taken);
      if (before === undefined) return undefined;
      const seconds = (taken.at - before.at) / 1000;
      return { before: before.counters, now: taken.counters, seconds };
    } catch {
      // Dead, or hanging: the status says which.
      this.#last.delete(name);
      return undefined;
    }
  }
}
