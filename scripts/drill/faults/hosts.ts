import { isOnHosts } from '../../../topology/plan.ts';
import type { AnyPlan } from '../../../topology/types.ts';
import { EnvironmentError } from '../../errors.ts';
import { cutPower, isolateHost, mendLab, pauseHost, pullCable } from '../../lab/faults.ts';
import { findLab, type Lab } from '../../lab/lab.ts';
import type { LabHost, LabPlace } from '../../lab/place.ts';
import type { Drill, FaultContext, Promised, Surroundings } from '../drill.ts';
import { once } from './break.ts';
import { CutOffClient } from './cut-off-client.ts';
import { failover, UNHEARD_MS } from './limits.ts';
import { worstDomain } from './targets.ts';

/** From the loss of a host, the VIP and masters with it, to the first write on their successors. */
const HOST_MS = 2500;
/** From the moment the last engine answers: it starts its containers one after the other, and these agree on masters then. */
const ALL_BACK_MS = 15_000;
/** An edge that hears no other host gives the VIP up after two checks and HAProxy's own. */
const BOTH_SIDES_MS = 1500;

/** The lab whose hosts are those of the plan. */
export function labOf(plan: AnyPlan): Lab | undefined {
  return isOnHosts(plan) ? findLab(plan.domains.map(({ host }) => host.address)) : undefined;
}

/** Nobody may take the power of a real machine away from here. */
async function refused({ plan }: Surroundings): Promise<string | undefined> {
  if (process.getuid?.() !== 0) return 'it needs root';
  return labOf(plan) === undefined
    ? 'its hosts are none of a `twemstack lab` of this machine, and the power and the cables of others are not ours'
    : undefined;
}

function demandLab(plan: AnyPlan): Lab {
  const lab = labOf(plan);
  if (lab === undefined) throw new EnvironmentError('the lab has gone', { where: plan.name });
  return lab;
}

/** Does something to a host, or to several; taken back together. @param first what is done before it is taken back */
async function strike(
  context: FaultContext,
  hosts: readonly string[],
  what: string,
  act: (lab: Lab, host: LabHost) => Promise<void>,
  first: () => void = () => undefined,
): Promise<void> {
  const lab = demandLab(context.plan);
  const mend = once(async () => {
    first();
    await mendLab(lab, context.step);
  });
  context.undoLater({ what: `host ${hosts.join(', ')} ${what}`, remedy: { kind: 'lab' } }, mend);
  context.timeline.note('drill', 'fault', `host ${hosts.join(', ')} ${what}`);
  await Promise.all(lab.hosts.filter(({ name }) => hosts.includes(name)).map((host) => act(lab, host)));
}

const membersOn = ({ plan }: FaultContext, domain: string): string[] =>
  plan.members.filter((member) => member.domain === domain).map(({ name }) => name);

/** Master, proxy and edge go at once: a connection may lose one request to the first two, one to the last. */
const lost: Promised = { ...failover(HOST_MS), failures: 2, readsNeverFail: false, hearLater: UNHEARD_MS };

/** A drill that does one thing to the host that has most masters, and the VIP if it can be. */
function toWorstHost(
  drill: Pick<Drill, 'name' | 'summary'> & {
    readonly promised: Promised;
    readonly lastsMs: number;
    /** What is said of the host. */
    readonly what: string;
    readonly act: (place: LabPlace, host: LabHost) => Promise<void>;
  },
): Drill {
  const { act, lastsMs, name, promised, summary, what } = drill;
  return {
    name,
    summary,
    onHosts: true,
    refused,
    promised: () => promised,
    lasts: () => lastsMs,
    async inject(context) {
      const host = worstDomain(context.plan, context.status);
      const at = performance.now();
      await strike(context, [host], what, ({ place }, each) => act(place, each));
      return { at, members: membersOn(context, host) };
    },
  };
}

const killHost = toWorstHost({
  name: 'kill-host',
  summary:
    'take the power of the host away that has most masters, and the VIP if it can be: nothing of it says goodbye',
  promised: lost,
  lastsMs: 6000,
  what: 'lost its power',
  act: cutPower,
});

const cablePulled = toWorstHost({
  name: 'cable-pulled',
  summary: 'pull the cable of the host that has most masters, and the VIP if it can be, and put it back',
  promised: lost,
  lastsMs: 8000,
  what: 'has no cable',
  act: pullCable,
});

const hostPaused = toWorstHost({
  name: 'pause-host',
  summary:
    'stop the host that has most masters, and the VIP if it can be, as its hypervisor does, and let it go on',
  // One that stands still has what it had, and does nothing with it.
  promised: { ...lost, severalHolders: 'any' },
  lastsMs: 8000,
  what: 'is paused',
  act: pauseHost,
});

const partitionHost: Drill = {
  name: 'partition-host',
  summary:
    'cut the host off that has most masters, and the VIP if it can be, with a client on each side: its side acknowledges nothing',
  onHosts: true,
  refused,
  promised: () => ({ ...lost, severalHolders: BOTH_SIDES_MS }),
  lasts: () => 10_000,
  async inject(context) {
    const { plan, credentials, status } = context;
    const host = worstDomain(plan, status);
    const { namespace } = demandLab(plan).hosts.find(({ name }) => name === host) as LabHost;
    const client = new CutOffClient(namespace, plan, credentials.application);
    const ended = (): void => {
      const acknowledged = client.end();
      if (acknowledged.length > 0)
        context.wrong(`the side that was cut off had ${acknowledged.length} writes acknowledged`);
    };
    try {
      await client.connected();
    } catch (error) {
      client.end();
      throw error;
    }
    const at = performance.now();
    await strike(context, [host], 'is cut off', ({ place }, each) => isolateHost(place, each), ended);
    client.cutOff();
    return { at, members: membersOn(context, host) };
  },
};

const powerCycle: Drill = {
  name: 'power-cycle-all',
  summary: 'take the power of all hosts away, and give it back to all at once',
  onHosts: true,
  refused,
  promised: () => ({ resume: { within: ALL_BACK_MS, of: 'shard', since: 'restored' }, failures: 'any' }),
  lasts: () => 3000,
  async inject(context) {
    const { plan } = context;
    const at = performance.now();
    const all = plan.domains.map(({ name }) => name);
    await strike(context, all, 'lost their power', ({ place }, each) => cutPower(place, each));
    return { at, members: plan.members.map(({ name }) => name) };
  },
};

export const HOST_DRILLS: readonly Drill[] = [killHost, cablePulled, partitionHost, hostPaused, powerCycle];
