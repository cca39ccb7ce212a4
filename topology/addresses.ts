/**
 * The address scheme: every member's place follows from its role, its domain's position and its shard's position,
 * never from what else exists. That is why adding a shard or a domain moves nothing.
 *
 *     back     +0 network · +1 gateway · +2+d monitors · +8+d edges · +16+d proxies · +24+d sentinels · +32+8s+d members of shard s
 *     front    +0 network · +1 gateway · +2 stands in for the one slot the VIP takes · +8+d edges
 *     out      +0 network · +1 gateway · +2+d monitors
 *     all of them     second half: Docker's dynamic range
 */
import { formatAddress, formatSubnet, parseAddress, type Subnet, subnet, subnetOf } from './ipv4.ts';
import type { Role } from './types.ts';

/** Domains fit in a row of eight addresses. */
export const MAX_DOMAINS = 8;
/** Smallest network with room for a shard: half of a /25 is 64 addresses, 32 of them for shards. */
export const LONGEST_PREFIX = 25;
/** Largest network: more than a Linux bridge could ever fill. */
export const SHORTEST_PREFIX = 16;

export const GATEWAY_OFFSET = 1;
export const STAND_IN_OFFSET = 2;
const ROW: Record<Role, number> = { monitor: 2, edge: 8, proxy: 16, sentinel: 24, redis: 32 };
/** Offsets where edges may stand. */
export const edgeRow: readonly number[] = Array.from(
  { length: MAX_DOMAINS },
  (_, domain) => ROW.edge + domain,
);
/** Domains that have a place for a monitor: what is left between the gateway and the edges. */
export const OUT_SLOTS = ROW.edge - ROW.monitor;
/** Size of the network by which alerts leave: half of it is for monitors. */
export const OUT_PREFIX = 28;

/** How many shards the lower half of a network of this prefix length holds. */
export function shardCapacity(prefix: number): number {
  return Math.max(0, Math.floor((2 ** (31 - prefix) - ROW.redis) / MAX_DOMAINS));
}

/** The longest prefix (smallest network) that holds so many shards, or undefined when none may. */
export function prefixFor(shards: number): number | undefined {
  for (let prefix = LONGEST_PREFIX; prefix >= SHORTEST_PREFIX; prefix--)
    if (shardCapacity(prefix) >= shards) return prefix;
  return undefined;
}

/** Where a member stands: its domain's position in the file and, for redis, its shard's. */
export interface Slot {
  readonly role: Role;
  readonly domain: number;
  readonly shard?: number;
}

/** Address of a slot. The slot that the VIP occupies moves to +2. RangeError when it leaves the lower half. */
export function slotAddress(network: Subnet, vip: number, slot: Slot): string {
  const offset = ROW[slot.role] + MAX_DOMAINS * (slot.shard ?? 0) + slot.domain;
  if (slot.domain >= MAX_DOMAINS || offset >= network.size / 2)
    throw new RangeError(`${formatSubnet(network)} has no room for ${JSON.stringify(slot)}`);
  const address = network.base + offset;
  return formatAddress(address === vip ? network.base + STAND_IN_OFFSET : address);
}

/** Gateway and dynamic range of a network. */
export function networkParts(network: Subnet): { gateway: string; dynamicRange: string } {
  const upperHalf = subnetOf(network.base + network.size / 2, network.prefix + 1);
  return { gateway: formatAddress(network.base + GATEWAY_OFFSET), dynamicRange: formatSubnet(upperHalf) };
}

/** A function from slot to address for one network. @param vipText the virtual IP, when it is in there */
export function addressBook(networkText: string, vipText?: string): (slot: Slot) => string {
  const network = subnet(networkText);
  const vip = (vipText === undefined ? undefined : parseAddress(vipText)) ?? -1;
  return (slot) => slotAddress(network, vip, slot);
}

/**
 * The back network of a stack that names none, as large as its front: 128 further in the third byte, so that stacks side
 * by side have their backs side by side; a /16 is followed, or preceded, by the other /16 of its pair.
 */
export function derivedBack({ base, prefix, size }: Subnet): Subnet {
  const step = prefix === SHORTEST_PREFIX ? size : 2 ** 15;
  const isUpper = Math.floor(base / step) % 2 === 1;
  return subnetOf(isUpper ? base - step : base + step, prefix);
}

/** The network by which alerts leave, of a stack that names none: 64 further in the third byte of its front. */
export function derivedOut({ base }: Subnet): Subnet {
  const step = 2 ** 14;
  const isUpper = Math.floor(base / step) % 2 === 1;
  return subnetOf(isUpper ? base - step : base + step, OUT_PREFIX);
}
