import type { Drill, Surroundings } from '../drill.ts';
import { CUTTERS, cutLinks, losePackets } from './cut.ts';
import { outOfReach } from './here.ts';
import { failover, hangLimit, waitsForReplicas } from './limits.ts';
import { between } from './links.ts';
import { hitShard } from './targets.ts';

const refused = (surroundings: Surroundings): Promise<string | undefined> =>
  outOfReach(surroundings, CUTTERS);

const partitionMaster: Drill = {
  name: 'partition-master',
  summary:
    'cut the master off from sentinels and replicas, but not from the proxies: two masters for a while',
  alerts: ['ShardWithTwoMasters', 'ReplicaMissing'],
  refused,
  // The cut-off master notices that its replicas are silent after max-lag, which it looks at once a second.
  promised: (plan) => ({
    ...failover(hangLimit(plan)),
    mayLoseFor: waitsForReplicas(plan) ? undefined : plan.redis.minReplicasMaxLag * 1000 + 1500,
  }),
  lasts: (plan) => plan.sentinel.downAfterMs + 7000,
  async inject(context) {
    const { shard, master, replicas } = hitShard(context);
    const at = performance.now();
    await cutLinks(context, between([master], [...context.plan.sentinels, ...replicas]));
    return { at, members: [master.name], shard };
  },
};

const partitionReplicas: Drill = {
  name: 'partition-replicas',
  summary: 'cut the master off from its replicas only: it refuses writes that nobody else would have',
  alerts: ['ReplicaMissing', 'ReplicaLinkDown'],
  refused,
  promised: (plan) => ({
    // The link is made again with the next retransmission, which waits longer the longer it was cut.
    resume: { within: 10_000, of: 'shard', since: 'restored' },
    failures: plan.redis.minReplicasToWrite > 0 ? 'any' : 0,
    readsNeverFail: true,
  }),
  lasts: (plan) => plan.redis.minReplicasMaxLag * 1000 + 3000,
  async inject(context) {
    const { shard, master, replicas } = hitShard(context);
    const at = performance.now();
    await cutLinks(context, between([master], replicas));
    return { at, members: [master.name], shard };
  },
};

const slowNetwork: Drill = {
  name: 'slow-network',
  summary: 'the master loses 5 % of its packets: everything waits for retransmissions, nothing is lost',
  alerts: [],
  refused,
  promised: () => ({
    // A lost packet is sent again after 0.2 s, a second time after 0.4 s more; three in a row are rare.
    resume: { within: 3000, of: 'connection', since: 'fault' },
    failures: 1,
    readsNeverFail: true,
  }),
  lasts: () => 6000,
  async inject(context) {
    const { shard, master } = hitShard(context);
    const at = performance.now();
    await losePackets(context, master, 0.05);
    return { at, members: [master.name], shard };
  },
};

export const PARTITION_DRILLS: readonly Drill[] = [partitionMaster, partitionReplicas, slowNetwork];
