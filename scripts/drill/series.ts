import { setTimeout as delay } from 'node:timers/promises';
import type { Credentials } from '../../topology/types.ts';
import { OperatorError } from '../errors.ts';
import { type Choice, DRILLS, drillsFor, type LeftOut, RANDOM } from './catalogue.ts';
import { drilledShards } from './load/drilled-pool.ts';
import { nemesisOf } from './nemesis/nemesis.ts';
import { parseScript, printScript } from './nemesis/script.ts';
import { shrink } from './nemesis/shrink.ts';
import { drawDrill, drawShard } from './random.ts';
import { type DrillDocument, makeDocument, type Shrunk } from './report/document.ts';
import { brokeData } from './report/promises.ts';
import type { RoundReport } from './report/round.ts';
import { replayLine } from './report/text.ts';
import { type RunOptions, runDrill } from './run.ts';

export interface SeriesOptions extends Omit<RunOptions, 'round' | 'label' | 'shard' | 'credentials'> {
  /** Asked anew for each round: a drill may have changed a password. */
  readonly credentials: () => Credentials;
  readonly choices: readonly Choice[];
  readonly rounds: number;
  /** How often a script that broke data is tried smaller, once all rounds are run. */
  readonly shrinkTries: number;
  /** The shard that drills of a single shard hit; undefined = one after the other, `random` as the seed says. */
  readonly shard: string | undefined;
  /** Drills that cannot run here: `random` draws from the others. */
  readonly leftOut: readonly LeftOut[];
}

/** Sentinels that were just told of a new master need a moment before the next fault finds them as in daily life. */
const BETWEEN_MS = 500;

/** Runs each drill so many rounds, one after the other. Ends early when interrupted, or when the stack stays broken. */
export async function runSeries(options: SeriesOptions): Promise<DrillDocument> {
  const { choices, seed, signal, reporter, leftOut } = options;
  const startedAt = new Date();
  const rounds: RoundReport[] = [];
  let problem: string | undefined;
  try {
    for await (const report of reports(options)) {
      rounds.push(report);
      if (report.milestones.whole !== null || signal.aborted) continue;
      problem = `the stack is not whole after ${report.drill}\n${report.problem ?? ''}`.trim();
      break;
    }
  } catch (error) {
    // What was found so far is worth a report, too.
    problem = error instanceof OperatorError ? error.format() : ((error as Error).stack ?? String(error));
  }
  const broken = rounds.filter(({ script, promises }) => script !== null && brokeData(promises));
  for (const { round, script } of broken) reporter.note(`round ${round} again: ${replayLine(script ?? '')}`);
  const shrunk = problem === undefined ? await shrinkFirst(options, broken) : null;
  if (problem !== undefined) reporter.note(`ending here: ${problem}`);
  return makeDocument({
    stack: options.plan.name,
    startedAt,
    seed: choices.some((choice) => choice === RANDOM || choice.draws === true) ? seed : null,
    interrupted: signal.aborted,
    problem: problem ?? null,
    leftOut,
    shrunk,
    rounds,
    drills: DRILLS,
  });
}

/** Tries to find which part of the first script that broke data is enough to break it. */
async function shrinkFirst(options: SeriesOptions, [first]: readonly RoundReport[]): Promise<Shrunk | null> {
  const { reporter, signal, shrinkTries, plan } = options;
  if (first === undefined || first.script === null || shrinkTries === 0) return null;
  let tried = 0;
  const shard = options.shard ?? drilledShards(plan)[0].name;
  const { script } = await shrink(
    parseScript(first.script),
    async (smaller) => {
      if (signal.aborted) return false;
      tried += 1;
      const label = ` smaller (${tried}/${shrinkTries})`;
      const given = { ...options, credentials: options.credentials(), shard, round: first.round, label };
      const report = await runDrill(nemesisOf(smaller), given);
      await delay(BETWEEN_MS, undefined, { signal }).catch(() => undefined);
      return brokeData(report.promises);
    },
    shrinkTries,
  );
  const text = printScript(script);
  reporter.note(`the smallest that was seen to break it (${tried} tried): ${replayLine(text)}`);
  return { round: first.round, script: text, tried };
}

async function* reports(options: SeriesOptions): AsyncGenerator<RoundReport> {
  const { plan, choices, rounds, seed, signal, leftOut } = options;
  // Planned work takes a minute and is no fault, and to be told of one takes as long: `random` draws from the others.
  const possible = drillsFor(plan).filter(
    ({ name, asksAgain, holds }) =>
      asksAgain !== true && holds !== true && leftOut.every(({ drill }) => drill !== name),
  );
  const shards = drilledShards(plan);
  for (const choice of choices) {
    for (let round = 1; round <= rounds && !signal.aborted; round++) {
      const drill = choice === RANDOM ? drawDrill(possible, seed, round) : choice;
      const next = shards[(round - 1) % shards.length].name;
      const shard = options.shard ?? (choice === RANDOM ? drawShard(plan, seed, round) : next);
      const drawn = choice === RANDOM || choice.draws === true ? ` (seed ${seed})` : '';
      const label = `${rounds > 1 ? ` ${round}/${rounds}` : ''}${drawn}`;
      yield await runDrill(drill, { ...options, credentials: options.credentials(), shard, round, label });
      await delay(BETWEEN_MS, undefined, { signal }).catch(() => undefined);
    }
  }
}
