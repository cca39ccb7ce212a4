/** The virtual IPs: one, or as many as there are edges. */
import { edgeRow, GATEWAY_OFFSET, STAND_IN_OFFSET } from './addresses.ts';
import type { Draft, VipDraft } from './draft.ts';
import { contains, formatAddress, formatSubnet, parseAddress, parseCidr, type Subnet } from './ipv4.ts';
import { type Parser, REQUIRED, readRequired, readValue } from './reading.ts';
import { listItems } from './rules-domains.ts';
import { checkUnique } from './rules-names.ts';
import type { StackFile } from './stack-file.ts';

const MOST_ROUTER_ID = 255;
const MISSING = 'Write the virtual address that applications will connect to, e.g. vip: 198.18.0.100.';

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

/** Reads `vip`, or `vips` in its place. */
export function readVips(file: StackFile): VipDraft[] {
  if (!file.has(['vips'])) {
    return [{ path: ['vip'], address: readRequired(file, ['vip'], vipParser, MISSING) }];
  }
  if (file.has(['vip']))
    file.report({
      path: ['vips'],
      rule: 'stands beside `vip`, and either says where applications connect',
      remedy: 'Keep `vips` for edges that share the load, `vip` for one address.',
    });
  const items = listItems(file, ['vips'], 'vips: [198.18.0.100, 198.18.0.101]') ?? [];
  const vips = items.map((path) => ({ path, address: readValue(file, path, vipParser, REQUIRED) }));
  const named = vips.map(({ path, address }) => ({
    path,
    name: address === undefined ? undefined : formatAddress(address),
  }));
  checkUnique(file, named, 'is listed already, and each is held by itself');
  return vips;
}

/** The VIPs of one engine against their network. */
export function checkVips(file: StackFile, vips: readonly VipDraft[], network: Subnet): void {
  const text = formatSubnet(network);
  const [first] = vips;
  vips.forEach(({ path, address }, index) => {
    if (address === undefined) return;
    const offset = address - network.base;
    const refuse = (rule: string) =>
      file.report({ path, rule, remedy: `Choose a free one, e.g. ${suggestVip(network, index)}.` });
    if (!contains(network, address)) refuse(`is not inside the network ${text}`);
    else if (offset === 0) refuse(`is the network address of ${text}`);
    else if (offset === network.size - 1) refuse(`is the broadcast address of ${text}`);
    else if (offset === GATEWAY_OFFSET) refuse(`is the gateway of ${text}`);
    // Kept out of Docker's hands without a word in the network, so that one more VIP does not make the network anew.
    else if (index > 0 && offset >= network.size / 2)
      refuse(`is in the upper half of ${text}, whose addresses Docker gives to applications`);
    // The scheme moves one edge out of the way of the first VIP (addresses.ts), and has no room for more.
    else if (index > 0 && edgeRow.includes(offset)) refuse('is in the row where edges stand');
    else if (index > 0 && offset === STAND_IN_OFFSET && isInRow(first.address, network))
      refuse('is the address of the edge in whose place the first VIP stands');
  });
}

const isInRow = (address: number | undefined, network: Subnet): boolean =>
  address !== undefined && edgeRow.includes(address - network.base);

/** Near the end of the lower half: no small stack has a member there. */
function suggestVip(network: Subnet, index: number): string {
  return formatAddress(network.base + Math.min(100, network.size / 2 - 4) + index);
}

/** Each is preferred on another edge, and is a virtual router of its own. */
export function checkVipCount(file: StackFile, { vips, edge }: Draft): void {
  if (vips.length < 2) return;
  const { count, vrid } = edge;
  if (count !== undefined && vips.length > count)
    file.report({
      path: vips[count].path,
      rule: `is number ${count + 1}, and there ${count === 1 ? 'is 1 edge' : `are ${count} edges`}: each is preferred on an edge of its own`,
      remedy: 'Take it out, or raise edge.count.',
    });
  if (vrid !== undefined && vrid + vips.length - 1 > MOST_ROUTER_ID)
    file.report({
      path: ['edge', 'vrid'],
      rule: `is the router id of the first of ${vips.length} VIPs; each further one has the next, and ${MOST_ROUTER_ID} is the last that there is`,
      remedy: `Write at most ${MOST_ROUTER_ID + 1 - vips.length}.`,
    });
}
