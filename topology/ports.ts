import type { Member } from './types.ts';

/** Ports that are the same in every stack; each member has an address of its own, so they never meet. */
export const REDIS_PORT = 6379;
export const SENTINEL_PORT = 26379;
/** Where the guards of a shard's members ask each other for votes. */
export const GUARD_PORT = 16380;
/** The proxy's stats, twemproxy's default. */
export const PROXY_STATS_PORT = 22222;
/** A monitor's Prometheus, its default. */
export const PROMETHEUS_PORT = 9090;
/** The edge's /healthz, /metrics and /stats. */
export const EDGE_OPS_PORT = 8404;

/** What a member of a stack on several hosts listens on, on its host's address. */
export function portsOf(member: Member): number[] {
  switch (member.role) {
    case 'edge':
      return [member.opsPort];
    case 'proxy':
      return [member.statsPort, ...Object.values(member.poolPorts ?? {})];
    case 'sentinel':
      return [member.port];
    case 'redis':
      return [member.port, member.guardPort];
    case 'monitor':
      return [member.port];
  }
}
