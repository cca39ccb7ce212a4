import { setTimeout as delay } from 'node:timers/promises';
import type { AlertName } from '../../monitoring/alert-names.ts';
import type { AnyPlan } from '../../topology/types.ts';
import type { Step } from '../report/steps.ts';
import type { Injected } from './drill.ts';
import { isWatched, OVER_MS, raisedWithin } from './report/alerts.ts';
import type { AlertWatch } from './watch/alerts.ts';

const LOOK_MS = 200;

/** The alerts that a drill names, waited for on a stack that may have monitors or not. */
export class NamedAlerts {
  constructor(
    private readonly alerts: readonly AlertName[],
    private readonly watch: AlertWatch | undefined,
    private readonly signal: AbortSignal,
    private readonly step: Step,
  ) {}

  /** Returns when all of them are raised, or when the last one is late; at once when whoever watches was hit, too. */
  async raised(plan: AnyPlan, injected: Injected): Promise<void> {
    if (!isWatched(plan, injected)) return;
    const latest = Math.max(0, ...raisedWithin(this.alerts, plan).values());
    await this.#until('raised', injected.at + latest);
  }

  /** Returns when none of them is raised any more, or when that takes too long. @param since when it could be so at the earliest */
  over(since: number): Promise<void> {
    return this.#until('over', since + OVER_MS);
  }

  async #until(wanted: 'raised' | 'over', latest: number): Promise<void> {
    const { watch } = this;
    while (watch !== undefined && !this.signal.aborted && performance.now() < latest) {
      const left = this.alerts.filter((alert) => watch.isRaised(alert) !== (wanted === 'raised'));
      if (left.length === 0) return;
      this.step.progress(`waiting for ${left.join(', ')} to be ${wanted}`);
      await delay(LOOK_MS);
    }
  }
}
