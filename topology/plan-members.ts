/** The members of a stack, wherever they stand: names, roles, priorities and placement. */
import { createHash } from 'node:crypto';
import type { Slot } from './addresses.ts';
import { dataStackName, domainStackName, memberName } from './placement.ts';
import type { MemberPorts } from './port-block.ts';
import { PROMETHEUS_PORT } from './ports.ts';
import type {
  EdgeMember,
  Member,
  MonitorMember,
  PlanDomain,
  PlanShard,
  ProxyMember,
  RedisMember,
  SentinelMember,
  TopologyBase,
} from './types.ts';
import { priorityOf } from './vips.ts';

/** Where members stand, and on which ports. */
export interface Places {
  addressOf(slot: Slot): string;
  /** On the network by which alerts leave; absent where there is none. */
  readonly outAddressOf?: (slot: Slot) => string;
  frontAddressOf(slot: Slot): string;
  /** Where a slot was while stacks had one network, as far as that had room for it. */
  formerOf(slot: Slot): string | undefined;
  readonly ports: MemberPorts;
  /** Ports of the pools on the proxies, by name, where they are not those on the VIP. */
  readonly poolPorts?: Readonly<Record<string, number>>;
}

export interface Members {
  readonly edges: readonly EdgeMember[];
  readonly proxies: readonly ProxyMember[];
  readonly sentinels: readonly SentinelMember[];
  readonly shards: readonly PlanShard[];
  /** Empty in a stack that does not watch itself. */
  readonly monitors: readonly MonitorMember[];
  readonly domains: readonly PlanDomain[];
}

export function sha1(text: string): string {
  return createHash('sha1').update(text).digest('hex');
}

/** All members of a topology. Within a domain they stand in the order edge, proxy, sentinel, redis by shard, monitor. */
export function planMembers(topology: TopologyBase, places: Places): Members {
  const edges = planEdges(topology, places);
  const proxies = planProxies(topology, places);
  const sentinels = planSentinels(topology, places);
  const shards = planShards(topology, places);
  const monitors = planMonitors(topology, places);
  const redises = shards.flatMap((shard) => shard.members);
  const all = [...edges, ...proxies, ...sentinels, ...redises, ...monitors];
  return { edges, proxies, sentinels, shards, monitors, domains: planDomains(topology, all) };
}

function planEdges(topology: TopologyBase, places: Places): EdgeMember[] {
  return topology.domains.slice(0, topology.edge.count).map((domain, index) => ({
    name: memberName(topology.name, 'edge', domain.name),
    role: 'edge',
    domain: domain.name,
    address: places.addressOf({ role: 'edge', domain: index }),
    frontAddress: places.frontAddressOf({ role: 'edge', domain: index }),
    priority: priorityOf(index),
    opsPort: places.ports.ops,
  }));
}

function planProxies(topology: TopologyBase, { addressOf, ports, poolPorts }: Places): ProxyMember[] {
  return topology.domains.map((domain, index) => ({
    name: memberName(topology.name, 'proxy', domain.name),
    role: 'proxy',
    domain: domain.name,
    address: addressOf({ role: 'proxy', domain: index }),
    statsPort: ports.stats,
    ...(poolPorts === undefined ? {} : { poolPorts }),
  }));
}

function planSentinels(topology: TopologyBase, places: Places): SentinelMember[] {
  return topology.domains.slice(0, topology.sentinel.count).map((domain, index) => {
    const name = memberName(topology.name, 'sentinel', domain.name);
    return {
      name,
      role: 'sentinel',
      domain: domain.name,
      address: places.addressOf({ role: 'sentinel', domain: index }),
      formerAddress: places.formerOf({ role: 'sentinel', domain: index }),
      port: places.ports.sentinel,
      // 40 hex digits is what `sentinel myid` takes; from the name, so a re-created sentinel is the same voter.
      runId: sha1(`${topology.name}/${name}`),
    };
  });
}

function planShards(topology: TopologyBase, { addressOf, formerOf, ports }: Places): PlanShard[] {
  const position = new Map(topology.domains.map((domain, index) => [domain.name, index]));
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
        port: ports.redis(shardIndex),
        guardPort: ports.guard(shardIndex),
        shard: shard.name,
        initialMaster: index === 0,
      };
    });
    return { name: shard.name, weight: shard.weight, members, initialMaster: members[0] };
  });
}

function planMonitors(topology: TopologyBase, { addressOf, outAddressOf }: Places): MonitorMember[] {
  return topology.domains.flatMap(({ name }, domain): MonitorMember[] => {
    if (topology.monitoring?.domains.includes(name) !== true) return [];
    const slot: Slot = { role: 'monitor', domain };
    return [
      {
        name: memberName(topology.name, 'monitor', name),
        role: 'monitor',
        domain: name,
        address: addressOf(slot),
        ...(outAddressOf === undefined ? {} : { outAddress: outAddressOf(slot) }),
        port: PROMETHEUS_PORT,
      },
    ];
  });
}

function planDomains(topology: TopologyBase, members: readonly Member[]): PlanDomain[] {
  return topology.domains.map(({ name }) => ({
    name,
    stack: domainStackName(topology.name, name),
    dataStack: dataStackName(topology.name, name),
    seedContainer: memberName(topology.name, 'seed', name),
    members: members.filter((member) => member.domain === name),
  }));
}
