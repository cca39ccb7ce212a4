/** Topology → Plan: nothing is left to decide afterwards. Pure, and the same bytes for the same input anywhere. */
import { createHash } from 'node:crypto';
import { addressBook, networkParts, type Slot } from './addresses.ts';
import { subnet } from './ipv4.ts';
import { dataStackName, domainStackName, memberName, networkStackName } from './placement.ts';
import { EDGE_OPS_PORT, GUARD_PORT, PROXY_STATS_PORT, REDIS_PORT, SENTINEL_PORT } from './ports.ts';
import type {
  EdgeMember,
  Member,
  Plan,
  PlanDomain,
  PlanNetwork,
  PlanShard,
  ProxyMember,
  RedisMember,
  SentinelMember,
  Topology,
} from './types.ts';
import { warningsOf } from './warnings.ts';

/** VRRP priority of the first edge; each further one has one less, so that no two are equal. */
const FIRST_PRIORITY = 150;
/** IFNAMSIZ is 16 with the closing NUL. */
const MAX_DEVICE_NAME = 15;

type AddressOf = (slot: Slot) => string;

/**
 * Linux bridge of a stack's front (`tw`) or back (`tb`) network: `tw-<name>`; a long name keeps its head and gets a hash, so
 * that it stays distinct.
 */
export function bridgeName(stack: string, side: 'tw' | 'tb' = 'tw'): string {
  const whole = `${side}-${stack}`;
  if (whole.length <= MAX_DEVICE_NAME) return whole;
  return `${side}-${stack.slice(0, 5)}-${sha1(stack).slice(0, 6)}`;
}

function sha1(text: string): string {
  return createHash('sha1').update(text).digest('hex');
}

function planNetwork(name: string, network: string, bridge: string): PlanNetwork {
  return { name, subnet: network, ...networkParts(subnet(network)), bridge };
}

function planEdges(topology: Topology, addressOf: AddressOf): EdgeMember[] {
  const frontAddressOf = addressBook(topology.network, topology.vip);
  return topology.domains.slice(0, topology.edge.count).map((domain, index) => ({
    name: memberName(topology.name, 'edge', domain.name),
    role: 'edge',
    domain: domain.name,
    address: addressOf({ role: 'edge', domain: index }),
    frontAddress: frontAddressOf({ role: 'edge', domain: index }),
    priority: FIRST_PRIORITY - index,
    opsPort: EDGE_OPS_PORT,
  }));
}

function planProxies(topology: Topology, addressOf: AddressOf): ProxyMember[] {
  return topology.domains.map((domain, index) => ({
    name: memberName(topology.name, 'proxy', domain.name),
    role: 'proxy',
    domain: domain.name,
    address: addressOf({ role: 'proxy', domain: index }),
    statsPort: PROXY_STATS_PORT,
  }));
}

/** Where a slot was while stacks had one network. */
function formerBook({ network, vip }: Topology): (slot: Slot) => string | undefined {
  const addressOf = addressBook(network, vip);
  return (slot) => {
    try {
      return addressOf(slot);
    } catch {
      // A front of today need not have room for what was never there.
      return undefined;
    }
  };
}

function planSentinels(topology: Topology, addressOf: AddressOf): SentinelMember[] {
  const formerOf = formerBook(topology);
  return topology.domains.slice(0, topology.sentinel.count).map((domain, index) => {
    const name = memberName(topology.name, 'sentinel', domain.name);
    return {
      name,
      role: 'sentinel',
      domain: domain.name,
      address: addressOf({ role: 'sentinel', domain: index }),
      formerAddress: formerOf({ role: 'sentinel', domain: index }),
      port: SENTINEL_PORT,
      // 40 hex digits is what `sentinel myid` takes; from the name, so a re-created sentinel is the same voter.
      runId: sha1(`${topology.name}/${name}`),
    };
  });
}

function planShards(topology: Topology, addressOf: AddressOf): PlanShard[] {
  const position = new Map(topology.domains.map((domain, index) => [domain.name, index]));
  const formerOf = formerBook(topology);
  return topology.shards.map((shard, shardIndex) => {
    const members = shard.domains.map((domain, index): RedisMember => {
      const domainIndex = position.get(domain);
      if (domainIndex === undefined) throw new RangeError(`shard ${shard.name}: no domain ${domain}`);
      const slot: Slot = { role: 'redis', domain: domainIndex, shard: shardIndex };
      return {
        name: memberName(topology.name, shard.name, domain),
        role: 'redis',
        domain,
        address: addressOf(slot),
        formerAddress: formerOf(slot),
        port: REDIS_PORT,
        guardPort: GUARD_PORT,
        shard: shard.name,
        initialMaster: index === 0,
      };
    });
    return { name: shard.name, weight: shard.weight, members, initialMaster: members[0] };
  });
}

function planDomains(topology: Topology, members: readonly Member[]): PlanDomain[] {
  return topology.domains.map(({ name }) => ({
    name,
    stack: domainStackName(topology.name, name),
    dataStack: dataStackName(topology.name, name),
    seedContainer: memberName(topology.name, 'seed', name),
    members: members.filter((member) => member.domain === name),
  }));
}

/**
 * Every name, address, port, priority and placement of a valid topology (one that `loadTopology` accepted).
 * Within a domain members stand in the order edge, proxy, sentinel, redis by shard.
 * Throws RangeError for a topology that does not fit its network, which the rules refuse beforehand.
 */
export function planStack(topology: Topology): Plan {
  const addressOf = addressBook(topology.backNetwork);
  const edges = planEdges(topology, addressOf);
  const proxies = planProxies(topology, addressOf);
  const sentinels = planSentinels(topology, addressOf);
  const shards = planShards(topology, addressOf);
  const all = [...edges, ...proxies, ...sentinels, ...shards.flatMap((shard) => shard.members)];
  const domains = planDomains(topology, all);
  return {
    name: topology.name,
    vip: topology.vip,
    networkStack: networkStackName(topology.name),
    front: planNetwork(topology.name, topology.network, bridgeName(topology.name)),
    back: planNetwork(`${topology.name}-back`, topology.backNetwork, bridgeName(topology.name, 'tb')),
    domains,
    shards,
    pools: topology.pools,
    edges,
    proxies,
    sentinels,
    durability: topology.durability,
    sentinel: topology.sentinel,
    redis: topology.redis,
    edge: topology.edge,
    proxy: topology.proxy,
    members: domains.flatMap((domain) => domain.members),
    warnings: warningsOf(topology),
  };
}
