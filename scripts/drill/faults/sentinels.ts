import type { Drill } from '../drill.ts';
import { killContainer, need, restartContainer } from './break.ts';
import { failover, failoverLimit, hangLimit, unnoticed } from './limits.ts';
import { hitShard } from './targets.ts';

const killSentinel: Drill = {
  name: 'kill-sentinel',
  summary: 'kill -9 one sentinel; nobody notices',
  alerts: ['SentinelMissing'],
  promised: () => unnoticed,
  lasts: (plan) => plan.sentinel.downAfterMs + 3000,
  async inject(context) {
    const { name } = context.plan.sentinels[0];
    const at = performance.now();
    await killContainer(context, name);
    return { at, members: [name] };
  },
};

const restartSentinel: Drill = {
  name: 'restart-sentinel',
  summary: 'docker restart of one sentinel; nobody notices',
  alerts: [],
  promised: () => unnoticed,
  lasts: (plan) => plan.sentinel.downAfterMs + 3000,
  async inject(context) {
    const { name } = context.plan.sentinels[0];
    const at = performance.now();
    await restartContainer(context, name);
    return { at, members: [name] };
  },
};

const sentinelMinority: Drill = {
  name: 'sentinel-minority',
  summary: 'kill as many sentinels as may be lost, then the master: the others still agree on a successor',
  alerts: ['SentinelMissing', 'RedisDown', 'ReplicaMissing'],
  promised: (plan) => failover(hangLimit(plan)),
  lasts: () => 2500,
  async inject(context) {
    const { sentinels } = context.plan;
    const { shard, master } = hitShard(context);
    const minority = sentinels.slice(0, Math.ceil(sentinels.length / 2) - 1).map(({ name }) => name);
    await Promise.all(minority.map((name) => killContainer(context, name)));
    const at = performance.now();
    await killContainer(context, master.name);
    return { at, members: [...minority, master.name], shard };
  },
};

const noSentinels: Drill = {
  name: 'no-sentinels',
  summary: 'kill every sentinel: nobody could fail over now, but serving goes on',
  alerts: ['SentinelMissing'],
  promised: () => unnoticed,
  lasts: () => 8000,
  async inject(context) {
    const members = context.plan.sentinels.map(({ name }) => name);
    const at = performance.now();
    await Promise.all(members.map((name) => killContainer(context, name)));
    return { at, members };
  },
};

const killLeaderSentinel: Drill = {
  name: 'kill-leader-sentinel',
  summary: 'kill the master, and the sentinel that leads the failover as soon as it is elected',
  alerts: ['SentinelMissing', 'RedisDown', 'ReplicaMissing'],
  // The others have given it their vote, and try again after twice the failover timeout (sentinel.c).
  promised: (plan) => ({
    ...failover(2 * plan.sentinel.failoverTimeoutMs + 1000 + failoverLimit(plan)),
    failures: 'any',
    readsNeverFail: false,
  }),
  lasts: () => 2500,
  async inject(context) {
    const { shard, master } = hitShard(context);
    const elected = context.timeline.next(({ event }) => event === '+elected-leader', 15_000);
    const at = performance.now();
    await killContainer(context, master.name);
    const leader = need(await elected, 'sentinel that was elected within 15 s').source;
    await killContainer(context, leader);
    return { at, members: [master.name, leader], shard };
  },
};

export const SENTINEL_DRILLS: readonly Drill[] = [
  killSentinel,
  restartSentinel,
  sentinelMinority,
  noSentinels,
  killLeaderSentinel,
];
