import { parseAddress, type Subnet, subnetOf } from '../../../topology/ipv4.ts';

/** What one machine looks like from inside, before anything is put there. */
export interface HostFacts {
  readonly domain: string;
  /** Its IPv4 addresses. */
  readonly addresses: readonly LocalAddress[];
  readonly links: readonly Link[];
  /** How packets from the host's address go to the other hosts; a host that has no way is not in it. */
  readonly routes: ReadonlyMap<string, Route>;
  readonly listeners: readonly Listener[];
  /**
   * Link address of whoever answered for a VIP, by VIP; one for which nobody did is not in it. So, too, for members that have
   * addresses of their own.
   */
  readonly vipAnswers: ReadonlyMap<string, VipAnswer>;
  /** vm.overcommit_memory. */
  readonly overcommit: number;
  /** Transparent huge pages: always, madvise or never; empty when unknown. */
  readonly hugepages: string;
  /** Most open files that a container may have. */
  readonly files: number;
  /** Free bytes where the engine keeps images and volumes. */
  readonly disk: number;
}

export interface VipAnswer {
  /** Undefined when it is not known. */
  readonly link: string | undefined;
}

export interface LocalAddress {
  readonly device: string;
  readonly address: string;
  readonly prefix: number;
}

export interface Link {
  readonly device: string;
  readonly mac: string;
  readonly mtu: number;
}

export interface Route {
  readonly device: string;
  /** A router on the way. */
  readonly via?: string;
}

/** Something that listens for TCP. */
export interface Listener {
  /** `0.0.0.0` and `::` are all of the machine's; `::` takes IPv4, too, unless it is of IPv6 alone. */
  readonly address: string;
  readonly port: number;
  readonly v6only: boolean;
  /** Name and pid of the process; undefined when the engine hides it. */
  readonly process?: { readonly name: string; readonly pid: number };
  /** Id of the container that it is in. */
  readonly container?: string;
}

/** The subnet that an address of a host is in. */
export function subnetOfAddress({ address, prefix }: LocalAddress): Subnet {
  return subnetOf(parseAddress(address) as number, prefix);
}

interface IpAddress {
  readonly ifname: string;
  readonly addr_info?: ReadonlyArray<{ readonly local?: string; readonly prefixlen?: number }>;
}
interface IpLink {
  readonly ifname: string;
  readonly address?: string;
  readonly mtu: number;
}
interface IpRoute {
  readonly dev: string;
  readonly gateway?: string;
}
interface IpNeighbour {
  readonly lladdr?: string;
  readonly state?: readonly string[];
}

/** Reads what the script FACTS says. */
export function parseFacts(domain: string, text: string): HostFacts {
  const sections = new Map(
    text
      .split(/^== /m)
      .slice(1)
      .map((section): [string, string] => {
        const [name] = section.split('\n', 1);
        return [name, section.slice(name.length).trim()];
      }),
  );
  const section = (name: string): string => sections.get(name) ?? '';
  const kernel = new Map(
    section('kernel')
      .split('\n')
      .map((line): [string, string] => [line.split(' ')[0], line.slice(line.indexOf(' ') + 1)]),
  );
  const number = (name: string): number => Number.parseInt(kernel.get(name) ?? '', 10);
  return {
    domain,
    addresses: json<IpAddress>(section('addresses')).flatMap(({ addr_info = [], ifname: device }) =>
      addr_info.flatMap(({ local, prefixlen: prefix }) =>
        local === undefined || prefix === undefined ? [] : [{ device, address: local, prefix }],
      ),
    ),
    links: json<IpLink>(section('links')).map(({ address = '', ifname: device, mtu }) => ({
      device,
      mac: address,
      mtu,
    })),
    routes: new Map(
      [...sections].flatMap(([name, content]) => {
        const [route] = name.startsWith('route ') ? json<IpRoute>(content) : [];
        return route === undefined ? [] : [[name.slice('route '.length), routeOf(route)] as const];
      }),
    ),
    listeners: parseListeners(section('listeners'), section('containers')),
    vipAnswers: new Map(
      [...sections].flatMap(([name, content]) => {
        if (!name.startsWith('neighbour ')) return [];
        const vip = name.slice('neighbour '.length);
        const answer = parseAnswer(section(`answer ${vip}`), json<IpNeighbour>(content));
        return answer === undefined ? [] : [[vip, answer] as const];
      }),
    ),
    overcommit: number('overcommit'),
    hugepages: /\[(\w+)\]/.exec(kernel.get('hugepages') ?? '')?.[1] ?? '',
    files: kernel.get('files') === 'unlimited' ? Number.POSITIVE_INFINITY : number('files'),
    disk: number('disk'),
  };
}

const json = <T>(text: string): readonly T[] => (text === '' ? [] : (JSON.parse(text) as T[]));

const routeOf = ({ dev, gateway }: IpRoute): Route => ({ device: dev, ...(gateway ? { via: gateway } : {}) });

/**
 * Lines of `ss -Hltnpe`: state, two queues, local, peer, then what is known of the socket.
 *
 * @param containers lines of a pid and the id of its container
 */
function parseListeners(text: string, containers: string): Listener[] {
  const owners = new Map(
    containers.split('\n').map((line): [number, string] => {
      const [pid, id = ''] = line.trim().split(' ');
      return [Number(pid), id];
    }),
  );
  return text
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .filter((fields) => fields.length >= 5)
    .map(([, , , local, , ...known]) => {
      const more = known.join(' ');
      const [, name, pid] = /users:\(\("([^"]*)",pid=(\d+)/.exec(more) ?? [];
      const colon = local.lastIndexOf(':');
      // `%eth0` says which device a socket is bound to; `*` is all addresses of both kinds.
      const address = local
        .slice(0, colon)
        .replace(/%.*$/, '')
        .replace(/^\[|\]$/g, '');
      return {
        address: address === '*' ? '::' : address,
        port: Number(local.slice(colon + 1)),
        v6only: more.includes('v6only:1'),
        ...(name === undefined ? {} : { process: { name, pid: Number(pid) } }),
        ...(owners.get(Number(pid)) ? { container: owners.get(Number(pid)) } : {}),
      };
    });
}

/** A neighbour that is REACHABLE has just said so itself; one that refused or took a connection is there, whatever the table says. */
function parseAnswer(answer: string, [neighbour]: readonly IpNeighbour[]): VipAnswer | undefined {
  const alive = /^open$|refused/im.test(answer) || neighbour?.state?.includes('REACHABLE') === true;
  return alive ? { link: neighbour?.lladdr } : undefined;
}
