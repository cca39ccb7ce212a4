import type { AnyPlan } from '../../../topology/types.ts';
import type { Drill, FaultContext, Injected } from '../drill.ts';
import { killContainer, pauseContainer, restartContainer, signalProgram, stopContainer } from './break.ts';
import { cutOnce } from './limits.ts';
import { vipHolder } from './targets.ts';

/** Three lost adverts and the skew of the standby's priority, then a gratuitous ARP (VRRPv3, RFC 5798). */
const takeOver = (plan: AnyPlan): number => Math.max(1500, 5 * plan.edge.advertIntervalMs);

async function hit(member: string, strike: (name: string) => Promise<unknown>): Promise<Injected> {
  const at = performance.now();
  await strike(member);
  return { at, members: [member] };
}

const firstProxy = ({ plan }: FaultContext): string => plan.proxies[0].name;

const killProxy: Drill = {
  name: 'kill-proxy',
  summary: 'kill -9 one proxy: its connections are cut and made again over another one',
  alerts: ['ProxyDown'],
  promised: () => cutOnce(200, 'connection'),
  lasts: () => 3000,
  inject: (context) => hit(firstProxy(context), (name) => killContainer(context, name)),
};

const restartProxy: Drill = {
  name: 'restart-proxy',
  summary: 'docker restart of one proxy: it drains, so nobody loses a request',
  alerts: [],
  promised: () => ({ ...cutOnce(1000, 'connection'), failures: 0 }),
  lasts: () => 3000,
  inject: (context) => hit(firstProxy(context), (name) => restartContainer(context, name)),
};

const hangProxy: Drill = {
  name: 'hang-proxy',
  summary: 'freeze one proxy: HAProxy cuts its connections after two failed checks',
  alerts: ['ProxyDown'],
  promised: () => cutOnce(2000, 'connection'),
  lasts: () => 5000,
  inject: (context) => hit(firstProxy(context), (name) => pauseContainer(context, name)),
};

const killHaproxy: Drill = {
  name: 'kill-haproxy',
  summary: 'kill -9 HAProxy on the edge that holds the VIP: its supervisor hands the VIP over at once',
  alerts: [],
  promised: () => cutOnce(1000, 'newcomer'),
  lasts: () => 3000,
  inject: (context) => hit(vipHolder(context), (name) => signalProgram(context, name, 'haproxy', 'KILL')),
};

const hangHaproxy: Drill = {
  name: 'hang-haproxy',
  summary: 'stop HAProxy (SIGSTOP) on the edge that holds the VIP: the VIP moves, and the edge starts afresh',
  alerts: [],
  promised: () => cutOnce(3000, 'newcomer'),
  lasts: () => 5000,
  inject: (context) =>
    hit(vipHolder(context), (name) => signalProgram(context, name, 'haproxy', 'STOP', 'CONT')),
};

const stopEdge: Drill = {
  name: 'stop-edge',
  summary: 'docker stop of the edge that holds the VIP: it hands the VIP over with its last advert',
  alerts: ['EdgeDown'],
  promised: () => cutOnce(500, 'newcomer'),
  lasts: () => 5000,
  inject: (context) => hit(vipHolder(context), (name) => stopContainer(context, name)),
};

const killEdge: Drill = {
  name: 'kill-edge',
  summary: 'kill -9 the edge that holds the VIP: the standby takes over after three lost adverts',
  alerts: ['EdgeDown'],
  promised: (plan) => cutOnce(takeOver(plan), 'newcomer'),
  lasts: () => 4000,
  inject: (context) => hit(vipHolder(context), (name) => killContainer(context, name)),
};

const pauseEdge: Drill = {
  name: 'pause-edge',
  summary: 'freeze the edge that holds the VIP; it comes back believing that it still does',
  alerts: ['EdgeDown'],
  // Cut when the standby takes over, and again if the thawed one has the higher priority: VRRP lets it take the VIP back.
  promised: (plan) => ({ ...cutOnce(takeOver(plan), 'newcomer'), failures: 2 }),
  lasts: () => 5000,
  inject: (context) => hit(vipHolder(context), (name) => pauseContainer(context, name)),
};

export const ENTRANCE_DRILLS: readonly Drill[] = [
  killProxy,
  restartProxy,
  hangProxy,
  killHaproxy,
  hangHaproxy,
  stopEdge,
  killEdge,
  pauseEdge,
];
