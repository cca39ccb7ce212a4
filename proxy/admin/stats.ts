import { hostname } from 'node:os';
import type { PoolSnapshot, ServerSnapshot, Snapshot } from './snapshot.ts';

/** Version and name under which monitoring knows the original. */
export const VERSION = '0.5.0';

/** The original's statistics document: same fields, order and spacing, values of this moment, newline at the end. */
export function statsDocument({ pools, workers }: Snapshot, startedAt: number, now = Date.now()): string {
  // listeners count, as in the original
  let connections = pools.length * workers;
  let total = connections;
  for (const pool of pools) {
    connections += pool.clientConnections;
    total += pool.totalConnections;
    for (const each of pool.servers.flatMap((server) => [server, ...(server.replicas ?? [])])) {
      connections += each.connected;
      total += each.totalConnections;
    }
  }
  const header =
    `"service":"nutcracker", "source":"${hostname()}", "version":"${VERSION}", ` +
    `"uptime":${Math.floor((now - startedAt) / 1000)}, "timestamp":${Math.floor(now / 1000)}, ` +
    `"total_connections":${total}, "curr_connections":${connections}`;
  return `{${[header, ...pools.map(poolObject)].join(', ')}}\n`;
}

function poolObject(pool: PoolSnapshot): string {
  const fields = {
    client_eof: pool.clientEof,
    client_err: pool.clientErrors,
    client_connections: pool.clientConnections,
    server_ejects: pool.serverEjects,
    forward_error: pool.forwardErrors,
    fragments: 0,
    // ours alone, and only in pools with a password
    ...(pool.asksPassword && { client_wrong_passwords: pool.clientWrongPasswords }),
  };
  return `"${pool.name}": {${[numbers(fields), ...pool.servers.map(serverObject)].join(', ')}}`;
}

function serverObject(server: ServerSnapshot): string {
  const fields = {
    server_eof: server.eof,
    server_err: server.errors,
    server_timedout: server.timedOut,
    server_connections: server.connected,
    server_ejected_at: server.ejectedAt,
    requests: server.requests,
    request_bytes: server.requestBytes,
    responses: server.responses,
    response_bytes: server.responseBytes,
    in_queue: server.waiting,
    in_queue_bytes: server.waitingBytes,
    out_queue: server.sent,
    out_queue_bytes: server.sentBytes,
  };
  return `"${server.name}": {${numbers(fields)}${replicasObject(server)}${strangersList(server)}${learntList(server)}}`;
}

/** Ours alone, and only in pools with `reads: replicas`: whose answers the clients got, beside those of the master. */
function replicasObject({ replicas }: ServerSnapshot): string {
  if (replicas === null) return '';
  const entries = replicas.map((replica) => {
    const fields = {
      usable: replica.up ? 1 : 0,
      requests: replica.requests,
      responses: replica.responses,
      server_err: replica.errors,
      server_timedout: replica.timedOut,
    };
    return `"${replica.name}": {${numbers(fields)}}`;
  });
  return `, "replicas": {${entries.join(', ')}}`;
}

/** Ours alone, and only in pools with `members`. */
const strangersList = ({ strangeMasters }: ServerSnapshot): string =>
  strangeMasters === null ? '' : `, "strange_masters": ${JSON.stringify(strangeMasters)}`;

/** Ours alone, and only where clients use commands that the proxy has learnt from the server. */
const learntList = ({ learntCommands }: ServerSnapshot): string =>
  learntCommands.length === 0 ? '' : `, "learnt_commands": ${JSON.stringify(learntCommands)}`;

function numbers(fields: Record<string, number>): string {
  return Object.entries(fields)
    .map(([name, value]) => `"${name}":${value}`)
    .join(', ');
}
