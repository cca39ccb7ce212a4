import { table } from '../report/table.ts';
import { DRILLS } from './catalogue.ts';

/** One drill, as `drill --list --json` tells of it. */
export interface ListedDrill {
  readonly drill: string;
  readonly summary: string;
  /** Which alerts tell of it while it lasts. */
  readonly alerts: readonly string[];
  /** Which stacks it is for: on one engine, on several hosts, or `too` = both. */
  readonly onHosts: boolean | 'too';
}

export const listDrills = (): ListedDrill[] =>
  DRILLS.map(({ name, summary, alerts, onHosts = false }) => ({ drill: name, summary, alerts, onHosts }));

/** For a terminal. */
export function listText(drills: readonly ListedDrill[]): string {
  const rows = drills.map(({ drill, alerts, summary }) => [drill, alerts.join(' ') || '-', summary]);
  return table(['drill', 'alerts while it lasts', 'what it does'], rows);
}
