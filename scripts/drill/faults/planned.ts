import { switchOver } from '../../switchover/switchover.ts';
import type { Drill } from '../drill.ts';

const switchover: Drill = {
  name: 'switchover',
  summary: 'hand the first shard over to a replica on purpose: nobody sees an error',
  promised: () => ({
    resume: { within: 1000, of: 'connection', since: 'fault' },
    failures: 0,
    readsNeverFail: true,
  }),
  lasts: () => 1000,
  async inject({ plan, credentials, engine, signal, step, timeline }) {
    const shard = plan.shards[0].name;
    const at = performance.now();
    timeline.note('drill', 'fault', `switchover of ${shard}`);
    const { from, to, coordinator, promotedAfter, announcedAfter, followedAfter } = await switchOver({
      plan,
      credentials,
      engine,
      shard,
      signal,
      progress: step.progress,
    });
    timeline.note('drill', 'fault', `${from} handed over to ${to}, led by ${coordinator}`);
    return { at, members: [from, to], shard, figures: { promotedAfter, announcedAfter, followedAfter } };
  },
};

export const PLANNED_DRILLS: readonly Drill[] = [switchover];
