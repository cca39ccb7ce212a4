/** Every key a stack file may hold, and keys people bring along from elsewhere with the reason they are refused. */
import type { Refusal } from './problems.ts';

export const TOP_KEYS = [
  'name',
  'vip',
  'vips',
  'network',
  'back_network',
  'ports',
  'entrance',
  'lan',
  'gateway',
  'domains',
  'shards',
  'replicas',
  'durability',
  'sentinel',
  'redis',
  'edge',
  'proxy',
  'backup',
  'monitoring',
  'pools',
] as const;
export const DOMAIN_KEYS = ['name', 'docker', 'address', 'certificates', 'parent', 'range'] as const;
/** Those of a domain that say on which machine it is. */
export const HOST_KEYS = ['docker', 'address', 'certificates', 'parent', 'range'] as const;
/** Those that `network: macvlan` needs, at the top and in each domain. */
export const MACVLAN_KEYS = ['lan', 'gateway'] as const;
export const HOST_MACVLAN_KEYS = ['parent', 'range'] as const;
export const SHARD_KEYS = ['name', 'weight', 'domains'] as const;
export const SENTINEL_KEYS = ['count', 'quorum', 'down_after', 'failover_timeout', 'parallel_syncs'] as const;
export const REDIS_KEYS = [
  'maxmemory',
  'maxmemory_policy',
  'appendfsync',
  'min_replicas_to_write',
  'min_replicas_max_lag',
  'repl_backlog',
  'script_time_limit',
  'notify_keyspace_events',
] as const;
export const EDGE_KEYS = [
  'count',
  'advert_interval',
  'vrid',
  'max_connections',
  'max_connections_per_source',
] as const;
export const PROXY_KEYS = ['slow_log'] as const;
export const BACKUP_KEYS = ['every', 'keep', 'to', 'encrypt', 'rate'] as const;
export const MONITORING_KEYS = [
  'domains',
  'retention',
  'network',
  'webhook',
  'email',
  'email_from',
  'smtp',
  'smtp_user',
] as const;
export const POOL_KEYS = [
  'listen',
  'shards',
  'hash',
  'distribution',
  'hash_tag',
  'timeout',
  'server_connections',
  'redis_db',
  'databases',
  'wait_replicas',
  'wait_timeout',
  'reads',
  'replica_max_lag',
  'transactions',
  'dangerous',
  'unknown_outcomes',
] as const;

/** Every key's path, lists and pool names generalised: `shards[].weight`, `pools.<pool>.hash`. */
export const KNOWN_KEYS: readonly string[] = [
  ...TOP_KEYS,
  ...DOMAIN_KEYS.map((key) => `domains[].${key}`),
  ...SHARD_KEYS.map((key) => `shards[].${key}`),
  ...SENTINEL_KEYS.map((key) => `sentinel.${key}`),
  ...REDIS_KEYS.map((key) => `redis.${key}`),
  ...EDGE_KEYS.map((key) => `edge.${key}`),
  ...PROXY_KEYS.map((key) => `proxy.${key}`),
  ...BACKUP_KEYS.map((key) => `backup.${key}`),
  ...MONITORING_KEYS.map((key) => `monitoring.${key}`),
  ...POOL_KEYS.map((key) => `pools.<pool>.${key}`),
];

/** Where a key belongs that stands in the wrong section: `quorum` → `sentinel.quorum`. */
export function elsewhere(key: string): string | undefined {
  return KNOWN_KEYS.find((path) => path.endsWith(`.${key}`)) ?? TOP_KEYS.find((top) => top === key);
}

/** What is refused by those who know stacks on one engine alone. */
export const ONE_ENGINE: Refusal = {
  rule: 'is for several Docker hosts, and this command knows a stack on one engine alone',
  remedy:
    'Remove the key: several domains may share one engine. docs/several-hosts.md tells which commands take several hosts.',
};

const FROM_SENTINEL = 'The proxies follow the masters that Sentinel names: remove the key.';
const DECIDED = 'It is set for every stack alike: remove the key.';

/** Keys of nutcracker.yml that a stack decides by itself. */
export const REFUSED_POOL_KEYS: Readonly<Record<string, Refusal>> = {
  servers: { rule: 'follows from `shards`', remedy: 'Remove the key.' },
  redis: { rule: 'is always true in a stack', remedy: 'Remove the key.' },
  redis_auth: {
    rule: 'is not kept in stack files: passwords are generated once per stack',
    remedy: 'Remove the key, and read the password with `twemstack secret application`.',
  },
  auto_eject_hosts: { rule: 'would move keys to other shards during a failover', remedy: FROM_SENTINEL },
  server_failure_limit: { rule: 'belongs to ejecting servers', remedy: FROM_SENTINEL },
  server_retry_timeout: { rule: 'belongs to ejecting servers', remedy: FROM_SENTINEL },
  preconnect: { rule: 'is no choice here', remedy: DECIDED },
  backlog: { rule: 'is no choice here', remedy: DECIDED },
  tcpkeepalive: { rule: 'is no choice here', remedy: DECIDED },
  client_connections: {
    rule: 'is limited at the edge',
    remedy: 'Remove the key and set edge.max_connections.',
  },
};
