import { writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Credentials, Plan } from '../../topology/types.ts';
import { dockerClient } from '../docker-client.ts';
import { DRILLS, findDrill, RANDOM } from '../drill/catalogue.ts';
import { renderHtml } from '../drill/report/html/page.ts';
import { reportText } from '../drill/report/text.ts';
import { type Choice, runSeries } from '../drill/series.ts';
import { EXIT, InputError, NotSoError } from '../errors.ts';
import { assess } from '../observe/assess.ts';
import { collectStatus } from '../observe/status.ts';
import { consoleReporter } from '../report/steps.ts';
import { readCredentials } from '../stack/credentials.ts';
import { loadPlan } from '../stack/load.ts';
import { type CommonOptions, printJson, verbContext } from './context.ts';

export interface DrillOptions extends CommonOptions {
  readonly all?: boolean;
  readonly rounds?: string;
  readonly seed?: string;
  readonly html?: string;
  readonly force?: boolean;
}

interface Demand {
  readonly plan: Plan;
  readonly credentials: Credentials;
  readonly engine: Awaited<ReturnType<typeof dockerClient>>;
  readonly signal: AbortSignal;
}

/** Sentinels ask for INFO every few seconds at the latest: what is only news to them is over by then. */
const SETTLE_MS = 15_000;

/** What `--all` means besides every drill. */
const ALL_ROUNDS = 5;
const ALL_HTML = 'drill-report.html';

/** Runs drills and holds them against their promises; exit 1 when one is broken. */
export async function drillVerb(options: DrillOptions, ...names: unknown[]): Promise<number> {
  const choices = chooseDrills(names.flat() as string[], options.all === true);
  const rounds = wholeNumber(
    '--rounds',
    options.rounds ?? (options.all === true ? `${ALL_ROUNDS}` : '1'),
    1,
    1000,
  );
  const seed =
    options.seed === undefined
      ? Math.floor(Math.random() * 2 ** 32)
      : wholeNumber('--seed', options.seed, 0, 2 ** 32);
  const plan = loadPlan(options.file);
  const { home, signal } = verbContext(options);
  // Drills take minutes: with --json, too, it is told on stderr what they do.
  const reporter = consoleReporter();
  const credentials = readCredentials(home, plan.name);
  if (credentials === undefined) {
    throw new NotSoError(`stack ${plan.name} is not deployed from here`, {
      remedy: 'run `twemstack up` first',
    });
  }
  const engine = await dockerClient();
  if (options.force !== true) await demandWhole({ plan, credentials, engine, signal });
  const document = await runSeries({ plan, credentials, engine, reporter, signal, choices, rounds, seed });
  const html = options.html ?? (options.all === true ? ALL_HTML : undefined);
  if (html !== undefined) {
    writeFileSync(resolve(html), renderHtml(document));
    reporter.note(`report: ${resolve(html)}`);
  }
  if (options.json === true) printJson(document);
  else process.stdout.write(reportText(document));
  return document.passed ? EXIT.done : EXIT.notSo;
}

/** Refuses a stack that is not whole, after the time that a switchover or a restart just before may need to settle. */
async function demandWhole({ plan, credentials, engine, signal }: Demand): Promise<void> {
  const domains = new Set(plan.domains.map(({ name }) => name));
  const deadline = performance.now() + SETTLE_MS;
  for (;;) {
    const problems = assess(plan, await collectStatus(plan, credentials, engine), domains);
    if (problems.length === 0) return;
    if (performance.now() > deadline || signal.aborted) {
      const list = problems.map(({ subject, what }) => `    ${subject}: ${what}`).join('\n');
      throw new NotSoError(
        `stack ${plan.name} is not whole, so a drill would measure something else:\n${list}`,
        { remedy: 'run `twemstack up`, or drill it as it is with --force' },
      );
    }
    await delay(500);
  }
}

function chooseDrills(names: readonly string[], all: boolean): Choice[] {
  const choices = names.map(findDrill);
  if (all) return [...DRILLS, ...choices.filter((choice) => choice === RANDOM)];
  if (choices.length > 0) return choices;
  const known = DRILLS.map(({ name, summary }) => `  ${name}: ${summary}`).join('\n');
  throw new InputError('no drill is named', { remedy: `name some, or all of them by --all:\n${known}` });
}

function wholeNumber(option: string, text: string, least: number, most: number): number {
  const value = Number(text);
  if (text.trim() !== '' && Number.isInteger(value) && value >= least && value <= most) return value;
  throw new InputError(`${option} "${text}" is not a whole number from ${least} to ${most}`);
}
