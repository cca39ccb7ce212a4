import { readFileSync } from 'node:fs';
import { networkInterfaces } from 'node:os';
import { formatAddress, parseAddress, type Subnet, subnetOf } from '../../topology/ipv4.ts';

/** A way into a subnet that this machine (or the network namespace this program runs in) has. */
export interface Route {
  readonly device: string;
  readonly subnet: Subnet;
}

/** IPv4 addresses of this machine with their devices. */
export function hostAddresses(): ReadonlyArray<{ device: string; address: number }> {
  return Object.entries(networkInterfaces()).flatMap(([device, addresses]) =>
    (addresses ?? [])
      .filter(({ family }) => family === 'IPv4')
      .map(({ address }) => ({ device, address: parseAddress(address) as number })),
  );
}

/** All IPv4 routes but the default ones, which cover everything and so conflict with nothing. */
export function hostRoutes(table = readTable()): readonly Route[] {
  return routes(table).filter(({ subnet }) => subnet.prefix > 0);
}

/** Largest packet of the device that the default route leads to, in bytes; undefined without a default route. */
export function uplinkMtu(): number | undefined {
  const uplink = routes(readTable()).find(({ subnet }) => subnet.prefix === 0);
  if (uplink === undefined) return undefined;
  try {
    return Number.parseInt(readFileSync(`/sys/class/net/${uplink.device}/mtu`, 'utf8'), 10);
  } catch {
    return undefined;
  }
}

const readTable = (): string => readFileSync('/proc/self/net/route', 'utf8');

/** The kernel's table (proc(5)): hexadecimal words in the machine's byte order, which is little on all we run on. */
function routes(table: string): Route[] {
  return table
    .trim()
    .split('\n')
    .slice(1)
    .map((line) => line.trim().split(/\s+/))
    .filter((fields) => fields.length >= 8)
    .map(([device, destination, , , , , , mask]) => {
      const prefix = popCount(Number.parseInt(mask, 16));
      return { device, subnet: subnetOf(littleEndian(destination), prefix) };
    });
}

function littleEndian(hex: string): number {
  return Buffer.from(hex, 'hex').readUInt32LE(0);
}

function popCount(word: number): number {
  return word.toString(2).replaceAll('0', '').length;
}

/** `eth0 192.0.2.0/24`, for error texts. */
export function describeRoute({ device, subnet }: Route): string {
  return `${device} ${formatAddress(subnet.base)}/${subnet.prefix}`;
}
