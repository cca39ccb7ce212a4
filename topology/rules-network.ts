/** The networks of a stack on one engine: the one that the VIPs live in, and the one behind it. */
import { derivedBack, LONGEST_PREFIX, SHORTEST_PREFIX } from './addresses.ts';
import type { VipDraft } from './draft.ts';
import { contains, formatSubnet, overlaps, parseCidr, type Subnet, subnet, subnetOf } from './ipv4.ts';
import type { Path } from './problems.ts';
import { type Parser, readValue } from './reading.ts';
import { checkVips, readVips } from './rules-vips.ts';
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

/** What `network` may say on several hosts; the first is so anyway. */
const HOSTS_NETWORKS: readonly unknown[] = ['host', 'macvlan'];

const networkParser: Parser<Subnet> = (raw) => {
  if (HOSTS_NETWORKS.includes(raw))
    return {
      rule: 'is for several Docker hosts, and no domain names one',
      remedy: 'Remove the key, or write docker and address for every domain.',
    };
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

interface Networks {
  readonly vips: readonly VipDraft[];
  readonly network: Subnet | undefined;
  readonly backNetwork: Subnet | undefined;
}

/** Reads `vip` or `vips`, `network` and `back_network`, and checks each by itself and against the others. */
export function readNetworks(file: StackFile): Networks {
  const vips = readVips(file);
  const [first] = vips;
  const derived = first?.address === undefined ? undefined : subnetOf(first.address, DEFAULT_PREFIX);
  const network = file.has(['network'])
    ? readValue(file, ['network'], networkParser, { value: undefined, shown: 'the /24 around the vip' })
    : derivedNetwork(file, first?.path ?? ['vip'], derived);
  if (network !== undefined) checkVips(file, vips, network);
  return { vips, network, backNetwork: readBack(file, network) };
}

/** Reads `vip` or `vips` of a stack on several hosts, which has no network of its own. */
export function readHostsVips(file: StackFile): VipDraft[] {
  for (const key of ['network', 'back_network']) {
    const content = file.content([key]);
    if (key === 'network' && content.kind === 'scalar' && HOSTS_NETWORKS.includes(content.value)) continue;
    if (file.has([key]))
      file.report({
        path: [key],
        rule: 'is for one engine: on several hosts members use the network of their host',
        remedy:
          key === 'network'
            ? 'Remove the key, or write macvlan: members then have addresses of their own on the LAN.'
            : 'Remove the key.',
      });
  }
  return readVips(file);
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
    near: [['network'], ['vip'], ['vips']],
    value: `${formatSubnet(derived)} (the default)`,
    rule: checked.rule,
    remedy: `${checked.remedy} Write one, e.g. back_network: 10.0.0.0/24.`,
  });
  return undefined;
}

function derivedNetwork(file: StackFile, vip: Path, derived: Subnet | undefined): Subnet | undefined {
  if (derived === undefined) return undefined;
  const checked = networkParser(formatSubnet(derived));
  if ('ok' in checked) return checked.ok;
  file.report({
    path: vip,
    rule: `is in ${formatSubnet(derived)}, which ${checked.rule}`,
    remedy: checked.remedy,
  });
  return undefined;
}
