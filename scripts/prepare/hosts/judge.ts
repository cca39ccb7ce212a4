import { edgeConnections, edgeOpenFiles } from '../../../topology/edge-limits.ts';
import { contains, formatSubnet, parseAddress } from '../../../topology/ipv4.ts';
import type { HostsPlan, HostsPlanDomain, Role } from '../../../topology/types.ts';
import { vipsOf } from '../../../topology/vips.ts';
import type { Conflict } from '../conflicts.ts';
import { LOW_DISK } from '../platform.ts';
import { type HostFacts, type Listener, subnetOfAddress } from './facts.ts';
import { lanConflicts, linksOf, machine } from './judge-lan.ts';
import { type HostsFacts, portsOnHost } from './probe.ts';

/** What stands in the way of a stack on its hosts, and what works all the same. */
export interface Verdict {
  readonly refused: readonly Conflict[];
  readonly warnings: readonly string[];
}

/** A host, and what the plan says of it. */
interface JudgedHost {
  readonly domain: HostsPlanDomain;
  readonly host: HostFacts;
}

/**
 * Whether a stack can stand on these machines. Pure.
 *
 * @param facts of the hosts that are reached; what concerns the others is not judged
 */
export function judgeHosts(plan: HostsPlan, facts: HostsFacts): Verdict {
  const each = facts.hosts.map((host) => {
    const domain = plan.domains.find(({ name }) => name === host.domain) as HostsPlanDomain;
    return { domain, host };
  });
  const all = each.length === plan.domains.length;
  // Nothing can be said of the ways to and from an address that is not there.
  const lost = new Set(
    each
      .filter(({ domain, host }) => addressConflicts(domain, host).length > 0)
      .map(({ host }) => host.domain),
  );
  const refused = each.flatMap(({ domain, host }) => {
    const wrong = addressConflicts(domain, host);
    // Nothing can be said of the network of an address that is not there.
    if (wrong.length > 0) return wrong;
    return [
      ...networkConflicts(plan, domain, host, lost),
      ...vipsOf(plan).flatMap(({ address }) => vipConflicts(plan, domain, facts, host, all, address)),
      ...(plan.lan === undefined
        ? portConflicts(plan, domain, facts, host)
        : lanConflicts(plan.lan, domain, facts, host)),
      ...diskConflicts(domain, host),
    ];
  });
  return {
    refused: [...refused, ...blockedWays(plan, facts, lost)],
    warnings: [...kernelWarnings(plan, each), ...mtuWarnings(plan, facts)],
  };
}

function addressConflicts(domain: HostsPlanDomain, { addresses }: HostFacts): Conflict[] {
  const { address } = domain.host;
  if (addresses.some((each) => each.address === address)) return [];
  const has = addresses
    .filter(({ device }) => device !== 'lo')
    .map((each) => `${each.address} on ${each.device}`);
  return [
    {
      what: `${address} is no address of host ${domain.name}, which has ${has.join(', ') || 'none'}`,
      where: machine(domain),
      remedy:
        'write in stack.yaml, as `address`, the one that it has on the network of the hosts; or correct `docker`',
    },
  ];
}

/** An address that VRRP moves has to be on one LAN, in one subnet. */
function networkConflicts(
  plan: HostsPlan,
  domain: HostsPlanDomain,
  host: HostFacts,
  lost: ReadonlySet<string>,
): Conflict[] {
  if (plan.entrance !== 'vrrp') return [];
  const own = host.addresses.find(({ address }) => address === domain.host.address);
  if (own === undefined) return [];
  const external = 'or write `entrance: external`, which needs no common LAN';
  const apart = plan.domains
    .filter(({ name }) => name !== domain.name && !lost.has(name))
    .flatMap((peer): Conflict[] => {
      const route = host.routes.get(peer.host.address);
      if (route !== undefined && route.via === undefined && route.device === own.device) return [];
      const how =
        route === undefined
          ? 'has no way to it'
          : route.via === undefined
            ? `goes there by ${route.device}, and its own address is on ${own.device}`
            : `goes there through the router ${route.via}`;
      return [
        {
          what: `host ${domain.name} is not on one LAN with host ${peer.name}: it ${how}`,
          where: `${domain.host.address} to ${peer.host.address}`,
          remedy: `give as \`address\` those on the LAN that the hosts share, ${external}`,
        },
      ];
    });
  const subnet = subnetOfAddress(own);
  const strange = vipsOf(plan).filter(({ address }) => !contains(subnet, parseAddress(address) as number));
  return [
    ...apart,
    ...strange.map(({ address }) => ({
      what: `the virtual IP ${address} is not in ${formatSubnet(subnet)}, the subnet of host ${domain.name} on ${own.device}`,
      where: machine(domain),
      remedy: `choose a free \`vip\` in that subnet, ${external}`,
    })),
  ];
}

function vipConflicts(
  plan: HostsPlan,
  domain: HostsPlanDomain,
  facts: HostsFacts,
  host: HostFacts,
  all: boolean,
  vip: string,
): Conflict[] {
  if (plan.entrance !== 'vrrp') return [];
  // An edge holds it as a single address; whoever configured it for good did so with the prefix of the subnet.
  const fixed = host.addresses.find(({ address, prefix }) => address === vip && prefix < 32);
  if (fixed !== undefined)
    return [
      {
        what: `the virtual IP ${vip} is an address of host ${domain.name} itself (${fixed.address}/${fixed.prefix} on ${fixed.device})`,
        where: machine(domain),
        remedy: `take it off there (ip address delete ${fixed.address}/${fixed.prefix} dev ${fixed.device}), or choose another \`vip\``,
      },
    ];
  // It may be a host of ours that nobody reaches, and that holds it as it should.
  const answer = host.vipAnswers.get(vip);
  if (answer === undefined || !all) return [];
  if (host.addresses.some(({ address }) => address === vip)) return [];
  const { link } = answer;
  if (link !== undefined && linksOf(facts).has(link)) return [];
  return [
    {
      what: `the virtual IP ${vip} is taken: ${link === undefined ? 'somebody' : `the machine with link address ${link}`} answers for it, and is none of the hosts`,
      where: `seen from host ${domain.name}`,
      remedy: 'choose a free address of the LAN as `vip`, or take it from that machine',
    },
  ];
}

/** On its own address, on the VIP, and on all addresses at once: that takes both. */
function portConflicts(
  plan: HostsPlan,
  domain: HostsPlanDomain,
  { own }: HostsFacts,
  { listeners }: HostFacts,
): Conflict[] {
  const edge = domain.members.some(({ role }) => role === 'edge');
  const pools = edge ? plan.pools.map(({ listen }) => listen) : [];
  const entrances = plan.entrance === 'vrrp' ? vipsOf(plan).map((vip) => vip.address) : [domain.host.address];
  const wanted = [
    ...portsOnHost(plan, domain.name).map((port) => ({ address: domain.host.address, port })),
    ...entrances.flatMap((address) => pools.map((port) => ({ address, port }))),
  ];
  const running = own.size > 0;
  return wanted.flatMap(({ address, port }) => {
    const taker = listeners.find((listener) => takes(listener, address, port));
    if (taker === undefined) return [];
    // Where the engine hides processes, what listens on a host of the stack is taken for the stack's own.
    if (taker.container === undefined ? taker.process === undefined && running : own.has(taker.container))
      return [];
    return [
      {
        what: `port ${port} of host ${domain.name} is taken by ${describeTaker(taker)}`,
        where: `${taker.address}:${port} on ${machine(domain)}`,
        remedy:
          pools.includes(port) && entrances.includes(address)
            ? 'stop it or let it listen on another address than all of them; or choose another `listen` for the pool'
            : 'stop it, or give the stack another block of ports with `ports`',
      },
    ];
  });
}

const takes = (listener: Listener, address: string, port: number): boolean =>
  listener.port === port &&
  (listener.address === address ||
    listener.address === '0.0.0.0' ||
    (listener.address === '::' && !listener.v6only));

function describeTaker({ container, process }: Listener): string {
  const who =
    process === undefined
      ? 'a process that the engine does not show'
      : `${process.name} (pid ${process.pid})`;
  return container === undefined ? who : `${who} in container ${container.slice(0, 12)}`;
}

function diskConflicts(domain: HostsPlanDomain, { disk }: HostFacts): Conflict[] {
  if (!(disk < LOW_DISK)) return [];
  return [
    {
      what: `only ${(disk / 1024 ** 3).toFixed(1)} GB are free on host ${domain.name} for images and data, 2 GB are needed`,
      where: machine(domain),
      remedy: 'free some space there; `docker system df` shows what images and volumes take',
    },
  ];
}

/** Each pair of hosts with all that does not pass, in one sentence. */
function blockedWays(plan: HostsPlan, { blocked }: HostsFacts, lost: ReadonlySet<string>): Conflict[] {
  const pairs = new Map<string, { from: string; to: string; vrrp: boolean; ports: number[] }>();
  for (const { from, to, what } of blocked) {
    if (lost.has(from) || lost.has(to)) continue;
    const pair = pairs.get(`${from} ${to}`) ?? { from, to, vrrp: false, ports: [] };
    pairs.set(`${from} ${to}`, pair);
    if (what === 'vrrp') pair.vrrp = true;
    else pair.ports.push(what);
  }
  const address = (name: string): string | undefined =>
    plan.domains.find((domain) => domain.name === name)?.host.address;
  return [...pairs.values()].flatMap(({ from, ports, to, vrrp }) => [
    ...(vrrp
      ? [
          {
            what: `VRRP does not pass from host ${from} to host ${to}: both would take the virtual IP`,
            where: `IP protocol 112, ${address(from)} to ${address(to)}`,
            remedy: `let it in on host ${to} (iptables -I INPUT -p 112 -s ${address(from)} -j ACCEPT); \`twemstack plan --firewall\` has all that must pass`,
          },
        ]
      : []),
    ...(ports.length > 0
      ? [
          {
            what: `host ${to} lets host ${from} in on ${ports.length === 1 ? 'no' : 'none of the'} port${ports.length === 1 ? '' : 's'} ${ports.join(', ')}`,
            where: `TCP, ${address(from)} to ${address(to)}`,
            remedy: `open the stack's ports between the hosts: \`twemstack plan --firewall\` has the table, \`--firewall nftables\` a file`,
          },
        ]
      : []),
  ]);
}

/** What the kernels of some hosts are set to: one sentence each, however many hosts there are. */
function kernelWarnings(plan: HostsPlan, each: readonly JudgedHost[]): string[] {
  const files = edgeOpenFiles(edgeConnections(plan.pools.length, plan.edge.maxConnections));
  const hosts = (role: Role, match: (host: HostFacts) => boolean): string =>
    each
      .filter(({ domain, host }) => domain.members.some((member) => member.role === role) && match(host))
      .map(({ domain }) => domain.name)
      .join(', ');
  const overcommit = hosts('redis', (host) => host.overcommit !== 1);
  const hugepages = hosts('redis', (host) => host.hugepages === 'always');
  const few = hosts('edge', (host) => host.files < files);
  return [
    ...(overcommit === ''
      ? []
      : [
          `vm.overcommit_memory is not 1 on host ${overcommit}: a fork of redis can be refused although memory suffices; \`sysctl -w vm.overcommit_memory=1\` there`,
        ]),
    ...(hugepages === ''
      ? []
      : [
          `transparent huge pages are always on on host ${hugepages}: forks of redis take more time and memory; \`echo madvise > /sys/kernel/mm/transparent_hugepage/enabled\` there`,
        ]),
    ...(few === ''
      ? []
      : [
          `a container on host ${few} may have less than ${files} open files, which HAProxy needs for edge.max_connections ${plan.edge.maxConnections}: it will not start; raise default-ulimits of the engine, or LimitNOFILE of its service`,
        ]),
  ];
}

/** Packets that are too large for one of them are lost on the way without a word. */
function mtuWarnings(plan: HostsPlan, { hosts }: HostsFacts): string[] {
  const sizes = hosts.flatMap(({ addresses, domain, links }) => {
    const address = plan.domains.find(({ name }) => name === domain)?.host.address;
    const device = addresses.find((each) => each.address === address)?.device;
    const link = links.find((each) => each.device === device);
    return link === undefined ? [] : [{ domain, mtu: link.mtu }];
  });
  if (new Set(sizes.map(({ mtu }) => mtu)).size < 2) return [];
  const said = sizes.map(({ domain, mtu }) => `${domain} ${mtu}`).join(', ');
  return [
    `the hosts' devices take packets of different sizes (MTU: ${said}): large replies may be lost; give all the same`,
  ];
}
