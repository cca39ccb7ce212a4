/**
 * Addresses of members that stand on the LAN of several hosts by themselves (macvlan), out of the range of their domain. A place
 * follows from a role and a shard's position alone, so nothing that is added moves one.
 *
 *     +0 edge · +1 proxy · +2 sentinel · +3+s redis of shard s
 */
import type { Slot } from './addresses.ts';
import { formatAddress, type Subnet, subnet } from './ipv4.ts';

const PLACES = { edge: 0, proxy: 1, sentinel: 2 } as const;
const SHARDS = 3;

/** How many shards a range has room for. */
export const shardsWithRoom = ({ size }: Subnet): number => size - SHARDS;

/** The address of a slot in its domain's range. @throws RangeError for one that is beyond it, or that has no place there */
export function addressInRange(range: string, slot: Slot): string {
  const { base, size } = subnet(range);
  // Several hosts have no monitors.
  const offset =
    slot.role === 'redis' ? SHARDS + (slot.shard ?? 0) : slot.role === 'monitor' ? size : PLACES[slot.role];
  if (offset >= size) throw new RangeError(`no room for a ${slot.role} in ${range}`);
  return formatAddress(base + offset);
}

/** Docker's name of a stack's network on each of its hosts. */
export const lanName = (stack: string): string => `${stack}-lan`;
