import type { PoolSample, Traffic } from '../document.ts';
import { type MetricSample, parseMetrics } from './prometheus.ts';

const REQUESTS = 'nutcracker_requests_total';
const CLIENTS = 'nutcracker_clients';
const BUCKET = 'nutcracker_latency_seconds_bucket';
const WANTED = new Set([REQUESTS, CLIENTS, BUCKET]);

/** Counters of a pool at one server. */
interface Counters {
  requests: number;
  /** Requests at most so many seconds long, cumulative, by the bucket's bound. */
  readonly buckets: Map<number, number>;
}

/** What one proxy has counted since it started. */
export interface ProxyCounters {
  /** By pool. */
  readonly clients: ReadonlyMap<string, number>;
  /** By pool, then by server. */
  readonly servers: ReadonlyMap<string, ReadonlyMap<string, Counters>>;
}

/** @param text a proxy's `/metrics` */
export function readCounters(text: string): ProxyCounters {
  const clients = new Map<string, number>();
  const servers = new Map<string, Map<string, Counters>>();
  for (const sample of parseMetrics(text, WANTED)) {
    const { pool } = sample.labels;
    if (sample.name === CLIENTS) clients.set(pool, sample.value);
    else note(countersOf(servers, pool, sample.labels.server), sample);
  }
  return { clients, servers };
}

function countersOf(servers: Map<string, Map<string, Counters>>, pool: string, server: string): Counters {
  const ofPool = servers.get(pool) ?? new Map<string, Counters>();
  servers.set(pool, ofPool);
  const counters = ofPool.get(server) ?? { requests: 0, buckets: new Map<number, number>() };
  ofPool.set(server, counters);
  return counters;
}

function note(counters: Counters, { name, labels, value }: MetricSample): void {
  if (name === REQUESTS) counters.requests = value;
  else counters.buckets.set(labels.le === '+Inf' ? Number.POSITIVE_INFINITY : Number(labels.le), value);
}

/** Two readings of one proxy. */
export interface Reading {
  readonly before: ProxyCounters;
  readonly now: ProxyCounters;
  /** Between the two. */
  readonly seconds: number;
}

/**
 * What went through a pool between two readings of each proxy.
 * @param shards of the pool: the names of its servers
 */
export function poolTraffic(
  pool: string,
  shards: readonly string[],
  readings: readonly Reading[],
): PoolSample {
  const byShard = shards.map((shard) => [shard, growth(pool, [shard], readings)] as const);
  return {
    ...traffic(growth(pool, shards, readings)),
    clients: readings.reduce((sum, { now }) => sum + (now.clients.get(pool) ?? 0), 0),
    shards: Object.fromEntries(byShard.map(([shard, grown]) => [shard, traffic(grown)])),
  };
}

interface Growth {
  /** A second. */
  requests: number;
  /** How many requests took at most so long, not a second's worth but all. */
  readonly buckets: Map<number, number>;
}

function growth(pool: string, servers: readonly string[], readings: readonly Reading[]): Growth {
  const grown: Growth = { requests: 0, buckets: new Map() };
  for (const { before, now, seconds } of readings) {
    for (const server of servers) {
      const last = now.servers.get(pool)?.get(server);
      const first = before.servers.get(pool)?.get(server);
      if (last === undefined || first === undefined) continue;
      // A proxy that was started anew counts from zero.
      const restarted = last.requests < first.requests;
      grown.requests += (last.requests - (restarted ? 0 : first.requests)) / seconds;
      for (const [bound, count] of last.buckets) {
        const more = count - (restarted ? 0 : (first.buckets.get(bound) ?? 0));
        grown.buckets.set(bound, (grown.buckets.get(bound) ?? 0) + more);
      }
    }
  }
  return grown;
}

function traffic({ requests, buckets }: Growth): Traffic {
  return { requests, p50: percentile(buckets, 0.5), p99: percentile(buckets, 0.99) };
}

/**
 * The value (milliseconds) below which so many of the counted requests are: linear within its bucket, as Prometheus'
 * `histogram_quantile` does; of what is above the last bound, that bound. undefined when nothing was counted.
 */
export function percentile(buckets: ReadonlyMap<number, number>, share: number): number | undefined {
  const bounds = [...buckets.keys()].sort((a, b) => a - b);
  const all = buckets.get(bounds[bounds.length - 1]) ?? 0;
  if (all <= 0) return undefined;
  const wanted = all * share;
  let below = 0;
  let lower = 0;
  for (const bound of bounds) {
    const count = buckets.get(bound) ?? 0;
    if (count >= wanted) {
      if (bound === Number.POSITIVE_INFINITY) return lower * 1000;
      const within = count === below ? 1 : (wanted - below) / (count - below);
      return (lower + (bound - lower) * within) * 1000;
    }
    below = count;
    lower = bound;
  }
  return lower * 1000;
}
