import type Docker from 'dockerode';
import { INSTANCE_LABEL, OWNER_LABEL } from '../../stacks/owner-label.ts';
import { overlaps, parseAddress, type Subnet, subnet } from '../../topology/ipv4.ts';
import { lanName } from '../../topology/macvlan.ts';
import type {
  AnyPlan,
  HostsPlan,
  HostsPlanDomain,
  Plan,
  PlanDomain,
  PlanNetwork,
} from '../../topology/types.ts';
import { vipsOf } from '../../topology/vips.ts';
import { EnvironmentError } from '../errors.ts';
import { describeRoute, hostAddresses, hostRoutes, type Route } from './host-network.ts';

/** Something that is in the way of a stack, and what to do about it. */
export interface Conflict {
  readonly what: string;
  readonly where: string;
  readonly remedy: string;
}

/** What of this machine matters to a stack's addresses. */
export interface HostNetwork {
  readonly routes: readonly Route[];
  readonly addresses: ReadonlyArray<{ device: string; address: number }>;
}

export const hostNetwork = (): HostNetwork => ({ routes: hostRoutes(), addresses: hostAddresses() });

/** The networks of a stack, each with what to do when it cannot be had. */
const networksOf = ({
  front,
  back,
  out,
}: Plan): Array<PlanNetwork & { readonly title: string; readonly other: string }> => [
  { ...front, title: "the stack's network", other: 'set another `network` and `vip` in stack.yaml' },
  { ...back, title: "the stack's back network", other: 'set another `back_network` in stack.yaml' },
  ...(out === undefined
    ? []
    : [
        {
          ...out,
          title: 'the network by which alerts leave',
          other: 'set another `monitoring.network` in stack.yaml',
        },
      ]),
];

/**
 * What on this machine is in the way of the stack's subnets and virtual IP. The stack's own bridges, and those of Docker
 * networks (which the engine is asked about), are not. Nothing is sent to the virtual IP to see whether it answers: as
 * long as no route but the default one leads there, the packet would leave this machine, and any other route is a conflict.
 *
 * @param dockerBridges devices that belong to Docker networks
 */
export function hostConflicts(
  plan: Plan,
  host: HostNetwork,
  dockerBridges: ReadonlySet<string> = new Set(),
): Conflict[] {
  const networks = networksOf(plan);
  const foreign = (device: string): boolean =>
    networks.every(({ bridge }) => device !== bridge) && !dockerBridges.has(device);
  const holders = vipsOf(plan).flatMap(({ address: vip }) =>
    host.addresses
      .filter(({ device, address }) => address === parseAddress(vip) && foreign(device))
      .map(({ device }) => ({ device, vip })),
  );
  const routes = networks.flatMap((network) =>
    host.routes
      .filter((route) => foreign(route.device) && overlaps(route.subnet, subnet(network.subnet)))
      .map((route) => ({ route, network })),
  );
  return [
    ...holders.map(({ device, vip }) => ({
      what: `the virtual IP ${vip} is an address of this machine`,
      where: device,
      remedy: `set another \`vip\` in stack.yaml, or take the address off ${device}`,
    })),
    ...routes.map(({ route, network }) => ({
      what: `${network.title} ${network.subnet} overlaps a network that this machine reaches`,
      where: describeRoute(route),
      remedy: network.other,
    })),
  ];
}

/**
 * What on the engine is in the way: networks that overlap, names and addresses that strangers have, and a stack of the
 * same name that another checkout deployed.
 *
 * @param instance of the deployment from this checkout; undefined when there was none yet
 */
export async function engineConflicts(plan: Plan, docker: Docker, instance?: string): Promise<Conflict[]> {
  const [networks, taken] = await Promise.all([
    docker.listNetworks(),
    nameConflicts(plan, plan.domains, docker, instance),
  ]);
  return [
    ...taken,
    ...networks.flatMap((network) => networkConflict(plan, network)),
    ...(await addressConflicts(plan, docker, networks)),
  ];
}

/**
 * What on the engine has a name of these domains and is not this stack's, and a stack of the same name that another checkout
 * deployed.
 *
 * @param instance of the deployment from this checkout; undefined when there was none yet
 */
export async function nameConflicts(
  plan: AnyPlan,
  domains: readonly PlanDomain[],
  docker: Docker,
  instance?: string,
): Promise<Conflict[]> {
  const [containers, volumes] = await Promise.all([
    docker.listContainers({ all: true }),
    docker.listVolumes(),
  ]);
  const members = domains.flatMap((domain) => domain.members.map(({ name }) => name));
  const names = new Set([...members, ...domains.map(({ seedContainer }) => seedContainer)]);
  const volumeNames = new Set(members.flatMap((name) => [`${name}-data`, `${name}-seed`]));
  const ours = (labels: Record<string, string> | undefined | null): boolean =>
    labels?.[OWNER_LABEL] === plan.name;
  return [
    ...otherDeployment(plan, containers, instance),
    ...containers
      .filter(({ Labels }) => !ours(Labels))
      .flatMap(({ Names }) => Names.map((name) => name.replace(/^\//, '')))
      .filter((name) => names.has(name))
      .map((name) => stranger('container', name, `docker rename ${name} OTHER`)),
    ...(volumes.Volumes ?? [])
      .filter(({ Name, Labels }) => volumeNames.has(Name) && !ours(Labels))
      .map(({ Name }) => stranger('volume', Name, `docker volume rm ${Name} (its data is gone then)`)),
  ];
}

/** Containers of a stack of this name whose credentials and state are somewhere else. */
function otherDeployment(
  plan: AnyPlan,
  containers: readonly Docker.ContainerInfo[],
  instance: string | undefined,
): Conflict[] {
  const foreign = containers.filter(
    ({ Labels }) => Labels[OWNER_LABEL] === plan.name && Labels[INSTANCE_LABEL] !== instance,
  );
  if (foreign.length === 0) return [];
  return [
    {
      what: `a stack "${plan.name}" deployed from another checkout is on this engine (${foreign.length} containers)`,
      where: foreign.map(({ Names }) => Names[0]?.replace(/^\//, '')).join(', '),
      remedy:
        `work from that checkout, or copy its .twemstack/stacks/${plan.name} here; if it is gone, \`twemstack secret adopt\` takes the stack over; give this stack another \`name\` and ` +
        `\`network\`; or remove the other one: docker rm -f $(docker ps -aq --filter label=${OWNER_LABEL}=${plan.name})`,
    },
  ];
}

/** Devices of all bridges that the engine made, its default one included. */
export async function dockerBridges(docker: Docker): Promise<ReadonlySet<string>> {
  const networks = (await docker.listNetworks()).filter(({ Driver }) => Driver === 'bridge');
  return new Set(
    networks.map(({ Id, Options }) => Options?.['com.docker.network.bridge.name'] ?? `br-${Id.slice(0, 12)}`),
  );
}

/** @throws EnvironmentError that names all conflicts at once; does nothing when there are none */
export function refuseConflicts(conflicts: readonly Conflict[]): void {
  if (conflicts.length === 0) return;
  const [first, ...others] = conflicts;
  const more = others.map(({ what, where, remedy }) => `\nalso: ${what} (${where}): ${remedy}`).join('');
  throw new EnvironmentError(`${first.what}; nothing was changed${more}`, first);
}

function networkConflict(plan: Plan, network: Docker.NetworkInspectInfo): Conflict[] {
  const ours = network.Labels?.[OWNER_LABEL] === plan.name;
  if (ours) return [];
  const own = networksOf(plan);
  if (own.some(({ name }) => name === network.Name)) {
    return [stranger('network', network.Name, `docker network rm ${network.Name}`)];
  }
  const taken = (network.IPAM?.Config ?? []).map((config) => readSubnet(config.Subnet));
  return own
    .filter((each) => taken.some((one) => one !== undefined && overlaps(one, subnet(each.subnet))))
    .map((each) => ({
      what: `${each.title} ${each.subnet} overlaps the Docker network "${network.Name}"`,
      where: (network.IPAM?.Config ?? []).map((config) => config.Subnet).join(', '),
      remedy: `${each.other}, or remove that network (docker network rm ${network.Name})`,
    }));
}

/** Strangers' containers on our own networks that hold an address of ours. */
async function addressConflicts(
  plan: Plan,
  docker: Docker,
  networks: readonly Docker.NetworkInspectInfo[],
): Promise<Conflict[]> {
  const front = new Map(plan.edges.map(({ name, frontAddress }) => [frontAddress, name]));
  for (const { address } of vipsOf(plan)) front.set(address, 'the virtual IP');
  const back = new Map(plan.members.map(({ name, address }) => [address, name]));
  return [
    ...(await addressesTaken(plan, docker, networks, plan.front, front)),
    ...(await addressesTaken(plan, docker, networks, plan.back, back)),
  ];
}

/** @param reserved whose an address is, by address */
async function addressesTaken(
  plan: Plan,
  docker: Docker,
  networks: readonly Docker.NetworkInspectInfo[],
  network: PlanNetwork,
  reserved: ReadonlyMap<string, string>,
): Promise<Conflict[]> {
  const own = networks.find(
    ({ Name, Labels }) => Name === network.name && Labels?.[OWNER_LABEL] === plan.name,
  );
  if (own === undefined) return [];
  const details = (await docker.getNetwork(own.Id).inspect()) as {
    Containers?: Record<string, { Name: string; IPv4Address: string }>;
  };
  return Object.values(details.Containers ?? {}).flatMap(({ Name, IPv4Address }) => {
    const address = IPv4Address.split('/')[0];
    const owner = reserved.get(address);
    if (owner === undefined || owner === Name) return [];
    return [
      {
        what: `container "${Name}" has ${address}, the address of ${owner}`,
        where: `Docker network ${network.name}`,
        remedy: `docker network disconnect ${network.name} ${Name}, then connect it again without --ip`,
      },
    ];
  });
}

/** Networks of one host that keep a stack from its own way to the LAN: an engine makes one macvlan network for a device. */
export function lanConflicts(
  plan: HostsPlan,
  { host }: HostsPlanDomain,
  networks: readonly Docker.NetworkInspectInfo[],
): Conflict[] {
  if (host.macvlan === undefined) return [];
  const { parent } = host.macvlan;
  return networks
    .filter(({ Labels }) => Labels?.[OWNER_LABEL] !== plan.name)
    .flatMap(({ Driver, Name, Options }): Conflict[] => {
      if (Name === lanName(plan.name)) return [stranger('network', Name, `docker network rm ${Name}`)];
      if (Driver !== 'macvlan' || Options?.parent !== parent) return [];
      return [
        {
          what: `the Docker network "${Name}" has the device ${parent}, and an engine makes one macvlan network for a device`,
          where: 'Docker engine',
          remedy: `name another \`parent\` (a device for a VLAN of its own: ${parent}.N), or remove that network (docker network rm ${Name})`,
        },
      ];
    });
}

function stranger(kind: string, name: string, command: string): Conflict {
  return {
    what: `there is a ${kind} "${name}" that this stack did not make (no label ${OWNER_LABEL})`,
    where: 'Docker engine',
    remedy: `${command}, or choose another \`name\` in stack.yaml; twemstack does not touch it`,
  };
}

function readSubnet(text: string | undefined): Subnet | undefined {
  try {
    return text === undefined || text.includes(':') ? undefined : subnet(text);
  } catch {
    return undefined;
  }
}
