import { setTimeout as delay } from 'node:timers/promises';
import type { Drill, FaultContext } from '../drill.ts';
import { killContainer, need, pauseContainer, restore, signalProgram } from './break.ts';
import { cutOnce, failover, hangLimit, unnoticed } from './limits.ts';
import { hitShard, vipHolder } from './targets.ts';

/** A stalled host: longer than the gap in their timer by which sentinels enter TILT (2 s, sentinel.c). */
const STALL_MS = 3000;
/** From the end of the stall until the master is killed. */
const UNTIL_KILL_MS = 7000;
/** How long no sentinel is there to see the master's death. */
const AWAY_MS = 25_000;
/** How soon after a death that somebody can see writes flow again, when what came before it made the replacement difficult. */
const REPLACED_MS = 4000;

/** Freezes every sentinel at once for so long, as a stall of their hosts does. */
async function stallSentinels(context: FaultContext, ms: number): Promise<void> {
  const thaws = await Promise.all(context.plan.sentinels.map(({ name }) => pauseContainer(context, name)));
  await delay(ms, undefined, { signal: context.signal }).catch(() => undefined);
  await Promise.all(thaws.map((thaw) => thaw()));
}

const stall: Drill = {
  name: 'stall-sentinels',
  summary: 'freeze every sentinel for 3 s, as a stall of their hosts does; nobody notices',
  alerts: ['SentinelTilt'],
  promised: () => ({ ...unnoticed, noFailover: true }),
  lasts: () => STALL_MS + 4000,
  async inject(context) {
    const at = performance.now();
    await stallSentinels(context, STALL_MS);
    return { at, members: context.plan.sentinels.map(({ name }) => name) };
  },
};

const stallThenKill: Drill = {
  name: 'stall-then-kill',
  summary:
    'freeze every sentinel for 3 s, so that they distrust their clocks (TILT), and kill the master 7 s later',
  alerts: ['SentinelTilt', 'RedisDown', 'ReplicaMissing'],
  promised: () => ({ ...failover(REPLACED_MS + STALL_MS), failures: 'any', readsNeverFail: false }),
  lasts: () => 2500,
  async inject(context) {
    const { shard, master } = hitShard(context);
    await stallSentinels(context, STALL_MS);
    await delay(UNTIL_KILL_MS, undefined, { signal: context.signal }).catch(() => undefined);
    const at = performance.now();
    await killContainer(context, master.name);
    return { at, members: [master.name], shard };
  },
};

const sentinelsLate: Drill = {
  name: 'sentinels-late',
  summary: 'kill every sentinel, then the master; the sentinels come back 25 s later and find it dead',
  alerts: ['RedisDown', 'ReplicaMissing'],
  promised: () => ({ ...failover(AWAY_MS + REPLACED_MS), failures: 'any', readsNeverFail: false }),
  lasts: () => AWAY_MS,
  async inject(context) {
    const { shard, master } = hitShard(context);
    const sentinels = context.plan.sentinels.map(({ name }) => name);
    await Promise.all(sentinels.map((name) => killContainer(context, name)));
    const at = performance.now();
    await killContainer(context, master.name);
    await delay(AWAY_MS, undefined, { signal: context.signal }).catch(() => undefined);
    await Promise.all(sentinels.map((name) => restore(context, name)));
    const figures = { sentinelsAwayFor: Math.round(performance.now() - at) };
    return { at, members: [master.name, ...sentinels], shard, figures };
  },
};

const hangRedis: Drill = {
  name: 'hang-redis',
  summary:
    'stop (SIGSTOP) the redis-server of a master, and nothing else of its container; it comes back as a zombie',
  alerts: ['RedisDown', 'ReplicaMissing'],
  promised: (plan) => failover(hangLimit(plan)),
  lasts: (plan) => plan.sentinel.downAfterMs + 5000,
  async inject(context) {
    const { shard, master } = hitShard(context);
    const at = performance.now();
    await signalProgram(context, master.name, 'redis-server', 'STOP', 'CONT');
    return { at, members: [master.name], shard };
  },
};

const hangReplica: Drill = {
  name: 'hang-replica',
  summary: 'freeze one replica of a shard; nobody notices',
  alerts: ['RedisDown', 'ReplicaMissing'],
  promised: () => unnoticed,
  lasts: () => 5000,
  async inject(context) {
    const { shard, replicas } = hitShard(context);
    const { name } = need(replicas.at(-1), `replica of ${shard}`);
    const at = performance.now();
    await pauseContainer(context, name);
    return { at, members: [name], shard };
  },
};

const hangSentinel: Drill = {
  name: 'hang-sentinel',
  summary: 'freeze one sentinel for longer than it may be silent; nobody notices',
  alerts: ['SentinelMissing'],
  promised: () => ({ ...unnoticed, noFailover: true }),
  lasts: (plan) => plan.sentinel.downAfterMs + 3000,
  async inject(context) {
    const { name } = context.plan.sentinels[0];
    const at = performance.now();
    await pauseContainer(context, name);
    return { at, members: [name] };
  },
};

const hangGuard: Drill = {
  name: 'hang-guard',
  summary: 'stop (SIGSTOP) the guard beside a master, and nothing else of its member; nobody notices',
  // Its healthcheck ends it before anything is raised.
  alerts: [],
  promised: () => ({ ...unnoticed, noFailover: true }),
  lasts: () => 5000,
  async inject(context) {
    const { shard, master } = hitShard(context);
    const at = performance.now();
    await signalProgram(context, master.name, 'guard', 'STOP', 'CONT');
    return { at, members: [master.name], shard };
  },
};

const hangKeepalived: Drill = {
  name: 'hang-keepalived',
  summary: 'stop keepalived (SIGSTOP) on the edge that holds the VIP: it cannot let go of it by itself',
  alerts: [],
  // Its peer hears nothing of it any more and takes the VIP, which it has until its supervisor finds it hung.
  promised: () => ({ ...cutOnce(3000, 'newcomer'), severalHolders: 4000 }),
  lasts: () => 8000,
  async inject(context) {
    const name = vipHolder(context);
    const at = performance.now();
    await signalProgram(context, name, 'keepalived', 'STOP', 'CONT');
    return { at, members: [name] };
  },
};

export const STALL_DRILLS: readonly Drill[] = [
  hangRedis,
  hangReplica,
  hangSentinel,
  hangGuard,
  stall,
  stallThenKill,
  sentinelsLate,
  hangKeepalived,
];
