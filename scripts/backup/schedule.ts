import { setTimeout as delay } from 'node:timers/promises';
import { OperatorError } from '../errors.ts';
import { backupTime } from './manifest.ts';

/** After one that failed; sooner where backups are taken more often. */
const RETRY_MS = 5 * 60_000;
/** At the latest after so long it is looked whether stack.yaml says something else now. */
const LOOK_MS = 60_000;

export interface ScheduleOptions {
  /** How often, and the id of the newest backup that there is, as of now. */
  readonly state: () => Promise<{ readonly everyMs: number; readonly newest: string | undefined }>;
  readonly take: () => Promise<unknown>;
  readonly tell: (sentence: string) => void;
  readonly signal: AbortSignal;
  /** Milliseconds since 1970, milliseconds on a clock that nobody sets, and how to wait for some; of tests. */
  readonly now?: () => number;
  readonly ticks?: () => number;
  readonly wait?: (ms: number) => Promise<unknown>;
}

/**
 * Takes backups until it is told to stop: the first one when the newest is as old as that, so a restart of this program
 * neither takes one too many nor leaves one out. One that fails is told of and tried again.
 *
 * Whether the newest is as old as that is what the time of day says, or for how long it has been the newest: a clock that was
 * set back must not keep the next one waiting until it is there again.
 *
 * @throws what `state` throws at the first call: a stack file that is wrong from the beginning
 */
export async function keepSchedule(options: ScheduleOptions): Promise<void> {
  const { signal, tell, now = Date.now, ticks = () => performance.now() } = options;
  const wait = options.wait ?? ((ms: number) => delay(ms, undefined, { signal }).catch(() => undefined));
  await options.state();
  let seen: { readonly newest: string | undefined; readonly at: number } | undefined;
  while (!signal.aborted) {
    let everyMs = RETRY_MS;
    try {
      const state = await options.state();
      everyMs = state.everyMs;
      const { newest } = state;
      if (seen === undefined || seen.newest !== newest) seen = { newest, at: ticks() };
      const age = newest === undefined ? everyMs : Math.max(now() - backupTime(newest), ticks() - seen.at);
      const left = everyMs - age;
      if (left > 0) {
        await wait(Math.min(left, LOOK_MS));
        continue;
      }
      await options.take();
    } catch (error) {
      if (signal.aborted) return;
      tell(error instanceof OperatorError ? error.format() : String((error as Error).stack));
      const again = Math.min(everyMs, RETRY_MS);
      tell(`the next try is at ${new Date(now() + again).toISOString()}`);
      await wait(again);
    }
  }
}
