import type { AlertName } from '../../../monitoring/alert-names.ts';
import { alertsOf } from '../../../monitoring/alerts.ts';
import type { AnyPlan } from '../../../topology/types.ts';
import type { Drill, Injected } from '../drill.ts';
import type { RaisedAlert } from '../watch/alerts.ts';

/**
 * How much later (ms) than the time for which it has to be so an alert is raised at most: until the members themselves know
 * of it (a link that is silent is given up after 30 s), and for three looks of the monitor.
 */
const KNOWN_MS = 45_000;
/** From the moment a fault is taken back until nothing tells of it any more: the stack is whole again, and that was seen. */
export const OVER_MS = 75_000;

/** How an alert came and went in one round; times are ms from the fault, and null = not seen. */
export interface AlertTimes {
  readonly alert: string;
  /** Whether the drill names it. */
  readonly named: boolean;
  readonly raised: number | null;
  readonly over: number | null;
}

/** The alerts that a drill names, of those that the stack has: one without replicas is not told of replicas. */
export function namedAlerts(drill: Pick<Drill, 'alerts'>, plan: AnyPlan): AlertName[] {
  const there = new Set(alertsOf(plan).map(({ name }) => name));
  return drill.alerts.filter((alert) => there.has(alert));
}

/** Milliseconds after the fault at which each of them is raised at the latest. */
export function raisedWithin(alerts: readonly AlertName[], plan: AnyPlan): ReadonlyMap<AlertName, number> {
  const after = new Map(alertsOf(plan).map(({ name, forSeconds }) => [name, forSeconds * 1000] as const));
  return new Map(alerts.map((alert) => [alert, (after.get(alert) ?? 0) + KNOWN_MS]));
}

/** Whether anybody is left to tell of a fault: who was hit with it says nothing. */
export function isWatched({ monitors = [] }: AnyPlan, { members }: Pick<Injected, 'members'>): boolean {
  return monitors.some(({ name }) => !members.includes(name));
}

interface Watched {
  readonly drill: Drill;
  readonly plan: AnyPlan;
  readonly injected: Injected;
  readonly undoneAt: number;
  /** undefined = nobody watches this stack. */
  readonly alerts?: readonly RaisedAlert[];
  /** True = the fault was to last until its alerts were raised. */
  readonly held: boolean;
}

/** What is to be held against the drill of its alerts: nothing, unless it waited for them. @returns times in ms */
export function alertPromises(
  watched: Watched,
): Array<{ readonly promise: string; readonly limit: number; readonly seen: number | undefined }> {
  const { drill, plan, injected, undoneAt, held } = watched;
  if (!held || !isWatched(plan, injected)) return [];
  return [...raisedWithin(namedAlerts(drill, plan), plan)].flatMap(([alert, limit]) => {
    const { raised, over } = since(watched).find((each) => each.alert === alert) ?? {};
    return [
      { promise: `${alert} was raised after`, limit, seen: raised && raised - injected.at },
      {
        promise: `${alert} was over, after the fault was taken back`,
        limit: OVER_MS,
        seen: over && Math.max(0, over - undoneAt),
      },
    ];
  });
}

/** Every alert that was raised from the fault on, and those that the drill names, seen or not; null = nobody watches. */
export function alertTimes(watched: Watched): AlertTimes[] | null {
  const { drill, plan, injected, alerts } = watched;
  if (alerts === undefined) return null;
  const named: readonly string[] = namedAlerts(drill, plan);
  const seen = since(watched);
  const unseen = named.filter((alert) => seen.every((each) => each.alert !== alert));
  const relative = (at: number | undefined): number | null =>
    at === undefined ? null : Math.round(at - injected.at);
  return [
    ...seen.map(({ alert, raised, over }) => ({
      alert,
      named: named.includes(alert),
      raised: relative(raised),
      over: relative(over),
    })),
    ...unseen.map((alert) => ({ alert, named: true, raised: null, over: null })),
  ];
}

/** What stood before the fault tells nothing of it. */
const since = ({ alerts = [], injected }: Watched): RaisedAlert[] =>
  alerts.filter(({ raised }) => raised >= injected.at);
