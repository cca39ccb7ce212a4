import { setTimeout as delay } from 'node:timers/promises';
import type { RedisMember } from '../../../topology/types.ts';
import type { Drill, FaultContext, Injected } from '../drill.ts';
import { killContainer, need, pauseContainer, restartContainer } from './break.ts';
import { deadMaster, failover, hangLimit, unnoticed } from './limits.ts';
import { hitShard } from './targets.ts';

/** What is done to one container. */
type Deed = (context: FaultContext, name: string) => Promise<unknown>;

const atMaster = (deed: Deed) => (context: FaultContext) => atMember(context, hitShard(context).master, deed);

function atReplica(deed: Deed) {
  return (context: FaultContext) => {
    const { shard, replicas } = hitShard(context);
    return atMember(context, need(replicas.at(0), `replica of ${shard}`), deed);
  };
}

async function atMember(context: FaultContext, { name, shard }: RedisMember, deed: Deed): Promise<Injected> {
  const at = performance.now();
  await deed(context, name);
  return { at, members: [name], shard };
}

const killMaster: Drill = {
  name: 'kill-master',
  summary: 'kill -9 the master of a shard; a replica takes over, the old master comes back as its replica',
  alerts: ['RedisDown', 'ReplicaMissing'],
  promised: deadMaster,
  lasts: () => 2500,
  inject: atMaster(killContainer),
};

const hangMaster: Drill = {
  name: 'hang-master',
  summary: 'freeze the master for longer than a failover takes, then let it go on as the zombie it is',
  alerts: ['RedisDown', 'ReplicaMissing'],
  promised: (plan) => failover(hangLimit(plan)),
  lasts: (plan) => plan.sentinel.downAfterMs + 5000,
  inject: atMaster(pauseContainer),
};

const restartMaster: Drill = {
  name: 'restart-master',
  summary: 'docker restart of the master: it says goodbye, and is back before or after a failover',
  alerts: [],
  promised: (plan) => failover(hangLimit(plan)),
  lasts: () => 4000,
  inject: atMaster(restartContainer),
};

const doubleFailover: Drill = {
  name: 'double-failover',
  summary: 'kill the master, bring it back as a replica, and kill its successor within 10 s',
  alerts: ['RedisDown', 'ReplicaMissing'],
  // Two cuts, so two requests of a connection may be under way.
  promised: (plan) => ({ ...failover(hangLimit(plan)), failures: 2 }),
  lasts: (plan) => 2 * hangLimit(plan) + 3000,
  async inject(context) {
    const { shard, master } = hitShard(context);
    const at = performance.now();
    await killContainer(context, master.name);
    const successor = await newMaster(context, shard, master.address);
    await context.engine.getContainer(master.name).start();
    // With the first one still away the second kill would leave one member, which takes no writes.
    await delay(3000, undefined, { signal: context.signal }).catch(() => undefined);
    await killContainer(context, successor);
    return { at, members: [master.name, successor], shard };
  },
};

/** Waits for a failover away from an address and returns the name of the member that took over. */
async function newMaster(context: FaultContext, shard: string, old: string): Promise<string> {
  const { timeline, plan } = context;
  const announced = await timeline.next(
    ({ event, text }) => event === '+switch-master' && text.startsWith(`${shard} ${old} `),
    10_000,
  );
  const address = need(announced, `failover of ${shard} within 10 s`).text.split(' ')[3];
  return need(
    plan.members.find((member) => member.address === address),
    `member at ${address}`,
  ).name;
}

const killReplica: Drill = {
  name: 'kill-replica',
  summary: 'kill -9 one replica of a shard; nobody notices',
  alerts: ['RedisDown', 'ReplicaMissing'],
  promised: () => unnoticed,
  lasts: () => 4000,
  async inject(context) {
    const { shard, replicas } = hitShard(context);
    const at = performance.now();
    await killContainer(context, need(replicas.at(-1), `replica of ${shard}`).name);
    return { at, members: [replicas[replicas.length - 1].name], shard };
  },
};

const restartReplica: Drill = {
  name: 'restart-replica',
  summary: 'docker restart of one replica of a shard; nobody notices',
  alerts: [],
  promised: () => unnoticed,
  lasts: () => 4000,
  inject: atReplica(restartContainer),
};

const allReplicasGone: Drill = {
  name: 'all-replicas-gone',
  summary:
    'kill every replica of a shard: the lone master refuses writes instead of taking some that one crash loses',
  alerts: ['RedisDown', 'ReplicaMissing'],
  // Refused with NOREPLICAS, or held, until a replica is back; a restarted replica asks who is master and resyncs.
  promised: (plan) =>
    plan.redis.minReplicasToWrite > 0
      ? {
          resume: { within: 6000, of: 'shard', since: 'restored' },
          failures: 'any',
          readsNeverFail: true,
        }
      : unnoticed,
  lasts: (plan) => plan.redis.minReplicasMaxLag * 1000 + 4000,
  async inject(context) {
    const { shard, replicas } = hitShard(context);
    const at = performance.now();
    await Promise.all(replicas.map(({ name }) => killContainer(context, name)));
    return { at, members: replicas.map(({ name }) => name), shard };
  },
};

const restartShard: Drill = {
  name: 'restart-shard',
  summary:
    'kill every member of a shard at once and start them all again: one master, with all that was acknowledged',
  alerts: ['ShardWithoutMaster', 'RedisDown'],
  promised: (plan) => ({
    resume: { within: plan.sentinel.downAfterMs + 12_000, of: 'shard', since: 'restored' },
    failures: 'any',
  }),
  lasts: () => 1500,
  async inject(context) {
    const { shard, master, replicas } = hitShard(context);
    const members = [master, ...replicas].map(({ name }) => name);
    const at = performance.now();
    await Promise.all(members.map((name) => killContainer(context, name)));
    return { at, members, shard };
  },
};

export const MASTER_DRILLS: readonly Drill[] = [
  killMaster,
  hangMaster,
  restartMaster,
  doubleFailover,
  killReplica,
  restartReplica,
  allReplicasGone,
  restartShard,
];
