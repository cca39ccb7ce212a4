import { switchOver } from '../../switchover/switchover.ts';
import type { Drill } from '../drill.ts';

const switchover: Drill = {
  name: 'switchover',
  summary: 'hand a shard over to a replica on purpose: nobody sees an error',
  alerts: [],
  onHosts: 'too',
  promised: () => ({
    resume: { within: 1000, of: 'connection', since: 'fault' },
    failures: 0,
    readsNeverFail: true,
  }),
  lasts: () => 3000,
  async inject({ plan, credentials, engine, shard, signal, step, timeline }) {
    const options = { plan, credentials, engine, shard, signal, progress: step.progress };
    const { from, to, coordinator, pausedAt, ...steps } = await switchOver(options);
    // Before the pause it only waits for a good moment.
    timeline.note('drill', 'fault', `${from} hands over to ${to}, led by ${coordinator}`, pausedAt);
    const { promotedAfter, announcedAfter, followedAfter } = steps;
    return {
      at: pausedAt,
      members: [from, to],
      shard,
      figures: { promotedAfter, announcedAfter, followedAfter },
    };
  },
};

export const PLANNED_DRILLS: readonly Drill[] = [switchover];
