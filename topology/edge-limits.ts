/** What one edge's HAProxy holds at most, and what that takes. */
import type { Plan } from './types.ts';

/** Connections of a pool beyond its limit that are open for the moment it takes to tell them why they are refused. */
export const REFUSED_AT_ONCE = 256;

/**
 * Connections to the ops port, and those of the supervisor's own watch: each has a budget of its own, so that nothing
 * that others open makes HAProxy look hung.
 */
export const OPS_CONNECTIONS = 64;
export const WATCH_CONNECTIONS = 16;

/** Most open files that a process may be allowed (Linux, fs.nr_open); an engine gives its containers no more. */
export const MOST_OPEN_FILES = 1_048_576;

/** Two buffers of 16 KiB while data waits on both sides, and the connection itself. */
const CONNECTION_KB = 36;
const PROCESS_MB = 96;
const LEAST_MEMORY_MB = 256;

/** Most connections of clients over all frontends: below their sum none of them ever starves another. */
export const edgeConnections = (pools: number, maxConnections: number): number =>
  pools * (maxConnections + REFUSED_AT_ONCE) + OPS_CONNECTIONS + WATCH_CONNECTIONS;

/**
 * Open files HAProxy needs for so many connections: two for each, and some for listeners, checks and threads. It refuses
 * to start with less (measured with 2.6.12: `maxconn 20000` asks for 40031).
 */
export const edgeOpenFiles = (connections: number): number => 2 * connections + 200;

/** Memory limit of an edge's container, in MB: enough for all of its connections with full buffers. */
export function edgeMemoryMb({ pools, edge }: Pick<Plan, 'pools' | 'edge'>): number {
  const connections = edgeConnections(pools.length, edge.maxConnections);
  return Math.max(LEAST_MEMORY_MB, PROCESS_MB + Math.ceil((connections * CONNECTION_KB) / 1024));
}
