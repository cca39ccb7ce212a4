import type { AnyPlan, Member } from '../../../topology/types.ts';
import type { Drill, Promised, Surroundings } from '../drill.ts';
import { CUTTERS, cutLinks } from './cut.ts';
import { outOfReach } from './here.ts';
import { waitsForReplicas } from './limits.ts';
import { between, type Link, oneWay } from './links.ts';
import { hitShard, type ShardRoles } from './targets.ts';

const cannotCut = (surroundings: Surroundings): Promise<string | undefined> =>
  outOfReach(surroundings, CUTTERS);

/**
 * Nobody is dead, so who may take writes is in doubt until the links are back: what is promised is that nothing is lost.
 * A link that was cut is made again with its next retransmission, which waits longer the longer it was cut.
 */
const inDoubt = (plan: AnyPlan, lasts: number): Promised => ({
  resume: { within: 10_000, of: 'shard', since: 'restored' },
  failures: 'any',
  mayLoseFor: waitsForReplicas(plan) ? undefined : lasts,
});

const SPLIT_MS = 7000;

const splitData: Drill = {
  name: 'split-data',
  summary:
    'cut the master and one replica off from the other replicas and all sentinels; the proxies reach everybody',
  alerts: ['ReplicaMissing', 'ReplicaLinkDown'],
  async refused(surroundings) {
    if (surroundings.plan.shards.some(({ members }) => members.length < 3))
      return 'it needs two replicas a shard';
    return cannotCut(surroundings);
  },
  promised: (plan) => inDoubt(plan, SPLIT_MS),
  lasts: () => SPLIT_MS,
  async inject(context) {
    const { shard, master, replicas } = hitShard(context);
    const [beside, ...others] = replicas;
    const at = performance.now();
    await cutLinks(context, between([master, beside], [...others, ...context.plan.sentinels]));
    return { at, members: [master.name, beside.name], shard };
  },
};

const blindSentinels: Drill = {
  name: 'blind-sentinels',
  summary: 'cut only the sentinels off from the master: it and its replicas are well, so nobody is promoted',
  alerts: [],
  refused: cannotCut,
  promised: () => ({
    resume: { within: 400, of: 'shard', since: 'fault' },
    failures: 0,
    noFailover: true,
  }),
  lasts: () => SPLIT_MS,
  async inject(context) {
    const { shard, master } = hitShard(context);
    const at = performance.now();
    await cutLinks(context, between([master], context.plan.sentinels));
    return { at, members: [master.name], shard };
  },
};

/** Towards whom, and which way: what `one-way` takes turns with. */
const ONE_WAY: ReadonlyArray<{ name: string; links(roles: ShardRoles, plan: AnyPlan): Link[] }> = (
  [
    ['replicas', ({ replicas }: ShardRoles): readonly Member[] => replicas],
    ['sentinels', (_: ShardRoles, { sentinels }: AnyPlan): readonly Member[] => sentinels],
    ['proxies', (_: ShardRoles, { proxies }: AnyPlan): readonly Member[] => proxies],
  ] as const
).flatMap(([name, others]) => [
  {
    name: `is not heard by the ${name}`,
    links: (roles, plan) => oneWay([roles.master], others(roles, plan)),
  },
  { name: `does not hear the ${name}`, links: (roles, plan) => oneWay(others(roles, plan), [roles.master]) },
]);

const oneWayCut: Drill = {
  name: 'one-way',
  summary:
    'the master hears its replicas, the sentinels or the proxies, but is not heard by them, or the other way round: each round another',
  alerts: [],
  refused: cannotCut,
  promised: (plan) => inDoubt(plan, SPLIT_MS),
  lasts: () => SPLIT_MS,
  async inject(context) {
    const roles = hitShard(context);
    const { name, links } = ONE_WAY[(context.round - 1) % ONE_WAY.length];
    const at = performance.now();
    context.timeline.note('drill', 'variant', `the master ${name}`);
    await cutLinks(context, links(roles, context.plan));
    return { at, members: [roles.master.name], shard: roles.shard };
  },
};

export const SPLIT_DRILLS: readonly Drill[] = [splitData, blindSentinels, oneWayCut];
