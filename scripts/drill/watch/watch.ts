import { isOnHosts } from '../../../topology/plan.ts';
import { watchEngine } from './engine-events.ts';
import { watchHaproxy } from './haproxy-states.ts';
import { noteHosts } from './hosts.ts';
import { watchLogs } from './logs.ts';
import type { EndWatch, WatchOptions } from './options.ts';
import { watchRoles } from './roles.ts';
import { watchSentinels } from './sentinels.ts';
import { VipWatch } from './vip.ts';

/** Everybody who fills the timeline of a run. */
export interface Watchers {
  readonly vip: VipWatch;
  end(): void;
}

/** Starts all watchers; returns when each of them sees. */
export async function startWatching(options: WatchOptions): Promise<Watchers> {
  const vip = await VipWatch.start(options);
  noteHosts(options);
  const ends: EndWatch[] = [
    watchHaproxy(options),
    watchRoles(options),
    ...(await Promise.all([watchSentinels(options), watchLogs(options), ...watchEngines(options, vip)])),
  ];
  return {
    vip,
    end() {
      vip.end();
      for (const end of ends) end();
    },
  };
}

/** Engines of several hosts tell of nothing that a drill of machines does: what they would say of a container ends with them. */
const watchEngines = (options: WatchOptions, vip: VipWatch): Array<Promise<EndWatch>> =>
  isOnHosts(options.plan) ? [] : [watchEngine(options, vip)];
