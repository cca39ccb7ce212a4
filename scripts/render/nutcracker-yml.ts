import { stringify } from 'yaml';
import { isOnHosts } from '../../topology/plan.ts';
import { shardsOf } from '../../topology/pool-shards.ts';
import { proxyPort } from '../../topology/port-block.ts';
import { redisMemory } from '../../topology/redis-memory.ts';
import type {
  AnyPlan,
  Credentials,
  FurtherPasswords,
  MemberFile,
  PoolSpec,
  ProxyMember,
} from '../../topology/types.ts';

/** Where the proxies find the passwords; files, so that none is in the pool file, the environment or a process list. */
const APPLICATION_PASSWORD = 'application.password';
const PROXY_PASSWORD = 'proxy.password';

/** A proxy's files: the pool file, and the two passwords it refers to. */
export function renderProxyFiles(
  plan: AnyPlan,
  proxy: ProxyMember,
  credentials: Credentials,
  further: FurtherPasswords = {},
): MemberFile[] {
  const passwords = [credentials.application, further.application].filter((each) => each !== undefined);
  return [
    { name: 'nutcracker.yml', content: renderNutcrackerYml(plan, proxy), secret: false, fixed: '' },
    { name: APPLICATION_PASSWORD, content: `${passwords.join('\n')}\n`, secret: true, fixed: '' },
    { name: PROXY_PASSWORD, content: `${credentials.proxy}\n`, secret: true, fixed: '' },
  ];
}

/**
 * The pool file, in twemproxy's own format. Server names are the shards' names, so the key -> server map follows from
 * the names alone, and an address that Sentinel switches moves no key. `servers` lists the first masters; the sentinels
 * say who is master now, and only of a shard's own members is that believed. Where it listens apart, it is the same for all proxies.
 */
export function renderNutcrackerYml(plan: AnyPlan, proxy = plan.proxies[0]): string {
  const pools = plan.pools.map((pool) => [pool.name, renderPool(plan, pool, proxy)] as const);
  return stringify(Object.fromEntries(pools), {
    // nutcracker.yml knows no flow style, no anchors and no document markers.
    collectionStyle: 'block',
    aliasDuplicateObjects: false,
    lineWidth: 0,
  });
}

function renderPool(plan: AnyPlan, pool: PoolSpec, proxy: ProxyMember): Record<string, unknown> {
  const requestBytes = redisMemory(plan.redis).requestMb * 1024 * 1024;
  const shards = shardsOf(plan, pool);
  return {
    listen: `${isOnHosts(plan) ? proxy.address : '0.0.0.0'}:${proxyPort(proxy, pool)}`,
    hash: pool.hash,
    distribution: pool.distribution,
    ...(pool.hashTag === undefined ? {} : { hash_tag: pool.hashTag }),
    redis: true,
    timeout: pool.timeoutMs,
    server_connections: pool.serverConnections,
    ...(pool.redisDb === 0 ? {} : { redis_db: pool.redisDb }),
    ...(pool.databases === 0 ? {} : { databases: pool.databases }),
    tcpkeepalive: true,
    // What a redis has memory for; beyond, the proxy says so and sends nothing.
    request_bytes: requestBytes,
    large_request_bytes: requestBytes,
    ...(pool.waitReplicas === 0
      ? {}
      : { wait_replicas: pool.waitReplicas, wait_timeout: pool.waitTimeoutMs }),
    ...(pool.waitReplicas > 0 && plan.durability === 'strict' ? { guarded_promotions: true } : {}),
    ...(pool.reads === 'master' ? {} : { reads: pool.reads, replica_max_lag: pool.replicaMaxLagMs }),
    ...(pool.transactions === 'strict' ? {} : { transactions: pool.transactions }),
    ...(pool.dangerous === 'allow' ? {} : { dangerous: pool.dangerous }),
    ...(pool.unknownOutcomes === 'error' ? {} : { unknown_outcomes: pool.unknownOutcomes }),
    redis_auth_file: `/etc/twemstack/${APPLICATION_PASSWORD}`,
    // a connection without a password takes a place of those that have one
    auth_timeout: 5000,
    server_user: 'proxy',
    server_password_file: `/etc/twemstack/${PROXY_PASSWORD}`,
    sentinel_user: 'proxy',
    sentinel_password_file: `/etc/twemstack/${PROXY_PASSWORD}`,
    sentinels: plan.sentinels.map((sentinel) => `${sentinel.address}:${sentinel.port}:1`),
    // the edges say whose connections they pass on; nobody else is believed
    proxy_protocol_networks: plan.edges.map(({ address }) => address),
    // CLIENT LIST and its like concern the clients of all proxies
    peers: plan.proxies.map((each) => `${each.address}:${proxyPort(each, pool)}`),
    members: shards.flatMap(({ name, members }) =>
      members.map(({ address, port }) => `${address}:${port} ${name}`),
    ),
    servers: shards.map(
      ({ name, weight, initialMaster }) => `${initialMaster.address}:${initialMaster.port}:${weight} ${name}`,
    ),
  };
}
