import { hostname } from 'node:os';
import type { Pool } from '../core/pool.ts';
import type { PoolServer } from '../core/server.ts';

/** Version and name under which monitoring knows the original. */
export const VERSION = '0.5.0';

/** The original's statistics document: same fields, order and spacing, values of this moment, newline at the end. */
export function statsDocument(pools: readonly Pool[], startedAt: number, now = Date.now()): string {
  let connections = pools.length;
  let total = pools.length;
  for (const pool of pools) {
    connections += pool.stats.clientConnections;
    total += pool.stats.totalConnections;
    for (const server of pool.everyServer()) {
      connections += server.counters.connected;
      total += server.counters.totalConnections;
    }
  }
  const header =
    `"service":"nutcracker", "source":"${hostname()}", "version":"${VERSION}", ` +
    `"uptime":${Math.floor((now - startedAt) / 1000)}, "timestamp":${Math.floor(now / 1000)}, ` +
    `"total_connections":${total}, "curr_connections":${connections}`;
  return `{${[header, ...pools.map(poolObject)].join(', ')}}\n`;
}

function poolObject(pool: Pool): string {
  const { stats } = pool;
  const fields = {
    client_eof: stats.clientEof,
    client_err: stats.clientErrors,
    client_connections: stats.clientConnections,
    server_ejects: stats.serverEjects,
    forward_error: stats.forwardErrors,
    fragments: 0,
  };
  return `"${pool.config.name}": {${[numbers(fields), ...pool.servers.map(serverObject)].join(', ')}}`;
}

/** Queues of a server: requests and bytes waiting to be written, and written and unanswered. */
export function queueSizes(server: PoolServer): {
  waiting: number;
  waitingBytes: number;
  sent: number;
  sentBytes: number;
} {
  const sizes = { waiting: 0, waitingBytes: 0, sent: 0, sentBytes: 0 };
  for (const { queue } of server.all) {
    sizes.waiting += queue.tail - queue.sent;
    sizes.waitingBytes += queue.bytesIn - queue.bytesWritten;
    sizes.sent += queue.sent - queue.head;
    sizes.sentBytes += queue.sentBytes();
  }
  return sizes;
}

function serverObject(server: PoolServer): string {
  const { counters } = server;
  const queues = queueSizes(server);
  const fields = {
    server_eof: counters.eof,
    server_err: counters.errors,
    server_timedout: counters.timedOut,
    server_connections: counters.connected,
    server_ejected_at: counters.ejectedAt,
    requests: counters.requests,
    request_bytes: counters.requestBytes,
    responses: counters.responses,
    response_bytes: counters.responseBytes,
    in_queue: queues.waiting,
    in_queue_bytes: queues.waitingBytes,
    out_queue: queues.sent,
    out_queue_bytes: queues.sentBytes,
  };
  return `"${server.name}": {${numbers(fields)}${replicasObject(server)}}`;
}

/** Ours alone, and only in pools with `reads: replicas`: whose answers the clients got, beside those of the master. */
function replicasObject({ replicas }: PoolServer): string {
  if (replicas === null) return '';
  const entries = replicas.all.map((replica) => {
    const { counters } = replica;
    const usable = replicas.isUsable(replica) ? 1 : 0;
    const fields = {
      usable,
      requests: counters.requests,
      responses: counters.responses,
      server_err: counters.errors,
      server_timedout: counters.timedOut,
    };
    return `"${replica.place}": {${numbers(fields)}}`;
  });
  return `, "replicas": {${entries.join(', ')}}`;
}

function numbers(fields: Record<string, number>): string {
  return Object.entries(fields)
    .map(([name, value]) => `"${name}":${value}`)
    .join(', ');
}
