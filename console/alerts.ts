import type { AnyPlan } from '../topology/types.ts';
import type { ConsoleAlert } from './document.ts';

/** A monitor that takes longer is taken for silent; the next look asks it again. */
const PATIENCE_MS = 1000;

/** What Prometheus answers at `/api/v1/alerts`, as far as it matters here. */
interface Answer {
  readonly data: {
    readonly alerts: ReadonlyArray<{
      readonly state: 'pending' | 'firing';
      readonly activeAt: string;
      readonly labels: Readonly<Record<string, string>>;
      readonly annotations: Readonly<Record<string, string>>;
    }>;
  };
}

/**
 * The alerts that the monitors of a stack raise now, gravest and oldest first. Two monitors raise the same ones, which are one
 * each here.
 *
 * @returns `silent` when no monitor answers, undefined when the stack has none
 */
export async function raisedAlerts({
  monitors = [],
}: Pick<AnyPlan, 'monitors'>): Promise<readonly ConsoleAlert[] | 'silent' | undefined> {
  if (monitors.length === 0) return undefined;
  const answers = await Promise.all(
    monitors.map(async ({ address, port }): Promise<readonly ConsoleAlert[] | undefined> => {
      try {
        const signal = AbortSignal.timeout(PATIENCE_MS);
        const answer = await fetch(`http://${address}:${port}/api/v1/alerts`, { signal });
        return answer.ok ? firing((await answer.json()) as Answer) : undefined;
      } catch {
        // It is gone or hangs: `silent` says so when there is no other.
        return undefined;
      }
    }),
  );
  const heard = answers.filter((answer) => answer !== undefined);
  if (heard.length === 0) return 'silent';
  const alerts = new Map<string, ConsoleAlert>();
  for (const alert of heard.flat()) {
    const key = `${alert.name} ${alert.summary}`;
    const known = alerts.get(key);
    if (known === undefined || alert.since < known.since) alerts.set(key, alert);
  }
  return [...alerts.values()].sort(
    (a, b) => Number(b.severity === 'critical') - Number(a.severity === 'critical') || a.since - b.since,
  );
}

const firing = ({ data }: Answer): ConsoleAlert[] =>
  data.alerts
    .filter(({ state }) => state === 'firing')
    .map(({ activeAt, labels, annotations }) => ({
      name: labels.alertname,
      severity: labels.severity === 'critical' ? 'critical' : 'warning',
      since: Date.parse(activeAt),
      summary: annotations.summary,
      action: annotations.action,
    }));
