import { formatSubnet } from '../../../topology/ipv4.ts';
import type { HostsPlanDomain, Lan } from '../../../topology/types.ts';
import type { Conflict } from '../conflicts.ts';
import { type HostFacts, subnetOfAddress } from './facts.ts';
import type { HostsFacts } from './probe.ts';

/** A host, in words for where something is. */
export const machine = ({ host, name }: HostsPlanDomain): string => `host ${name} (${host.docker})`;

/** Link addresses of the hosts, and of the stack's containers that have their own. */
export const linksOf = ({ hosts, ownLinks = new Set() }: HostsFacts): ReadonlySet<string> =>
  new Set([...ownLinks, ...hosts.flatMap(({ links }) => links.map(({ mac }) => mac))]);

/** Whether members can stand on the LAN by the device of the host, and nobody has an address of theirs. */
export function lanConflicts(
  lan: Lan,
  domain: HostsPlanDomain,
  facts: HostsFacts,
  host: HostFacts,
): Conflict[] {
  const { address, macvlan } = domain.host;
  const own = host.addresses.find((each) => each.address === address);
  const found: Conflict[] = [];
  if (own !== undefined && formatSubnet(subnetOfAddress(own)) !== lan.subnet)
    found.push({
      what: `host ${domain.name} is in ${formatSubnet(subnetOfAddress(own))} on ${own.device}, and \`lan\` is ${lan.subnet}`,
      where: machine(domain),
      remedy: 'write in stack.yaml, as `lan`, the network that the hosts share',
    });
  const devices = host.links.map(({ device }) => device).filter((device) => device !== 'lo');
  if (macvlan !== undefined && !devices.includes(macvlan.parent))
    found.push({
      what: `host ${domain.name} has no device ${macvlan.parent}; it has ${devices.join(', ')}`,
      where: machine(domain),
      remedy: 'write in stack.yaml, as `parent`, the one that the host is on the LAN with',
    });
  const taken = domain.members.flatMap((member): Conflict[] => {
    // What stands on this host itself does not answer it; the others see it.
    const seen = facts.hosts.flatMap((each) => each.vipAnswers.get(member.address) ?? []);
    const strange = seen.find(({ link }) => link === undefined || !linksOf(facts).has(link));
    if (strange === undefined) return [];
    return [
      {
        what: `${member.address}, the address of ${member.name}, is taken: ${strange.link === undefined ? 'somebody' : `the machine with link address ${strange.link}`} answers for it`,
        where: `range ${macvlan?.range} of domain ${domain.name}`,
        remedy:
          'choose a `range` that nobody has and no DHCP server gives, or take the address from that machine',
      },
    ];
  });
  return [...found, ...taken];
}
