/** IPv4 addresses and subnets as numbers. */

/** A subnet: `base` is its first address, `size` the number of its addresses. */
export interface Subnet {
  readonly base: number;
  readonly prefix: number;
  readonly size: number;
}

/** Strict dotted quad (no leading zeros, which some resolvers read as octal) as a number, else undefined. */
export function parseAddress(text: string): number | undefined {
  const parts = text.split('.');
  if (parts.length !== 4 || !parts.every((part) => /^(0|[1-9]\d{0,2})$/.test(part))) return undefined;
  const bytes = parts.map(Number);
  if (bytes.some((byte) => byte > 255)) return undefined;
  return bytes.reduce((sum, byte) => sum * 256 + byte, 0);
}

/** The inverse of `parseAddress`. */
export function formatAddress(address: number): string {
  return [24, 16, 8, 0].map((shift) => (address >>> shift) & 255).join('.');
}

/** `a.b.c.d/n` with any host bits; undefined when it is not that. */
export function parseCidr(text: string): { address: number; prefix: number } | undefined {
  const match = /^([\d.]+)\/(0|[1-9]\d?)$/.exec(text);
  const address = match === null ? undefined : parseAddress(match[1]);
  if (match === null || address === undefined || Number(match[2]) > 32) return undefined;
  return { address, prefix: Number(match[2]) };
}

/** The subnet of the given prefix length that holds `address`. */
export function subnetOf(address: number, prefix: number): Subnet {
  const size = 2 ** (32 - prefix);
  return { base: address - (address % size), prefix, size };
}

export function formatSubnet(subnet: Subnet): string {
  return `${formatAddress(subnet.base)}/${subnet.prefix}`;
}

export function contains(subnet: Subnet, address: number): boolean {
  return address >= subnet.base && address < subnet.base + subnet.size;
}

/** Two subnets share an address exactly when one holds the other's first. */
export function overlaps(a: Subnet, b: Subnet): boolean {
  return contains(a, b.base) || contains(b, a.base);
}

/** A subnet from text known to be good, e.g. `10.0.0.0/8`. Throws RangeError on anything else. */
export function subnet(text: string): Subnet {
  const parsed = parseCidr(text);
  if (parsed === undefined) throw new RangeError(`not an IPv4 subnet: ${text}`);
  return subnetOf(parsed.address, parsed.prefix);
}
