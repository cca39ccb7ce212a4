/** The VIP, the network it lives in, and the one behind it. */
import { derivedBack, GATEWAY_OFFSET, LONGEST_PREFIX, SHORTEST_PREFIX } from './addresses.ts';
import {
  contains,
  formatAddress,
  formatSubnet,
  overlaps,
  parseAddress,
  parseCidr,
  type Subnet,
  subnet,
  subnetOf,
} from './ipv4.ts';
import { type Parser, readRequired, readValue } from './reading.ts';
import type { StackFile } from './stack-file.ts';

/** Ranges nobody on the internet owns: RFC 1918, RFC 6598 (carrier NAT), RFC 2544 (benchmarks). */
export const PRIVATE_RANGES = [
  '10.0.0.0/8',
  '172.16.0.0/12',
  '192.168.0.0/16',
  '100.64.0.0/10',
  '198.18.0.0/15',
];
/** What a stack gets that names no network: as much as most need, 12 shards. */
const DEFAULT_PREFIX = 24;

const vipParser: Parser<number> = (raw) => {
  const text = String(raw);
  const address = parseAddress(text);
  if (address !== undefined) return { ok: address };
  const bare = parseCidr(text);
  const remedy = bare
    ? `Write it without the prefix: ${formatAddress(bare.address)}.`
    : 'Write four numbers from 0 to 255 with dots, e.g. 198.18.0.100.';
  return { rule: 'is not an IPv4 address', remedy };
};

const networkParser: Parser<Subnet> = (raw) => {
  const parsed = parseCidr(String(raw));
  if (parsed === undefined)
    return {
      rule: 'is not an IPv4 network',
      remedy: 'Write an address and a prefix length, e.g. 198.18.0.0/24.',
    };
  const network = subnetOf(parsed.address, parsed.prefix);
  if (network.prefix < SHORTEST_PREFIX || network.prefix > LONGEST_PREFIX)
    return {
      rule: `is not between /${SHORTEST_PREFIX} and /${LONGEST_PREFIX} in size`,
      remedy: 'A /24 holds 12 shards, a /25 holds 4.',
    };
  if (network.base !== parsed.address)
    return { rule: 'has bits set behind its prefix', remedy: `Write ${formatSubnet(network)}.` };
  if (!PRIVATE_RANGES.some((range) => contains(subnet(range), network.base)))
    return {
      rule: 'is not in a private or benchmark range, so real hosts would become unreachable',
      remedy: `Take it from ${PRIVATE_RANGES.join(', ')}.`,
    };
  return { ok: network };
};

const MISSING_VIP = 'Write the virtual address that applications will connect to, e.g. vip: 198.18.0.100.';

interface Networks {
  readonly vip: number | undefined;
  readonly network: Subnet | undefined;
  readonly backNetwork: Subnet | undefined;
}

/** Reads `vip`, `network` and `back_network`, and checks each by itself and against the others. */
export function readNetworks(file: StackFile): Networks {
  const vip = readRequired(file, ['vip'], vipParser, MISSING_VIP);
  const derived = vip === undefined ? undefined : subnetOf(vip, DEFAULT_PREFIX);
  const network = file.has(['network'])
    ? readValue(file, ['network'], networkParser, { value: undefined, shown: 'the /24 around the vip' })
    : derivedNetwork(file, derived);
  if (vip !== undefined && network !== undefined) checkVip(file, vip, network);
  return { vip, network, backNetwork: readBack(file, network) };
}

/** Reads `vip` of a stack on several hosts, which has no network of its own. */
export function readHostsVip(file: StackFile): number | undefined {
  for (const key of ['network', 'back_network']) {
    const content = file.content([key]);
    if (key === 'network' && content.kind === 'scalar' && content.value === 'host') continue;
    if (file.has([key]))
      file.report({
        path: [key],
        rule: 'is for one engine: on several hosts members use the addresses of their hosts',
        remedy: 'Remove the key.',
      });
  }
  return readRequired(file, ['vip'], vipParser, MISSING_VIP);
}

function readBack(file: StackFile, front: Subnet | undefined): Subnet | undefined {
  const path = ['back_network'];
  if (!file.has(path)) return front === undefined ? undefined : derivedBackOf(file, front);
  const back = readValue(file, path, networkParser, {
    value: undefined,
    shown: 'the front network, 128 further in its third byte',
  });
  if (back === undefined || front === undefined || !overlaps(back, front)) return back;
  file.report({
    path,
    rule: `overlaps the front network ${formatSubnet(front)}, where applications are`,
    remedy: `Use another range, e.g. ${formatSubnet(derivedBack(front))}, or remove the key.`,
  });
  return undefined;
}

/** It is as private as the front but for one /16 that stands alone in its range. */
function derivedBackOf(file: StackFile, front: Subnet): Subnet | undefined {
  const derived = derivedBack(front);
  const checked = networkParser(formatSubnet(derived));
  if ('ok' in checked) return checked.ok;
  file.report({
    path: ['back_network'],
    near: [['network'], ['vip']],
    value: `${formatSubnet(derived)} (the default)`,
    rule: checked.rule,
    remedy: `${checked.remedy} Write one, e.g. back_network: 10.0.0.0/24.`,
  });
  return undefined;
}

function derivedNetwork(file: StackFile, derived: Subnet | undefined): Subnet | undefined {
  if (derived === undefined) return undefined;
  const checked = networkParser(formatSubnet(derived));
  if ('ok' in checked) return checked.ok;
  file.report({
    path: ['vip'],
    rule: `is in ${formatSubnet(derived)}, which ${checked.rule}`,
    remedy: checked.remedy,
  });
  return undefined;
}

/** Member addresses need no check: the scheme moves the one slot that the VIP takes (addresses.ts). */
function checkVip(file: StackFile, vip: number, network: Subnet): void {
  const text = formatSubnet(network);
  const refuse = (rule: string) =>
    file.report({ path: ['vip'], rule, remedy: `Choose a free one, e.g. ${suggestVip(network)}.` });
  if (!contains(network, vip)) refuse(`is not inside the network ${text}`);
  else if (vip === network.base) refuse(`is the network address of ${text}`);
  else if (vip === network.base + network.size - 1) refuse(`is the broadcast address of ${text}`);
  else if (vip === network.base + GATEWAY_OFFSET) refuse(`is the gateway of ${text}`);
}

/** Near the end of the lower half: no small stack has a member there. */
function suggestVip(network: Subnet): string {
  return formatAddress(network.base + Math.min(100, network.size / 2 - 4));
}
