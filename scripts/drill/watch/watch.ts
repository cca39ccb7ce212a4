import type Docker from 'dockerode';
import type { Credentials, Plan } from '../../../topology/types.ts';
import { watchEngine } from './engine-events.ts';
import { watchHaproxy } from './haproxy-states.ts';
import { watchLogs } from './logs.ts';
import { watchRoles } from './roles.ts';
import { watchSentinels } from './sentinels.ts';
import type { Timeline } from './timeline.ts';
import { VipWatch } from './vip.ts';

export interface WatchOptions {
  readonly plan: Plan;
  readonly credentials: Credentials;
  readonly engine: Docker;
  readonly timeline: Timeline;
}

/** Ends a watcher; safe to call once. */
export type EndWatch = () => void;

/** Everybody who fills the timeline of a run. */
export interface Watchers {
  readonly vip: VipWatch;
  end(): void;
}

/** Starts all watchers; returns when each of them sees. */
export async function startWatching(options: WatchOptions): Promise<Watchers> {
  const vip = await VipWatch.start(options);
  const ends: EndWatch[] = [
    watchHaproxy(options),
    watchRoles(options),
    ...(await Promise.all([watchSentinels(options), watchLogs(options), watchEngine(options, vip)])),
  ];
  return {
    vip,
    end() {
      vip.end();
      for (const end of ends) end();
    },
  };
}
