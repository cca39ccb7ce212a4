import { isOnHosts } from '../../../topology/plan.ts';
import { type AlertWatch, watchAlerts } from './alerts.ts';
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
  /** undefined = the stack has no monitors. */
  readonly alerts: AlertWatch | undefined;
  end(): void;
}

/** Starts all watchers; returns when each of them sees. */
export async function startWatching(options: WatchOptions): Promise<Watchers> {
  const vip = await VipWatch.start(options);
  noteHosts(options);
  const alerts = await watchAlerts(options);
  const ends: EndWatch[] = [
    ...(alerts === undefined ? [] : [alerts.end]),
    watchHaproxy(options),
    watchRoles(options),
    ...(await Promise.all([watchSentinels(options), watchLogs(options), ...watchEngines(options, vip)])),
  ];
  return {
    vip,
    alerts: alerts?.watch,
    end() {
      vip.end();
      for (const end of ends) end();
    },
  };
}

/** Engines of several hosts tell of nothing that a drill of machines does: what they would say of a container ends with them. */
const watchEngines = (options: WatchOptions, vip: VipWatch): Array<Promise<EndWatch>> =>
  isOnHosts(options.plan) ? [] : [watchEngine(options, vip)];
