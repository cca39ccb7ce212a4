import { isOnHosts } from '../../../topology/plan.ts';
import type { AnyPlan } from '../../../topology/types.ts';
import type { Drill } from '../drill.ts';
import { killContainer } from './break.ts';
import { engineOutOfReach, restartEngine } from './engine-process.ts';
import { restartsHostEngine } from './host-engines.ts';
import { failover, failoverLimit, UNHEARD_MS } from './limits.ts';
import { worstDomain } from './targets.ts';

const killDomain: Drill = {
  name: 'kill-domain',
  summary:
    'kill every container of one domain at once, one with a master, and the VIP if it can be: a host gone',
  alerts: ['RedisDown', 'ReplicaMissing'],
  // Master, proxy and edge go within a tenth of a second: a connection may lose one request to the first two, one to the last.
  promised: (plan) => ({
    ...failover(failoverLimit(plan)),
    failures: 2,
    readsNeverFail: false,
    hearLater: UNHEARD_MS,
  }),
  lasts: () => 4000,
  async inject(context) {
    const { plan, status } = context;
    const domain = worstDomain(plan, status);
    const members = plan.members.filter((member) => member.domain === domain).map(({ name }) => name);
    const at = performance.now();
    await Promise.all(members.map((name) => killContainer(context, name)));
    return { at, members };
  },
};

const restartsOneEngine: Omit<Drill, 'name' | 'summary' | 'alerts'> = {
  refused: engineOutOfReach,
  promised: () => ({
    // From the moment the engine answers. It starts its containers one after the other, and these agree on masters then.
    resume: { within: 15_000, of: 'shard', since: 'restored' },
    failures: 'any',
  }),
  lasts: () => 0,
  async inject(context) {
    const at = performance.now();
    await restartEngine(context);
    const figures = { engineAwayFor: Math.round(performance.now() - at) };
    return { at, members: context.plan.members.map(({ name }) => name), figures };
  },
};

const restartsEngine = ofBothKinds(
  'restart-engine',
  'end the Docker engine, of several hosts that of one, and start it again: every member stops and comes back by itself',
  restartsOneEngine,
  restartsHostEngine,
);

/** A drill that does to the one engine of a stack, or to one of several hosts, what its name says. */
function ofBothKinds(
  name: string,
  summary: string,
  ofOne: Omit<Drill, 'name' | 'summary' | 'alerts'>,
  ofSeveral: Omit<Drill, 'name' | 'summary' | 'alerts'>,
): Drill {
  const kind = (plan: AnyPlan): Omit<Drill, 'name' | 'summary' | 'alerts'> =>
    isOnHosts(plan) ? ofSeveral : ofOne;
  return {
    name,
    summary,
    alerts: [],
    onHosts: 'too',
    refused: async (surroundings) => kind(surroundings.plan).refused?.(surroundings),
    promised: (plan) => kind(plan).promised(plan),
    lasts: (plan) => kind(plan).lasts(plan),
    inject: (context) => kind(context.plan).inject(context),
  };
}

export const DOMAIN_DRILLS: readonly Drill[] = [killDomain, restartsEngine];
