import { setTimeout as delay } from 'node:timers/promises';
import type { AnyPlan, MonitorMember } from '../../../topology/types.ts';
import type { EndWatch, WatchOptions } from './options.ts';

const EVERY_MS = 500;
const PATIENCE_MS = 3000;

/** What Prometheus answers at `/api/v1/alerts`, as far as it matters here. */
interface Answer {
  readonly data: {
    readonly alerts: ReadonlyArray<{
      readonly state: 'pending' | 'firing';
      readonly labels: Readonly<Record<string, string>>;
    }>;
  };
}

/** A time for which an alert was raised, on the run's clock (ms). `over` undefined = it still is. */
export interface RaisedAlert {
  readonly alert: string;
  readonly raised: number;
  readonly over?: number;
}

/** Watches which alerts the monitors of a stack raise. */
export class AlertWatch {
  readonly #seen: Array<{ alert: string; raised: number; over?: number }> = [];

  /** Each alert that was raised, in the order in which that was seen; one that came twice is there twice. */
  get seen(): readonly RaisedAlert[] {
    return this.#seen;
  }

  isRaised(alert: string): boolean {
    return this.#seen.some((each) => each.alert === alert && each.over === undefined);
  }

  /** Takes over what is raised at a moment: alert → what it is about. */
  take(raised: ReadonlyMap<string, string>, at: number, tell: (event: string, text: string) => void): void {
    for (const each of this.#seen) {
      if (each.over !== undefined || raised.has(each.alert)) continue;
      each.over = at;
      tell('over', each.alert);
    }
    for (const [alert, about] of raised) {
      if (this.isRaised(alert)) continue;
      this.#seen.push({ alert, raised: at });
      tell('raised', `${alert} ${about}`.trim());
    }
  }
}

/**
 * Asks the monitors every half second. While none of them answers nothing is taken to be over, and nothing new is known.
 *
 * @returns undefined when the stack has none
 */
export async function watchAlerts({
  plan,
  timeline,
}: Pick<WatchOptions, 'plan' | 'timeline'>): Promise<{ watch: AlertWatch; end: EndWatch } | undefined> {
  const { monitors = [] } = plan as AnyPlan;
  if (monitors.length === 0) return undefined;
  const watch = new AlertWatch();
  const stopped = new AbortController();
  const look = async (): Promise<void> => {
    const answers = await Promise.all(monitors.map((monitor) => raisedAt(monitor, stopped.signal)));
    const heard = answers.filter((answer) => answer !== undefined);
    if (heard.length === 0 || stopped.signal.aborted) return;
    const raised = new Map(heard.flatMap((answer) => [...answer]));
    watch.take(raised, performance.now(), (event, text) => timeline.note('alert', event, text));
  };
  await look();
  void (async () => {
    while (!stopped.signal.aborted) {
      await look();
      await delay(EVERY_MS, undefined, { signal: stopped.signal }).catch(() => undefined);
    }
  })();
  return { watch, end: () => stopped.abort() };
}

/** What one monitor raises now; undefined = it does not say. */
async function raisedAt(
  { address, port }: MonitorMember,
  stopped: AbortSignal,
): Promise<ReadonlyMap<string, string> | undefined> {
  const signal = AbortSignal.any([stopped, AbortSignal.timeout(PATIENCE_MS)]);
  try {
    const answer = await fetch(`http://${address}:${port}/api/v1/alerts`, { signal });
    return answer.ok ? firing((await answer.json()) as Answer) : undefined;
  } catch {
    // A drill may have taken it away; the other one, if there is one, still tells.
    return undefined;
  }
}

/** The alerts of an answer that are raised, and the members or shards that each is about. */
export function firing({ data }: Answer): ReadonlyMap<string, string> {
  const about = new Map<string, string[]>();
  for (const { state, labels } of data.alerts) {
    if (state !== 'firing') continue;
    const whom = [labels.member ?? labels.shard ?? ''].filter((each) => each !== '');
    about.set(labels.alertname, [...(about.get(labels.alertname) ?? []), ...whom]);
  }
  return new Map([...about].map(([alert, whom]) => [alert, whom.join(', ')]));
}
