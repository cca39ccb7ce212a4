import { REDIS_VERSION } from '../../../protocol/replies.ts';
import type { PoolContext } from '../session.ts';

/** INFO of the proxy: what clients look for when they connect, and how the pool fares. */
export function infoText(pool: PoolContext): string {
  const lines = [
    '# Server',
    `redis_version:${REDIS_VERSION}`,
    'redis_mode:standalone',
    'nutcracker_version:0.5.0',
    `process_id:${process.pid}`,
    `uptime_in_seconds:${Math.floor(process.uptime())}`,
    '',
    '# Clients',
    `connected_clients:${pool.stats.clientConnections}`,
    '',
    '# Persistence',
    'loading:0',
    '',
    '# Replication',
    'role:master',
    '',
    '# Nutcracker',
    `pool:${pool.config.name}`,
    ...(pool.worker ? [`worker:${pool.worker.place}`, `workers:${pool.worker.workers}`] : []),
    ...pool.routing.servers.map((server) => `server:name=${server.name},live=${server.live ? 1 : 0}`),
    '',
  ];
  return lines.join('\r\n');
}
