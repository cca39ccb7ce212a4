/** `network: macvlan`: on several hosts, members with addresses of their own on the LAN. */
import type { HostDomainDraft, MacvlanDraft, ShardDraft, VipDraft } from './draft.ts';
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
import { HOST_MACVLAN_KEYS, MACVLAN_KEYS } from './keys.ts';
import { shardsWithRoom } from './macvlan.ts';
import type { Path, Refusal } from './problems.ts';
import { type Parser, readRequired } from './reading.ts';
import type { StackFile } from './stack-file.ts';

/** A LAN has 65,536 addresses at most here, as a Linux bridge could never fill more; a range has room for one shard at least. */
const SHORTEST_LAN = 16;
const LONGEST_LAN = 28;
const LONGEST_RANGE = 29;
/** IFNAMSIZ is 16 with the closing NUL; the kernel takes neither slashes nor white space. */
const DEVICE = /^[A-Za-z0-9][A-Za-z0-9._@-]{0,14}$/;

const ONLY_MACVLAN: Refusal = {
  rule: 'is for `network: macvlan` alone: members use the network of their host otherwise',
  remedy: 'Remove the key, or write `network: macvlan`.',
};

/** Whether members are to have addresses of their own on the LAN. */
export function isMacvlan(file: StackFile): boolean {
  const content = file.content(['network']);
  return content.kind === 'scalar' && content.value === 'macvlan';
}

const network =
  (shortest: number, longest: number, example: string): Parser<Subnet> =>
  (raw) => {
    const parsed = parseCidr(String(raw));
    if (parsed === undefined)
      return {
        rule: 'is not an IPv4 network',
        remedy: `Write an address and a prefix length, e.g. ${example}.`,
      };
    const found = subnetOf(parsed.address, parsed.prefix);
    if (found.prefix < shortest || found.prefix > longest)
      return {
        rule: `is not between /${shortest} and /${longest} in size`,
        remedy: `Write e.g. ${example}.`,
      };
    if (found.base !== parsed.address)
      return { rule: 'has bits set behind its prefix', remedy: `Write ${formatSubnet(found)}.` };
    return { ok: found };
  };

const address: Parser<number> = (raw) => {
  const parsed = parseAddress(String(raw));
  return parsed === undefined
    ? { rule: 'is not an IPv4 address', remedy: 'Write that of the router, e.g. 10.0.0.1.' }
    : { ok: parsed };
};

const device: Parser<string> = (raw) =>
  DEVICE.test(String(raw))
    ? { ok: String(raw) }
    : {
        rule: 'is not the name of a network device',
        remedy: 'Write the one that the host is on the LAN with, e.g. parent: eth0.',
      };

/** Reads `lan` and `gateway`; undefined, with these refused, where members use the network of their host. */
export function readMacvlan(file: StackFile): MacvlanDraft | undefined {
  if (!isMacvlan(file)) {
    refuseKeys(file, [], MACVLAN_KEYS);
    return undefined;
  }
  return {
    lan: readRequired(
      file,
      ['lan'],
      network(SHORTEST_LAN, LONGEST_LAN, '10.0.0.0/24'),
      'With macvlan members stand in the LAN of their hosts: write its network, e.g. lan: 10.0.0.0/24.',
    ),
    gateway: readRequired(
      file,
      ['gateway'],
      address,
      'Write the address of the LAN’s router, e.g. gateway: 10.0.0.1: the engine would take one of its own choice.',
    ),
  };
}

/** Reads `parent` and `range` of one domain. */
export function readHostMacvlan(
  file: StackFile,
  item: Path,
): Pick<HostDomainDraft['host'], 'parent' | 'range'> {
  if (!isMacvlan(file)) {
    refuseKeys(file, item, HOST_MACVLAN_KEYS);
    return { parent: undefined, range: undefined };
  }
  const range = readRequired(
    file,
    [...item, 'range'],
    network(SHORTEST_LAN, LONGEST_RANGE, '10.0.0.64/28'),
    'With macvlan every domain has addresses of the LAN for its members, e.g. range: 10.0.0.64/28.',
  );
  return {
    parent: readRequired(
      file,
      [...item, 'parent'],
      device,
      'With macvlan every domain names the device that its host is on the LAN with, e.g. parent: eth0.',
    ),
    range: range === undefined ? undefined : formatSubnet(range),
  };
}

function refuseKeys(file: StackFile, item: Path, keys: readonly string[]): void {
  for (const key of keys)
    if (file.has([...item, key])) file.report({ path: [...item, key], ...ONLY_MACVLAN, atKey: true });
}

/** Ranges against the LAN, against who stands there already, and against each other; and whether all shards have room. */
export function checkMacvlan(
  file: StackFile,
  { lan, gateway }: MacvlanDraft,
  domains: readonly HostDomainDraft[],
  vips: readonly VipDraft[],
  shards: readonly ShardDraft[] | undefined,
): void {
  if (lan === undefined) return;
  const text = formatSubnet(lan);
  const outside = (path: Path, value: number | undefined, remedy: string): void => {
    if (value !== undefined && !contains(lan, value))
      file.report({ path, rule: `is not in the LAN ${text}`, remedy });
  };
  outside(['gateway'], gateway, 'Write the address that its router has there.');
  for (const vip of vips) outside(vip.path, vip.address, 'Choose a free one of the LAN.');
  const taken: Array<readonly [what: string, address: number | undefined]> = [
    ['its network address', lan.base],
    ['its broadcast address', lan.base + lan.size - 1],
    ['the gateway', gateway],
    ...vips.map((vip) => ['a virtual IP', vip.address] as const),
    ...domains.map(({ name, host }) => [`host ${name}`, parseAddress(host.address ?? '')] as const),
  ];
  domains.forEach(({ host, item, name }, index) => {
    outside([...item, 'address'], parseAddress(host.address ?? ''), 'Give the one that the host has there.');
    if (host.range === undefined) return;
    const range = subnet(host.range);
    const path = [...item, 'range'];
    const refuse = (rule: string): void =>
      file.report({
        path,
        rule,
        remedy: 'Choose addresses of the LAN that nobody has and no DHCP server gives.',
      });
    const holder = taken.find(([, each]) => each !== undefined && contains(range, each));
    const earlier = domains
      .slice(0, index)
      .find((other) => other.host.range !== undefined && overlaps(subnet(other.host.range), range));
    if (!contains(lan, range.base) || !contains(lan, range.base + range.size - 1))
      refuse(`is not in the LAN ${text}`);
    else if (holder !== undefined) refuse(`holds ${formatAddress(holder[1] as number)}, ${holder[0]}`);
    else if (earlier !== undefined)
      refuse(`overlaps ${earlier.host.range}, the range of domain ${earlier.name}`);
    const room = shardsWithRoom(range);
    if (shards !== undefined && shards.length > room)
      file.report({
        path,
        rule: `has room for ${room} shards, and there are ${shards.length}`,
        remedy: `Give domain ${name} a larger one: each shard takes an address, and three are for edge, proxy and sentinel.`,
      });
  });
}
