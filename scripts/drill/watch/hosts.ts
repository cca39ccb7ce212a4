import { isOnHosts } from '../../../topology/plan.ts';
import type { WatchOptions } from './options.ts';

/** What is noted of a host that is as it should be; of one that is not, in words what became of it. */
export const HOST_UP = 'up';

/** Begins a lane for every host. What becomes of one is noted by whoever does it: nobody else could see most of it. */
export function noteHosts({ plan, timeline }: Pick<WatchOptions, 'plan' | 'timeline'>): void {
  if (!isOnHosts(plan)) return;
  for (const { name } of plan.domains) timeline.note(`host ${name}`, 'host', HOST_UP);
}
