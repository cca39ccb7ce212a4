import { createHash } from 'node:crypto';
import { join, resolve } from 'node:path';
import { formatAddress, formatSubnet, overlaps, type Subnet, subnet } from '../../topology/ipv4.ts';
import { EnvironmentError } from '../errors.ts';
import { cacheFolder } from '../prepare/debian-base.ts';
import { hostRoutes } from '../prepare/host-network.ts';

/** Hosts that a lab may have, which are the domains of a stack on it. */
export const LAB_HOSTS = ['a', 'b', 'c', 'd', 'e', 'f'] as const;
export type LabHostName = (typeof LAB_HOSTS)[number];
/** A stack takes so many for a majority to be left when one is gone. */
export const LEAST_HOSTS = 3;

const TLS_PORT = 2376;
/** Ranges that a lab takes its network from, the first that is free: RFC 2544, never routed. */
const FIRST_THIRD_BYTE = 240;
const LAST_THIRD_BYTE = 254;
const MACHINE_OFFSET = 1;
const HOST_OFFSET = 11;
const VIP_OFFSET = 100;

/** Where everything of one lab is, and what it is called. Names follow from the folder, so what a killed `up` left is found. */
export interface LabPlace {
  readonly folder: string;
  /** Of the machine's own end of the cable, at most 15 characters with what is put behind it. */
  readonly name: string;
  /** Namespace of the switch: a bridge and nothing else. */
  readonly switch: string;
  readonly keys: string;
  /** To be put in front of PATH: an `ssh` that knows the lab's keys and hosts, and leaves the person's own alone. */
  readonly bin: string;
  readonly stackFile: string;
  /** The network it was given, once it was up. */
  readonly networkFile: string;
  /** How many hosts it has, where that is not the least. */
  readonly sizeFile: string;
}

/** @param folder default: `lab` in the cache folder */
export function labPlace(folder = join(cacheFolder(), 'lab')): LabPlace {
  const absolute = resolve(folder);
  const name = `tl${createHash('sha256').update(absolute).digest('hex').slice(0, 5)}`;
  return {
    folder: absolute,
    name,
    switch: `${name}-lan`,
    keys: join(absolute, 'keys'),
    bin: join(absolute, 'bin'),
    stackFile: join(absolute, 'stack.yaml'),
    networkFile: join(absolute, 'network'),
    sizeFile: join(absolute, 'size'),
  };
}

/** One host: a network namespace, and processes that see nothing of this machine's /run. */
export interface LabHost {
  readonly name: LabHostName;
  readonly namespace: string;
  readonly hostname: string;
  readonly address: string;
  /** The same at each start: nobody's ARP entry becomes wrong. */
  readonly mac: string;
  readonly folder: string;
  readonly pidFile: string;
  readonly logFile: string;
  readonly ssh: string;
  readonly tls: string;
}

/** @param count the first so many of those that a lab may have */
export function labHosts(place: LabPlace, network: Subnet, count: number): LabHost[] {
  return LAB_HOSTS.slice(0, count).map((name, index) => {
    const address = formatAddress(network.base + HOST_OFFSET + index);
    const folder = join(place.folder, `host-${name}`);
    return {
      name,
      namespace: `${place.name}-${name}`,
      hostname: `lab-${name}`,
      address,
      mac: `02:74:77:${place.name.slice(2, 4)}:00:0${index + 1}`,
      folder,
      pidFile: join(folder, 'pid'),
      logFile: join(folder, 'log'),
      ssh: `ssh://root@${address}`,
      tls: `tcp://${address}:${TLS_PORT}`,
    };
  });
}

export const machineAddress = (network: Subnet): string => formatAddress(network.base + MACHINE_OFFSET);
export const labVip = (network: Subnet): string => formatAddress(network.base + VIP_OFFSET);

/**
 * A /24 that this machine has no way into.
 *
 * @throws EnvironmentError when all that labs may have are in use
 */
export function freeNetwork(): Subnet {
  const taken = hostRoutes();
  for (let third = FIRST_THIRD_BYTE; third <= LAST_THIRD_BYTE; third++) {
    const candidate = subnet(`198.18.${third}.0/24`);
    if (!taken.some((route) => overlaps(route.subnet, candidate))) return candidate;
  }
  throw new EnvironmentError('no network is free for a lab', {
    where: `${formatSubnet(subnet('198.18.240.0/24'))} to 198.18.${LAST_THIRD_BYTE}.0/24`,
    remedy: '`ip route` shows who has them; `twemstack lab down` removes a lab',
  });
}
