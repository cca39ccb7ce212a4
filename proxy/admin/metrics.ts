import { LATENCY_BUCKETS } from '../core/base/counters.ts';
import { COMMANDS } from '../protocol/command-table.ts';
import type { PoolSnapshot, ReplicaSnapshot, ServerSnapshot, Snapshot } from './snapshot.ts';

type Sample = readonly [labels: Record<string, string>, value: number];

/** Every figure in Prometheus' text format. */
export function metricsDocument(snapshot: Snapshot, startedAt: number): string {
  const { pools, residentMemory, workers, workerRestarts } = snapshot;
  const lines: string[] = [];
  const metric = (name: string, type: string, help: string, samples: readonly Sample[]): void => {
    lines.push(`# HELP nutcracker_${name} ${help}`, `# TYPE nutcracker_${name} ${type}`);
    for (const [labels, value] of samples) lines.push(`nutcracker_${name}${shown(labels)} ${value}`);
  };
  const perPool = (value: (pool: PoolSnapshot) => number): Sample[] =>
    pools.map((pool) => [{ pool: pool.name }, value(pool)]);
  const perServer = (value: (server: ServerSnapshot) => number): Sample[] =>
    pools.flatMap((pool) =>
      pool.servers.map((server): Sample => [{ pool: pool.name, server: server.name }, value(server)]),
    );
  metric('start_time_seconds', 'gauge', 'When the proxy started.', [[{}, startedAt / 1000]]);
  metric('resident_memory_bytes', 'gauge', 'Resident memory.', [[{}, residentMemory]]);
  metric('workers', 'gauge', 'Processes that serve.', [[{}, workers]]);
  metric('worker_restarts_total', 'counter', 'Workers that ended and were replaced.', [[{}, workerRestarts]]);
  poolMetrics(metric, perPool, pools);
  certificateMetrics(metric, pools);
  serverMetrics(metric, perServer);
  strangerMetrics(metric, pools);
  replicaMetrics(metric, pools);
  latency(lines, pools);
  return `${lines.join('\n')}\n`;
}

type Metric = (name: string, type: string, help: string, samples: readonly Sample[]) => void;

function poolMetrics(
  metric: Metric,
  perPool: (value: (pool: PoolSnapshot) => number) => Sample[],
  pools: readonly PoolSnapshot[],
): void {
  metric(
    'clients',
    'gauge',
    'Connected clients.',
    perPool((pool) => pool.clientConnections),
  );
  metric(
    'client_eof_total',
    'counter',
    'Clients that closed cleanly.',
    perPool((pool) => pool.clientEof),
  );
  metric(
    'client_errors_total',
    'counter',
    'Clients closed for an error.',
    perPool((pool) => pool.clientErrors),
  );
  metric(
    'client_wrong_passwords_total',
    'counter',
    'Wrong passwords that clients said.',
    perPool((pool) => pool.clientWrongPasswords),
  );
  metric(
    'ejections_total',
    'counter',
    'Ejections of servers.',
    perPool((pool) => pool.serverEjects),
  );
  metric(
    'forward_errors_total',
    'counter',
    'Error replies made here.',
    perPool((pool) => pool.forwardErrors),
  );
  metric(
    'blocked_clients',
    'gauge',
    'Clients that wait at a server, in BLPOP and its kin.',
    perPool((pool) => pool.blockedClients),
  );
  metric(
    'subscribed_clients',
    'gauge',
    'Clients that listen to channels or patterns; each has a connection to every server where it listens.',
    perPool((pool) => pool.subscribedClients),
  );
  metric(
    'tracking_clients',
    'gauge',
    'Clients that cache and are told what changes; each has a connection to every server whose keys it asks for.',
    perPool((pool) => pool.trackingClients),
  );
  metric(
    'undelivered_total',
    'counter',
    'Elements popped for clients that had left by then.',
    perPool((pool) => pool.undelivered),
  );
  metric(
    'in_doubt_total',
    'counter',
    'Clients that waited in BLPOP and its kin when the connection to their server was lost: what was popped just then may be lost.',
    perPool((pool) => pool.inDoubt),
  );
  metric(
    'peers_silent_total',
    'counter',
    'Answers of other proxies (peers) about their clients that did not come.',
    perPool((pool) => pool.peersSilent),
  );
  const commands = pools.flatMap((pool) =>
    [...pool.commands.entries()]
      .filter(([, count]) => count > 0)
      .map(([id, count]): Sample => [{ pool: pool.name, command: COMMANDS[id].name }, count]),
  );
  metric('commands_total', 'counter', 'Requests by command.', commands);
}

/** Only pools with `listen_tls` have one. */
function certificateMetrics(metric: Metric, pools: readonly PoolSnapshot[]): void {
  const samples = pools.flatMap(({ name, certificateExpiry }): Sample[] =>
    certificateExpiry === null ? [] : [[{ pool: name }, certificateExpiry]],
  );
  if (samples.length === 0) return;
  metric(
    'tls_certificate_expiry_timestamp_seconds',
    'gauge',
    'When the certificate shown to clients expires.',
    samples,
  );
}

function serverMetrics(
  metric: Metric,
  perServer: (value: (server: ServerSnapshot) => number) => Sample[],
): void {
  metric(
    'server_up',
    'gauge',
    '0 while ejected or without a master.',
    perServer((s) => (s.up ? 1 : 0)),
  );
  metric(
    'server_connections',
    'gauge',
    'Open connections.',
    perServer((s) => s.connected),
  );
  metric(
    'server_eof_total',
    'counter',
    'Connections the server closed.',
    perServer((s) => s.eof),
  );
  metric(
    'server_errors_total',
    'counter',
    'Connections that failed.',
    perServer((s) => s.errors),
  );
  metric(
    'server_timeouts_total',
    'counter',
    'Connections that timed out.',
    perServer((s) => s.timedOut),
  );
  metric(
    'requests_total',
    'counter',
    'Requests queued.',
    perServer((s) => s.requests),
  );
  metric(
    'request_bytes_total',
    'counter',
    'Bytes of requests queued.',
    perServer((s) => s.requestBytes),
  );
  metric(
    'responses_total',
    'counter',
    'Replies relayed.',
    perServer((s) => s.responses),
  );
  metric(
    'response_bytes_total',
    'counter',
    'Bytes of replies relayed.',
    perServer((s) => s.responseBytes),
  );
  metric(
    'requests_waiting',
    'gauge',
    'Requests not yet written.',
    perServer((s) => s.waiting),
  );
  metric(
    'requests_unanswered',
    'gauge',
    'Requests written and unanswered.',
    perServer((s) => s.sent),
  );
}

/** Only pools with `members` have any. */
function strangerMetrics(metric: Metric, pools: readonly PoolSnapshot[]): void {
  const samples = pools.flatMap((pool) =>
    pool.servers.flatMap(({ name, strangeMasters }): Sample[] =>
      strangeMasters === null ? [] : [[{ pool: pool.name, server: name }, strangeMasters.length]],
    ),
  );
  if (samples.length === 0) return;
  metric('strange_masters', 'gauge', 'Sentinels that name a master which is no member.', samples);
}

/** Only pools with `reads: replicas` have any. */
function replicaMetrics(metric: Metric, pools: readonly PoolSnapshot[]): void {
  const perReplica = (value: (replica: ReplicaSnapshot) => number): Sample[] =>
    pools.flatMap((pool) =>
      pool.servers.flatMap(({ name, replicas }) =>
        (replicas ?? []).map((replica): Sample => {
          const labels = { pool: pool.name, server: name, replica: replica.name };
          return [labels, value(replica)];
        }),
      ),
    );
  if (!pools.some((pool) => pool.servers.some((server) => server.replicas !== null))) return;
  metric(
    'replica_usable',
    'gauge',
    '1 while it is read from.',
    perReplica(({ up }) => (up ? 1 : 0)),
  );
  metric(
    'replica_requests_total',
    'counter',
    'Reads sent to a replica.',
    perReplica(({ requests }) => requests),
  );
  metric(
    'replica_responses_total',
    'counter',
    'Replies of a replica relayed.',
    perReplica(({ responses }) => responses),
  );
}

/** Latency from queueing to reply, as a cumulative histogram in seconds. */
function latency(lines: string[], pools: readonly PoolSnapshot[]): void {
  lines.push(
    '# HELP nutcracker_latency_seconds From queueing a request to its reply.',
    '# TYPE nutcracker_latency_seconds histogram',
  );
  for (const pool of pools) {
    for (const server of pool.servers) {
      const labels = { pool: pool.name, server: server.name };
      let sum = 0;
      for (let bucket = 0; bucket < LATENCY_BUCKETS; bucket++) {
        sum += server.latency[bucket];
        const le = bucket === LATENCY_BUCKETS - 1 ? '+Inf' : String(2 ** bucket / 1e6);
        lines.push(`nutcracker_latency_seconds_bucket${shown({ ...labels, le })} ${sum}`);
      }
      lines.push(`nutcracker_latency_seconds_sum${shown(labels)} ${server.latencySum / 1000}`);
      lines.push(`nutcracker_latency_seconds_count${shown(labels)} ${sum}`);
    }
  }
}

function shown(labels: Record<string, string>): string {
  const parts = Object.entries(labels).map(
    ([name, value]) => `${name}="${value.replace(/["\\\n]/g, '\\$&')}"`,
  );
  return parts.length === 0 ? '' : `{${parts.join(',')}}`;
}
