import {
  cutHalf,
  cutPower,
  freezeHost,
  isolateHost,
  pauseHost,
  pullCable,
  slowHost,
} from '../../lab/faults.ts';
import type { LabHost } from '../../lab/place.ts';
import type { Drill } from '../drill.ts';
import { CutOffClient } from './cut-off-client.ts';
import { demandLab, lost, membersOn, refused, refusedOnLan, strike, toWorstHost } from './host-strike.ts';
import { unnoticed } from './limits.ts';
import { worstDomain } from './targets.ts';

/** A host that hears nobody is heard: what notices it first are the checks of HAProxy, and of the edge behind them. */
const HALF_CUT_MS = 3000;
/**
 * One more than of a host that is lost: where it has not got the VIP, its edge hears no holder and takes the VIP after 1.0 s,
 * finds out after 1.2 s that it is cut off, and gives it up. So connections are cut twice.
 */
const HALF_CUT_FAILURES = 3;
/** From the moment the last engine answers: by then the containers of the others have started, and agree on masters. */
const ALL_BACK_MS = 3000;
/** An edge that hears no other host gives the VIP up after two checks and HAProxy's own. */
const BOTH_SIDES_MS = 1500;
/** Clients learn by the kernel's own question that the VIP is elsewhere: the host that they were connected to goes on confirming. */
const FROZEN_MS = 4000;
/** An address outlives the process that holds it for as long as its lease, and the time that its kernel takes to look. */
const LEASE_MS = 5000;

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

const halfCut = toWorstHost({
  name: 'half-cut',
  summary:
    'the host that has most masters, and the VIP if it can be, hears the others no more, and they hear it',
  promised: {
    ...lost,
    resume: { ...lost.resume, within: HALF_CUT_MS },
    failures: HALF_CUT_FAILURES,
    severalHolders: BOTH_SIDES_MS,
  },
  lastsMs: 8000,
  what: 'hears no other host',
  refused: refusedOnLan,
  act: (_place, host, others) => cutHalf(host, others),
});

const frozen = toWorstHost({
  name: 'freeze-host',
  summary:
    'all processes of the host stand still that has most masters, and the VIP if it can be, and its kernel goes on answering for them',
  promised: { ...lost, resume: { ...lost.resume, within: FROZEN_MS }, severalHolders: LEASE_MS },
  lastsMs: 8000,
  what: 'is frozen',
  act: async (_place, host) => freezeHost(host),
});

const slow = toWorstHost({
  name: 'slow-host',
  summary:
    'the cable of the host that has most masters, and the VIP if it can be, carries 5 Mbit/s, a little more than the load takes',
  alerts: [],
  promised: { ...unnoticed, resume: { within: 1000, of: 'shard', since: 'fault' }, noFailover: true },
  lastsMs: 8000,
  what: 'has a slow cable',
  act: slowHost,
});

const partitionHost: Drill = {
  name: 'partition-host',
  summary:
    'cut the host off that has most masters, and the VIP if it can be, with a client on each side: its side acknowledges nothing',
  alerts: ['RedisDown', 'ReplicaMissing'],
  onHosts: true,
  refused: refusedOnLan,
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
    await strike(context, [host], 'is cut off', ({ place }, each) => isolateHost(place, each), {
      first: ended,
    });
    client.cutOff();
    return { at, members: membersOn(context, host) };
  },
};

const powerCycle: Drill = {
  name: 'power-cycle-all',
  summary: 'take the power of all hosts away, and give it back to all at once',
  alerts: [],
  onHosts: true,
  refused,
  promised: () => ({ resume: { within: ALL_BACK_MS, of: 'newcomer', since: 'restored' }, failures: 'any' }),
  lasts: () => 3000,
  async inject(context) {
    const { plan } = context;
    const at = performance.now();
    const all = plan.domains.map(({ name }) => name);
    await strike(context, all, 'lost their power', ({ place }, each) => cutPower(place, each));
    return { at, members: plan.members.map(({ name }) => name) };
  },
};

export const HOST_DRILLS: readonly Drill[] = [
  killHost,
  cablePulled,
  partitionHost,
  halfCut,
  hostPaused,
  frozen,
  slow,
  powerCycle,
];
