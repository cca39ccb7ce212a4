/** The default stack with something wrong in it, as the doctor gathers it. */
import type { Facts, HostFacts, Vitals } from '../../../scripts/doctor/facts.ts';
import { assess } from '../../../scripts/observe/assess.ts';
import type { ContainerState } from '../../../scripts/observe/engine.ts';
import type { MemberStatus } from '../../../scripts/observe/status.ts';
import type { GuardState } from '../../../sentinel/guard/messages.ts';
import type { Member, Plan } from '../../../topology/types.ts';
import { defaultPlan, hostsPlanOf, THREE_HOSTS } from '../../support/stack-fixture.ts';
import { WELL_VITALS, wellContainer, wellFacts, wellStatus } from '../../support/well-stack.ts';

export const plan = defaultPlan();
export const NOW = wellFacts(plan).now;
export const NAMED = Object.fromEntries(plan.members.map((member) => [member.name, member]));
export const ALL = new Set(plan.domains.map(({ name }) => name));

/** Facts in which some are different; what `status` makes of them is worked out as it is there. */
export function facts(change: Partial<Facts> = {}): Facts {
  const changed = { ...wellFacts(plan), ...change };
  return { ...changed, problems: changed.status === undefined ? [] : assess(plan, changed.status, ALL) };
}

export const container = (
  name: string,
  change: Partial<ContainerState>,
  of: Plan = plan,
): Facts['containers'] =>
  new Map([...wellFacts(of).containers, [name, { ...wellContainer(of, NAMED[name]), ...change }]]);
/** What keepalived says on both edges. */
export const vrrp = (a: string, b: string): Facts['vrrp'] =>
  new Map([
    ['alpha-edge-a', new Map([[plan.vip, a]])],
    ['alpha-edge-b', new Map([[plan.vip, b]])],
  ]);
export const members = (change: Readonly<Record<string, Partial<MemberStatus>>>) =>
  wellStatus(plan, ({ name }: Member) => change[name]);
export const vitals = (name: string, change: Partial<Vitals>): Facts['vitals'] =>
  new Map([...wellFacts(plan).vitals, [name, { ...WELL_VITALS, ...change }]]);
export const guards = (
  ...changes: ReadonlyArray<readonly [string, Partial<GuardState> | undefined]>
): Facts['guards'] => {
  const all = new Map(wellFacts(plan).guards);
  for (const [name, change] of changes) {
    const before = all.get(name);
    if (change === undefined || before === undefined) all.delete(name);
    else all.set(name, { ...before, ...change });
  }
  return all;
};
export const hosts = (change: Partial<HostFacts>): Facts['hosts'] =>
  new Map(
    plan.domains.map(({ name }) => [name, { diskFree: 50e9, diskSize: 100e9, overcommit: 1, ...change }]),
  );

/** A stack on three hosts, of which c has lost its power. */
export function withoutHostC(): Facts {
  const onHosts = hostsPlanOf(THREE_HOSTS);
  const well = wellFacts(onHosts);
  const gone = ({ domain }: Member): Partial<MemberStatus> | undefined =>
    domain === 'c'
      ? { container: undefined, redis: undefined, sentinel: undefined, serving: undefined, away: true }
      : undefined;
  const status = {
    ...wellStatus(onHosts, gone),
    hosts: onHosts.domains.map(({ host: { address }, name }) => ({
      domain: name,
      address,
      ...(name === 'c' ? { problem: 'connect EHOSTUNREACH' } : {}),
    })),
  };
  return {
    ...well,
    status,
    problems: assess(onHosts, status, ALL),
    away: new Map([
      [
        'c',
        {
          docker: 'tcp://10.0.0.13:2376',
          what: 'connect EHOSTUNREACH',
          remedy: 'start the machine and its engine',
        },
      ],
    ]),
    containers: new Map([...well.containers].filter(([name]) => !name.endsWith('-c'))),
    guards: new Map([...well.guards].filter(([name]) => !name.endsWith('-c'))),
  };
}

export function sentinelMasters(name: string) {
  return wellStatus(plan).members.find(({ member }) => member.name === name)?.sentinel?.masters ?? [];
}

export function strange(): Partial<MemberStatus> {
  const [first, second] = sentinelMasters('alpha-sentinel-c');
  const stray = { ...first, replicas: 3, replicaPlaces: [...first.replicaPlaces, '198.18.128.66:6379'] };
  return { sentinel: { tilt: false, masters: [stray, second] } };
}

/** One fault, and the verdict on it: of which check, and what its text says (what, why, mend). */
export type Fault = readonly [
  title: string,
  facts: Facts,
  check: string,
  what: RegExp,
  why: RegExp,
  mend: RegExp,
];
