import { certificateExpiry } from '../config/tls.ts';
import { LATENCY_BUCKETS } from '../core/base/counters.ts';
import type { Pool } from '../core/pool.ts';
import type { PoolServer } from '../core/server/server.ts';

/** Figures that only grow; of workers they are added, of workers that ended too. */
const SERVER_COUNTERS = [
  'eof',
  'errors',
  'timedOut',
  'totalConnections',
  'requests',
  'requestBytes',
  'responses',
  'responseBytes',
  'latencySum',
] as const;
/** Figures of this moment; of workers they are added. */
const SERVER_GAUGES = ['connected', 'waiting', 'waitingBytes', 'sent', 'sentBytes'] as const;
const POOL_COUNTERS = [
  'clientEof',
  'clientErrors',
  'clientWrongPasswords',
  'serverEjects',
  'forwardErrors',
  'totalConnections',
  'undelivered',
  'inDoubt',
  'peersSilent',
] as const;
const POOL_GAUGES = ['clientConnections', 'blockedClients', 'subscribedClients', 'trackingClients'] as const;

type Numbers<Names extends readonly string[]> = Record<Names[number], number>;

/** The figures of a replica that is read from. */
export type ReplicaSnapshot = Numbers<typeof SERVER_COUNTERS> &
  Numbers<typeof SERVER_GAUGES> & {
    name: string;
    /** Microseconds since the epoch; of workers, the latest. */
    ejectedAt: number;
    /** Used: a server neither ejected nor without a master that may serve, a replica that keeps up; of workers, in all of them. */
    up: boolean;
    /** Replies by latency: bucket i counts what took less than 2^i microseconds. */
    latency: number[];
  };

/** One server's figures as the statistics show them. */
export type ServerSnapshot = ReplicaSnapshot & {
  /** null in pools that do not read from replicas. */
  replicas: ReplicaSnapshot[] | null;
  /** Sentinels that name a master which is no member, in words; null in pools that list no members. */
  strangeMasters: string[] | null;
  /** Commands that the server has said it has and the proxy did not know; empty while nobody uses one. */
  learntCommands: string[];
};

export type PoolSnapshot = Numbers<typeof POOL_COUNTERS> &
  Numbers<typeof POOL_GAUGES> & {
    name: string;
    /** Of the certificate for clients; seconds since the epoch, null without one. */
    certificateExpiry: number | null;
    /** Clients must say a password. */
    asksPassword: boolean;
    /** Requests by command id. */
    commands: number[];
    servers: ServerSnapshot[];
  };

/** Everything that the statistics show, as plain data that can be sent from one process to another. */
export interface Snapshot {
  pools: PoolSnapshot[];
  /** Bytes. */
  residentMemory: number;
  /** Processes that serve. */
  workers: number;
  /** Workers that ended and were replaced. */
  workerRestarts: number;
}

/** The figures of this process. */
export function snapshotOf(pools: readonly Pool[]): Snapshot {
  return {
    pools: pools.map(poolSnapshot),
    residentMemory: process.memoryUsage().rss,
    workers: 1,
    workerRestarts: 0,
  };
}

function poolSnapshot({ config, routing, stats, servers }: Pool): PoolSnapshot {
  const { commands, ...numbers } = stats;
  return {
    ...numbers,
    name: config.name,
    certificateExpiry: certificateExpiry(config),
    asksPassword: config.redisAuth !== null,
    commands: [...commands],
    servers: servers.map((server) => serverSnapshot(server, routing.learnt.namesOf(server))),
  };
}

function serverSnapshot(server: PoolServer, learntCommands: string[]): ServerSnapshot {
  const { replicas } = server;
  return {
    ...figuresOf(server, server.name, server.live && !server.mustWait && !server.lease?.isMissed),
    replicas: replicas?.all.map((each) => figuresOf(each, each.place, replicas.isUsable(each))) ?? null,
    strangeMasters: server.strangeMasters && [...server.strangeMasters],
    learntCommands,
  };
}

function figuresOf(server: PoolServer, name: string, up: boolean): ReplicaSnapshot {
  const { latency, ...numbers } = server.counters;
  const queues = { waiting: 0, waitingBytes: 0, sent: 0, sentBytes: 0 };
  for (const { queue } of server.all) {
    queues.waiting += queue.tail - queue.sent;
    queues.waitingBytes += queue.bytesIn - queue.bytesWritten;
    queues.sent += queue.sent - queue.head;
    queues.sentBytes += queue.sentBytes();
  }
  return {
    ...numbers,
    ...queues,
    name,
    up,
    latency: [...latency],
  };
}

/**
 * The figures of several processes as one. Pools and servers are those of the first.
 * @param ended what processes that are gone had counted; of it only what grows is taken
 */
export function sumSnapshots(
  [first, ...others]: readonly Snapshot[],
  ended: readonly Snapshot[] = [],
): Snapshot {
  const sum = structuredClone(first);
  for (const other of others) {
    sum.residentMemory += other.residentMemory;
    sum.workers += other.workers;
    eachPair(sum, other, addPool, addServer);
  }
  for (const other of ended) eachPair(sum, other, addPoolCounters, addServerCounters);
  return sum;
}

/** Calls with every pool and every server that both have. */
function eachPair(
  sum: Snapshot,
  other: Snapshot,
  onPool: (sum: PoolSnapshot, other: PoolSnapshot) => void,
  onServer: (sum: ServerSnapshot, other: ServerSnapshot) => void,
): void {
  for (const pool of sum.pools) {
    const same = other.pools.find((each) => each.name === pool.name);
    if (same === undefined) continue;
    onPool(pool, same);
    for (const server of pool.servers) {
      const twin = same.servers.find((each) => each.name === server.name);
      if (twin !== undefined) onServer(server, twin);
    }
  }
}

function addPool(sum: PoolSnapshot, other: PoolSnapshot): void {
  for (const key of POOL_GAUGES) sum[key] += other[key];
  addPoolCounters(sum, other);
}

function addPoolCounters(sum: PoolSnapshot, other: PoolSnapshot): void {
  for (const key of POOL_COUNTERS) sum[key] += other[key];
  other.commands.forEach((count, id) => {
    sum.commands[id] += count;
  });
}

function addServer(sum: ServerSnapshot, other: ServerSnapshot): void {
  addFigures(sum, other);
  eachReplica(sum, other, addFigures);
  // each worker finds the replicas for itself
  const known = new Set(sum.replicas?.map(({ name }) => name));
  sum.replicas?.push(...(other.replicas ?? []).filter(({ name }) => !known.has(name)));
  const told = new Set([...(sum.strangeMasters ?? []), ...(other.strangeMasters ?? [])]);
  if (sum.strangeMasters !== null) sum.strangeMasters = [...told];
  sum.learntCommands = [...new Set([...sum.learntCommands, ...other.learntCommands])].sort();
}

function addServerCounters(sum: ServerSnapshot, other: ServerSnapshot): void {
  addCounters(sum, other);
  eachReplica(sum, other, addCounters);
}

function eachReplica(
  sum: ServerSnapshot,
  other: ServerSnapshot,
  add: (sum: ReplicaSnapshot, other: ReplicaSnapshot) => void,
): void {
  for (const replica of sum.replicas ?? []) {
    const twin = other.replicas?.find(({ name }) => name === replica.name);
    if (twin !== undefined) add(replica, twin);
  }
}

function addFigures(sum: ReplicaSnapshot, other: ReplicaSnapshot): void {
  for (const key of SERVER_GAUGES) sum[key] += other[key];
  sum.up &&= other.up;
  addCounters(sum, other);
}

function addCounters(sum: ReplicaSnapshot, other: ReplicaSnapshot): void {
  for (const key of SERVER_COUNTERS) sum[key] += other[key];
  sum.ejectedAt = Math.max(sum.ejectedAt, other.ejectedAt);
  for (let bucket = 0; bucket < LATENCY_BUCKETS; bucket++) sum.latency[bucket] += other.latency[bucket];
}
