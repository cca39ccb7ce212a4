import { BlockList, isIP } from 'node:net';
import type { Parsed } from './addresses.ts';

type Family = 'ipv4' | 'ipv6';

const FAMILIES: Readonly<Record<number, Family | undefined>> = { 4: 'ipv4', 6: 'ipv6' };
const BITS: Readonly<Record<Family, number>> = { ipv4: 32, ipv6: 128 };

/** An address, or a subnet: `address/prefix length`. */
interface Network {
  address: string;
  family: Family;
  bits: number;
}

/** `address` or `address/prefix length`, IPv4 or IPv6. */
export function parseNetwork(text: string): Parsed<Network> {
  const [, address, prefix] = /^([^/]*)(?:\/([0-9]{1,3}))?$/.exec(text) ?? [];
  const family = FAMILIES[isIP(address ?? '')];
  if (family === undefined) return { wrong: 'expected an IP address, or one with "/" and a prefix length' };
  const bits = prefix === undefined ? BITS[family] : Number(prefix);
  if (bits > BITS[family]) return { wrong: `a prefix of this family has at most ${BITS[family]} bits` };
  return { ok: { address, family, bits } };
}

/** A set of addresses and subnets. */
export class Networks {
  private readonly list = new BlockList();

  /** @param texts as `parseNetwork` takes them */
  constructor(texts: readonly string[]) {
    for (const text of texts) {
      const parsed = parseNetwork(text);
      if ('wrong' in parsed) throw new RangeError(`${text}: ${parsed.wrong}`);
      const { address, family, bits } = parsed.ok;
      this.list.addSubnet(address, bits, family);
    }
  }

  /** @param remote `address:port`; anything else is in no network */
  has(remote: string): boolean {
    const address = remote.slice(0, Math.max(0, remote.lastIndexOf(':'))).replace(/^::ffff:(?=\d+\.)/i, '');
    const family = FAMILIES[isIP(address)];
    return family !== undefined && this.list.check(address, family);
  }
}
