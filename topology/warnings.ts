/** What is allowed but costs something the operator should have heard of. One sentence or two each. */
import { overlaps, subnet } from './ipv4.ts';
import type { HostsTopology, Topology, TopologyBase } from './types.ts';

/** Docker's `docker0` unless the engine was told otherwise. */
const DOCKER_DEFAULT_BRIDGE = '172.17.0.0/16';
/** Below this, pauses of a busy host look like deaths: reference measurements used 500 ms and up. */
const HASTY_DOWN_AFTER_MS = 500;
const HASTY_ADVERT_MS = 100;

function replicaWarnings(topology: TopologyBase): string[] {
  if (topology.replicas === 0)
    return [
      'replicas: 0: a shard whose only redis is down is down with it, nothing can take over. Use 2 to survive a failure.',
    ];
  const minimum = topology.redis.minReplicasToWrite;
  if (minimum === 0)
    return [
      `replicas: ${topology.replicas} with min-replicas-to-write 0: writes acknowledged just before a crash can be lost. Use replicas: 2, whose default is to refuse writes that no replica would get.`,
    ];
  if (minimum === topology.replicas)
    return [
      `redis.min_replicas_to_write: ${minimum} of ${topology.replicas} replicas: a shard refuses writes as soon as one of its replicas is down, and after each failover until the old master is back.`,
    ];
  return [];
}

function domainWarnings(topology: TopologyBase): string[] {
  const used = new Set(topology.shards.flatMap((shard) => shard.domains));
  return topology.domains
    .filter((domain) => !used.has(domain.name))
    .map(
      (domain) =>
        `domain ${domain.name} holds no member of any shard. Name it in the \`domains:\` of a shard to put one there.`,
    );
}

function poolWarnings(topology: TopologyBase): string[] {
  return topology.pools
    .filter((pool) => pool.hash === 'crc32' && pool.distribution === 'ketama' && pool.shards.length > 1)
    .map(
      (pool) =>
        `pools.${pool.name}: crc32 yields 15 bits only, with ketama nearly all keys fall on one server. Unless a running twemproxy must be matched, use fnv1a_64.`,
    );
}

function unusedShardWarnings(topology: TopologyBase): string[] {
  const used = new Set(topology.pools.flatMap((pool) => pool.shards));
  return topology.shards
    .filter((shard) => !used.has(shard.name))
    .map(
      ({ name }) =>
        `${name} belongs to no pool, so no application reaches it. Name it in the \`shards:\` of a pool, or take it out.`,
    );
}

function timingWarnings(topology: TopologyBase): string[] {
  const found: string[] = [];
  const { downAfterMs } = topology.sentinel;
  if (downAfterMs < HASTY_DOWN_AFTER_MS)
    found.push(
      `sentinel.down_after: ${downAfterMs} ms: a pause of a busy host is taken for a death. 1s is a good value, 500ms the least that was measured.`,
    );
  if (topology.edge.advertIntervalMs < HASTY_ADVERT_MS)
    found.push(
      `edge.advert_interval: ${topology.edge.advertIntervalMs} ms: a busy host loses the VIP for nothing. 300ms moves it within 1.1 s.`,
    );
  return found;
}

function edgeWarnings({ edge }: TopologyBase): string[] {
  return edge.count === 1
    ? ['edge.count: 1: no standby takes the VIP when the only edge is down. Use 2.']
    : [];
}

function networkWarnings(topology: Topology | HostsTopology): string[] {
  if (!('network' in topology)) return [];
  const found: string[] = [];
  for (const [key, network] of [
    ['network', topology.network],
    ['back_network', topology.backNetwork],
  ]) {
    if (!overlaps(subnet(network), subnet(DOCKER_DEFAULT_BRIDGE))) continue;
    found.push(
      `${key}: ${network} overlaps Docker's default bridge ${DOCKER_DEFAULT_BRIDGE}, which most engines refuse. Another private range avoids it.`,
    );
  }
  return found;
}

/** What macvlan cannot do, wherever it is. */
function macvlanWarnings(topology: Topology | HostsTopology): string[] {
  if (!('ports' in topology) || topology.lan === undefined) return [];
  return [
    'network: macvlan: a host reaches neither its own members nor the VIP while its edge holds it, so applications and twemstack run elsewhere; its firewall does not see what its members get; most clouds let no second link address through a port.',
  ];
}

/** Sentences an operator should read before deploying; empty for the defaults. */
export function warningsOf(topology: Topology | HostsTopology): string[] {
  return [
    ...replicaWarnings(topology),
    ...domainWarnings(topology),
    ...edgeWarnings(topology),
    ...networkWarnings(topology),
    ...macvlanWarnings(topology),
    ...timingWarnings(topology),
    ...poolWarnings(topology),
    ...unusedShardWarnings(topology),
  ];
}
