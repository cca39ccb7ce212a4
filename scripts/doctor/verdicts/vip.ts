import { isOnHosts } from '../../../topology/plan.ts';
import { isLedByOthers, vipsOf } from '../../../topology/vips.ts';
import { isHolder } from '../../observe/holds-vip.ts';
import { type Finding, registerCheck } from '../check.ts';
import type { Facts } from '../facts.ts';

export const vip = registerCheck({
  name: 'vip',
  well: 'one edge holds the virtual IP (each of them, where there are several), and its keepalived says so',
  examine: (facts) =>
    facts.status === undefined || facts.containers.size === 0 || isLedByOthers(facts.plan)
      ? []
      : vipsOf(facts.plan).flatMap(({ address }) => [...holders(facts, address), ...stale(facts, address)]),
});

function holders({ plan, status, vrrp }: Facts, address: string): Finding[] {
  const names = (status?.members ?? [])
    .filter((entry) => isHolder(plan, entry, address))
    .map(({ member }) => member.name);
  const said = [...vrrp].map(([name, states]) => ({ name, state: states.get(address) }));
  const states = said.map(({ name, state = 'nothing' }) => `${name} ${state}`).join(', ');
  if (names.length === 0) {
    const faults = said.filter(({ state }) => state === 'FAULT').map(({ name }) => name);
    const reached =
      vipsOf(plan).length > 1
        ? 'no application that uses it reaches the stack'
        : 'no application reaches the stack';
    return [
      {
        severity: 'wrong',
        subjects: [address],
        what: `no edge holds ${address}: ${reached}`,
        why:
          faults.length > 0
            ? `${faults.join(', ')} in FAULT: HAProxy does not answer there, or the front network is down`
            : `an election takes a second or two; keepalived says: ${states || 'nothing'}`,
        mend: [
          'look again in a few seconds',
          '`twemstack logs edge --since 5m` tells why',
          '`twemstack up` starts edges that do not run',
        ],
      },
    ];
  }
  if (names.length === 1) return [];
  return [
    {
      severity: 'wrong',
      subjects: [address, ...names],
      what: `${names.join(' and ')} both hold ${address}`,
      why: `their adverts do not reach each other over ${isOnHosts(plan) ? 'the network of their hosts' : plan.back.name}; keepalived says: ${states || 'nothing'}`,
      mend: [
        isOnHosts(plan)
          ? 'let VRRP (IP protocol 112) pass between their hosts: `twemstack plan --firewall` prints what must'
          : `see that both stand on ${plan.back.name} and nothing filters VRRP (IP protocol 112) there`,
        `\`docker restart ${names.at(-1)}\` leaves one of them while you look`,
      ],
    },
  ];
}

/** What the device has, and what keepalived says, differ. */
function stale({ plan, status, vrrp }: Facts, address: string): Finding[] {
  return (status?.members ?? []).flatMap((entry): Finding[] => {
    const { name } = entry.member;
    const state = vrrp.get(name)?.get(address);
    const held = isHolder(plan, entry, address);
    if (state === undefined || entry.vip === undefined || held === (state === 'MASTER')) return [];
    return [
      {
        severity: 'wrong',
        subjects: [name, address],
        what: held
          ? `${name} has ${address} on its device, while keepalived there is ${state}`
          : `keepalived on ${name} is MASTER, while its device has not got ${address}`,
        why: held
          ? 'a keepalived that hung or was killed left it; the supervisor takes it off within a second, the kernel after four'
          : 'somebody took the address off, or its lease ran out while the edge was frozen',
        mend: [
          'look again in five seconds',
          `when it stays: \`docker restart ${name}\`; the other edge takes over meanwhile`,
        ],
      },
    ];
  });
}
