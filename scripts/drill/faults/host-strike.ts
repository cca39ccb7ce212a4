import { isOnHosts } from '../../../topology/plan.ts';
import type { AnyPlan } from '../../../topology/types.ts';
import { EnvironmentError } from '../../errors.ts';
import { mendLab } from '../../lab/faults.ts';
import { findLab, type Lab } from '../../lab/lab.ts';
import type { LabHost, LabPlace } from '../../lab/place.ts';
import type { Drill, FaultContext, Promised, Surroundings } from '../drill.ts';
import { HOST_UP } from '../watch/hosts.ts';
import { once } from './break.ts';
import { failover, UNHEARD_MS } from './limits.ts';
import { worstDomain } from './targets.ts';

/** From the loss of a host, the VIP and masters with it, to the first write on their successors. */
const HOST_MS = 2500;

/** The lab whose hosts are those of the plan. */
export function labOf(plan: AnyPlan): Lab | undefined {
  return isOnHosts(plan) ? findLab(plan.domains.map(({ host }) => host.address)) : undefined;
}

/** Why the hosts of a stack may not be broken: nobody may take the power of a real machine away from here. */
export async function refused({ plan }: Surroundings): Promise<string | undefined> {
  if (process.getuid?.() !== 0) return 'it needs root';
  return labOf(plan) === undefined
    ? 'its hosts are none of a `twemstack lab` of this machine, and the power and the cables of others are not ours'
    : undefined;
}

/** The same for what is done, or looked at, on the network of a host itself: members with addresses of their own pass it by. */
export async function refusedOnLan(surroundings: Surroundings): Promise<string | undefined> {
  const { plan } = surroundings;
  return isOnHosts(plan) && plan.lan !== undefined
    ? 'with `network: macvlan` the network of a host is not that of its members'
    : refused(surroundings);
}

export function demandLab(plan: AnyPlan): Lab {
  const lab = labOf(plan);
  if (lab === undefined) throw new EnvironmentError('the lab has gone', { where: plan.name });
  return lab;
}

/**
 * Does something to a host, or to several; taken back together.
 *
 * @param first what is done before it is taken back
 * @param last what is done when their engines answer again
 */
export async function strike(
  context: FaultContext,
  hosts: readonly string[],
  what: string,
  act: (lab: Lab, host: LabHost) => Promise<void>,
  { first, last }: { readonly first?: () => void; readonly last?: () => Promise<void> } = {},
): Promise<void> {
  const { plan, timeline } = context;
  const lab = demandLab(plan);
  const mend = once(async () => {
    first?.();
    await mendLab(lab, context.step, (host) => {
      if (hosts.includes(host)) timeline.note(`host ${host}`, 'host', HOST_UP);
    });
    await last?.();
  });
  context.undoLater({ what: `host ${hosts.join(', ')} ${what}`, remedy: { kind: 'lab' } }, mend);
  timeline.note('drill', 'fault', `host ${hosts.join(', ')} ${what}`);
  for (const host of hosts) timeline.note(`host ${host}`, 'host', what);
  await Promise.all(lab.hosts.filter(({ name }) => hosts.includes(name)).map((host) => act(lab, host)));
}

export const membersOn = ({ plan }: FaultContext, domain: string): string[] =>
  plan.members.filter((member) => member.domain === domain).map(({ name }) => name);

/** Master, proxy and edge go at once: a connection may lose one request to the first two, one to the last. */
export const lost: Promised = {
  ...failover(HOST_MS),
  failures: 2,
  readsNeverFail: false,
  hearLater: UNHEARD_MS,
};

/** A drill that does one thing to the host that has most masters, and the VIP if it can be. */
export function toWorstHost(
  drill: Pick<Drill, 'name' | 'summary'> & {
    /** Those of a host that is gone, unless it is said. */
    readonly alerts?: Drill['alerts'];
    readonly promised: Promised;
    readonly lastsMs: number;
    /** What is said of the host. */
    readonly what: string;
    readonly act: (place: LabPlace, host: LabHost, others: readonly LabHost[]) => Promise<void>;
    /** Why it may not be done here, unless it is `refused`. */
    readonly refused?: Drill['refused'];
  },
): Drill {
  const { act, alerts = ['RedisDown', 'ReplicaMissing'], lastsMs, name, promised, summary, what } = drill;
  return {
    name,
    summary,
    alerts,
    onHosts: true,
    refused: drill.refused ?? refused,
    promised: () => promised,
    lasts: () => lastsMs,
    async inject(context) {
      const host = worstDomain(context.plan, context.status);
      const at = performance.now();
      await strike(context, [host], what, ({ hosts, place }, each) =>
        act(
          place,
          each,
          hosts.filter(({ name }) => name !== each.name),
        ),
      );
      return { at, members: membersOn(context, host) };
    },
  };
}
