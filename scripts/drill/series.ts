import { setTimeout as delay } from 'node:timers/promises';
import { type Choice, DRILLS, RANDOM } from './catalogue.ts';
import { drawDrill } from './random.ts';
import { type DrillDocument, makeDocument } from './report/document.ts';
import type { RoundReport } from './report/round.ts';
import { type RunOptions, runDrill } from './run.ts';

export type { Choice } from './catalogue.ts';

export interface SeriesOptions extends Omit<RunOptions, 'round' | 'label'> {
  readonly choices: readonly Choice[];
  readonly rounds: number;
  /** For `random`. */
  readonly seed: number;
}

/** Sentinels that were just told of a new master need a moment before the next fault finds them as in daily life. */
const BETWEEN_MS = 500;

/** Runs each drill so many rounds, one after the other. Ends early when interrupted, or when the stack stays broken. */
export async function runSeries(options: SeriesOptions): Promise<DrillDocument> {
  const { choices, rounds, seed, signal, reporter } = options;
  const startedAt = new Date();
  const reports: RoundReport[] = [];
  let broken = false;
  for (const choice of choices) {
    for (let round = 1; round <= rounds && !signal.aborted && !broken; round++) {
      const drill = choice === RANDOM ? drawDrill(DRILLS, seed, round) : choice;
      const label = `${rounds > 1 ? ` ${round}/${rounds}` : ''}${choice === RANDOM ? ` (seed ${seed})` : ''}`;
      const report = await runDrill(drill, { ...options, round, label });
      reports.push(report);
      broken = report.milestones.whole === null && !signal.aborted;
      if (broken)
        reporter.note(`the stack is not whole after ${drill.name}; ending here\n${report.problem ?? ''}`);
      else await delay(BETWEEN_MS, undefined, { signal }).catch(() => undefined);
    }
  }
  return makeDocument({
    stack: options.plan.name,
    startedAt,
    seed: choices.includes(RANDOM) ? seed : null,
    interrupted: signal.aborted,
    rounds: reports,
    summaries: new Map(DRILLS.map(({ name, summary }) => [name, summary])),
  });
}
