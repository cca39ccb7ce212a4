/** Topology → Plan: nothing is left to decide afterwards. Pure, and the same bytes for the same input anywhere. */
import { addressBook, networkParts, type Slot } from './addresses.ts';
import { subnet } from './ipv4.ts';
import { addressInRange } from './macvlan.ts';
import { networkStackName } from './placement.ts';
import { planMembers, sha1 } from './plan-members.ts';
import { blockPorts } from './port-block.ts';
import { EDGE_OPS_PORT, GUARD_PORT, PROXY_STATS_PORT, REDIS_PORT, SENTINEL_PORT } from './ports.ts';
import type { AnyPlan, HostsPlan, HostsTopology, Plan, PlanNetwork, Topology } from './types.ts';
import { warningsOf } from './warnings.ts';

type Settings = Pick<Topology, 'durability' | 'sentinel' | 'redis' | 'edge' | 'proxy' | 'backup'>;

/** IFNAMSIZ is 16 with the closing NUL. */
const MAX_DEVICE_NAME = 15;

/**
 * Linux bridge of a stack's front (`tw`), back (`tb`) or outward (`to`) network: `tw-<name>`; a long name keeps its head and gets a hash, so
 * that it stays distinct.
 */
export function bridgeName(stack: string, side: 'tw' | 'tb' | 'to' = 'tw'): string {
  const whole = `${side}-${stack}`;
  if (whole.length <= MAX_DEVICE_NAME) return whole;
  return `${side}-${stack.slice(0, 5)}-${sha1(stack).slice(0, 6)}`;
}

function planNetwork(name: string, network: string, bridge: string): PlanNetwork {
  return { name, subnet: network, ...networkParts(subnet(network)), bridge };
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

/**
 * Every name, address, port, priority and placement of a valid topology (one that `loadTopology` accepted).
 * Throws RangeError for a topology that does not fit its network, which the rules refuse beforehand.
 */
export function planStack(topology: Topology): Plan {
  const { monitoring } = topology;
  const outNetwork = monitoring?.network ?? '';
  const { edges, proxies, sentinels, shards, monitors, domains } = planMembers(topology, {
    addressOf: addressBook(topology.backNetwork),
    ...(outNetwork === '' ? {} : { outAddressOf: addressBook(outNetwork) }),
    frontAddressOf: addressBook(topology.network, topology.vip),
    formerOf: formerBook(topology),
    ports: {
      ops: EDGE_OPS_PORT,
      stats: PROXY_STATS_PORT,
      sentinel: SENTINEL_PORT,
      redis: () => REDIS_PORT,
      guard: () => GUARD_PORT,
    },
  });
  return {
    name: topology.name,
    ...entranceOf(topology),
    networkStack: networkStackName(topology.name),
    front: planNetwork(topology.name, topology.network, bridgeName(topology.name)),
    back: planNetwork(`${topology.name}-back`, topology.backNetwork, bridgeName(topology.name, 'tb')),
    ...(outNetwork === ''
      ? {}
      : { out: planNetwork(`${topology.name}-out`, outNetwork, bridgeName(topology.name, 'to')) }),
    domains,
    shards,
    pools: topology.pools,
    edges,
    proxies,
    sentinels,
    ...(monitoring === undefined ? {} : { monitors, monitoring }),
    ...settingsOf(topology),
    members: domains.flatMap((domain) => domain.members),
    warnings: warningsOf(topology),
  };
}

const entranceOf = ({ vip, vips }: Pick<Topology, 'vip' | 'vips'>): Pick<Plan, 'vip' | 'vips'> =>
  vips === undefined ? { vip } : { vip, vips };

/** What a plan hands on as the file says it, on one machine or several. */
const settingsOf = ({ durability, sentinel, redis, edge, proxy, backup }: Settings): Settings => ({
  durability,
  sentinel,
  redis,
  edge,
  proxy,
  backup,
});

/**
 * The same for a stack with a machine for each domain: members stand on its address, or with macvlan on their own, on ports of the
 * stack's block.
 */
export function planHosts(topology: HostsTopology): HostsPlan {
  const ports = blockPorts(topology.ports);
  const addressOf = (slot: Slot): string => {
    const { address, macvlan } = topology.domains[slot.domain].host;
    return macvlan === undefined ? address : addressInRange(macvlan.range, slot);
  };
  const { edges, proxies, sentinels, shards, domains } = planMembers(topology, {
    addressOf,
    frontAddressOf: addressOf,
    formerOf: () => undefined,
    ports,
    poolPorts: Object.fromEntries(topology.pools.map(({ name }, index) => [name, ports.pool(index)])),
  });
  return {
    name: topology.name,
    ...entranceOf(topology),
    ports: topology.ports,
    entrance: topology.entrance,
    ...(topology.lan === undefined ? {} : { lan: topology.lan }),
    domains: domains.map((domain, index) => ({ ...domain, host: topology.domains[index].host })),
    shards,
    pools: topology.pools,
    edges,
    proxies,
    sentinels,
    ...settingsOf(topology),
    members: domains.flatMap((domain) => domain.members),
    warnings: warningsOf(topology),
  };
}

/** Either, as the topology is. */
export const planAny = (topology: Topology | HostsTopology): AnyPlan =>
  'ports' in topology ? planHosts(topology) : planStack(topology);

/** Whether a plan has a machine for each domain. */
export const isOnHosts = (plan: AnyPlan): plan is HostsPlan => 'entrance' in plan;
