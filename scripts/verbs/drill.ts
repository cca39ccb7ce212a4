import { closeSync, openSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type Docker from 'dockerode';
import type { AnyPlan, Credentials } from '../../topology/types.ts';
import { type Choice, drillsFor, findDrill, findRefused, type LeftOut, RANDOM } from '../drill/catalogue.ts';
import type { Surroundings } from '../drill/drill.ts';
import { healLinks } from '../drill/faults/cut.ts';
import { holdDrills } from '../drill/left-faults.ts';
import { listDrills, listText } from '../drill/list.ts';
import { demandDrilled } from '../drill/load/drilled-pool.ts';
import { NEMESIS, nemesisOf } from '../drill/nemesis/nemesis.ts';
import { checkNodes } from '../drill/nemesis/nodes.ts';
import { parseScript } from '../drill/nemesis/script.ts';
import { FaultNotes } from '../drill/noted-faults.ts';
import type { DrillDocument } from '../drill/report/document.ts';
import { renderHtml } from '../drill/report/html/page.ts';
import { reportText } from '../drill/report/text.ts';
import { runSeries } from '../drill/series.ts';
import { takeBackEngine, takeBackFaults } from '../drill/take-back.ts';
import { EnvironmentError, EXIT, fileTrouble, InputError, NotSoError } from '../errors.ts';
import { assess, type Problem } from '../observe/assess.ts';
import { collectStatus, type StackStatus } from '../observe/status.ts';
import type { HeldLock } from '../process-lock.mjs';
import { consoleReporter, type Reporter } from '../report/steps.ts';
import { deployedCredentials } from '../stack/credentials.ts';
import { demandEngines } from '../stack/engines.ts';
import { findShard } from '../stack/find-shard.ts';
import { stackFilePath, stackFolder } from '../stack/home.ts';
import { loadAnyPlan } from '../stack/load.ts';
import { type CommonOptions, printJson, verbContext } from './context.ts';
import { wholeNumber } from './whole-number.ts';

export interface DrillOptions extends CommonOptions {
  readonly all?: boolean;
  readonly list?: boolean;
  readonly hold?: boolean;
  readonly rounds?: string;
  readonly seed?: string;
  readonly shard?: string;
  readonly html?: string;
  readonly force?: boolean;
  readonly replay?: string;
  readonly shrink?: string;
}

interface Demand {
  readonly plan: AnyPlan;
  readonly credentials: Credentials;
  readonly engine: Docker;
  readonly signal: AbortSignal;
}

/** Sentinels ask for INFO every few seconds at the latest: what is only news to them is over by then. */
const SETTLE_MS = 15_000;

/** Logs that a drill follows on one engine of several hosts: an edge's and a proxy's. */
const FOLLOWED = 2;

/** What `--all` means besides every drill. */
const ALL_ROUNDS = 5;
const ALL_HTML = 'drill-report.html';
/** Half a minute each. */
const SHRINK_TRIES = 12;

/** Runs drills and holds them against their promises, or says which ones there are; exit 1 when a promise is broken. */
export async function drillVerb(options: DrillOptions, ...names: unknown[]): Promise<number> {
  if (options.list === true) {
    const drills = listDrills();
    if (options.json === true) printJson(drills);
    else process.stdout.write(listText(drills));
    return EXIT.done;
  }
  const all = options.all === true;
  const plan = loadAnyPlan(options.file);
  const wanted = chooseDrills(plan, names.flat() as string[], all, options.replay);
  const rounds = wholeNumber('--rounds', options.rounds ?? (all ? `${ALL_ROUNDS}` : '1'), 1, 1000);
  const seed =
    options.seed === undefined
      ? Math.floor(Math.random() * 2 ** 32)
      : wholeNumber('--seed', options.seed, 0, 2 ** 32);
  const shrinkTries = wholeNumber('--shrink', options.shrink ?? `${SHRINK_TRIES}`, 0, 1000);
  const html = writable(options.html ?? (all ? ALL_HTML : undefined));
  const hold = options.hold === true;
  if (hold && (plan.monitors ?? []).length === 0) {
    throw new InputError('nothing is raised in a stack without monitoring', {
      where: '--hold',
      remedy: 'write `monitoring: on` and run `twemstack up`, or leave --hold out',
    });
  }
  if (options.replay !== undefined) checkNodes(plan, parseScript(options.replay));
  const shard = options.shard === undefined ? undefined : findShard(plan, options.shard, '--shard').name;
  if (shard !== undefined) demandDrilled(plan, shard, '--shard');
  const { home, signal } = verbContext(options);
  // Drills take minutes: with --json, too, it is told on stderr what they do.
  const reporter = consoleReporter();
  const credentials = deployedCredentials(home, plan.name);
  await takeBackEngine(home, plan.name);
  const { client: engine } = await demandEngines(plan, stackFolder(options.file), FOLLOWED);
  const given = { plan, credentials, engine, stackFile: stackFilePath(options.file), reporter, signal };
  for (const sentence of await takeBackFaults(home, plan, engine)) reporter.note(sentence);
  const held = await holdStack(plan);
  const notes = new FaultNotes(home, plan.name);
  try {
    const healed = await healLinks(plan, engine);
    if (healed.length > 0) reporter.note(`took back what a killed drill had cut: ${healed.join(', ')}`);
    if (options.force !== true) await demandWhole(given);
    const { choices, leftOut } = await leaveOut(wanted, all, given);
    for (const { drill, reason } of leftOut) reporter.note(`${drill} is left out: ${reason}`);
    const present = (): Credentials => deployedCredentials(home, plan.name);
    const document = await runSeries({
      ...given,
      credentials: present,
      notes,
      choices,
      leftOut,
      rounds,
      seed,
      shard,
      shrinkTries,
      hold,
    });
    publish(document, html, options.json === true, reporter);
    return document.passed ? EXIT.done : EXIT.notSo;
  } finally {
    await held.release();
  }
}

function publish(document: DrillDocument, html: string | undefined, json: boolean, reporter: Reporter): void {
  if (html !== undefined) {
    writeFileSync(html, renderHtml(document));
    reporter.note(`report: ${html}`);
  }
  if (json) printJson(document);
  else process.stdout.write(reportText(document));
}

async function holdStack({ name }: AnyPlan): Promise<HeldLock> {
  const held = await holdDrills(name);
  if (held !== undefined) return held;
  throw new NotSoError(`another drill of stack ${name} is running`, { remedy: 'wait for its end' });
}

/** Path of the page, found to be writable before drills that take an hour. */
function writable(html: string | undefined): string | undefined {
  if (html === undefined) return undefined;
  const path = resolve(html);
  try {
    closeSync(openSync(path, 'a'));
  } catch (error) {
    throw new InputError(`the report cannot be written: ${fileTrouble(error) ?? (error as Error).message}`, {
      where: '--html',
      remedy: 'name a file in a folder that is there and that you may write to',
      cause: error,
    });
  }
  return path;
}

/**
 * Takes out what cannot run here. Of all drills, and of those that `random` draws from, it is left out and named; a
 * drill that was named itself is refused.
 */
async function leaveOut(
  wanted: readonly Choice[],
  all: boolean,
  surroundings: Surroundings,
): Promise<{ choices: Choice[]; leftOut: LeftOut[] }> {
  const concerned = wanted.includes(RANDOM)
    ? drillsFor(surroundings.plan)
    : wanted.filter((choice) => choice !== RANDOM);
  const refused = await findRefused(concerned, surroundings);
  const isRefused = (choice: Choice): LeftOut | undefined =>
    refused.find(({ drill }) => choice !== RANDOM && drill === choice.name);
  const named = all ? undefined : wanted.map(isRefused).find((found) => found !== undefined);
  if (named !== undefined) {
    throw new EnvironmentError(`drill ${named.drill} cannot run here: ${named.reason}`, {
      remedy: 'mend that, or name other drills; nothing was touched',
    });
  }
  return { choices: wanted.filter((choice) => isRefused(choice) === undefined), leftOut: refused };
}

/** Refuses a stack that is not whole, after the time that a switchover or a restart just before may need to settle. */
async function demandWhole({ plan, credentials, engine, signal }: Demand): Promise<void> {
  const domains = new Set(plan.domains.map(({ name }) => name));
  const deadline = performance.now() + SETTLE_MS;
  for (;;) {
    const status = await collectStatus(plan, credentials, engine);
    const problems = [...assess(plan, status, domains), ...notLed(status)];
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

/** A drill writes as applications do, so where others lead them to the edges it takes these, too. */
const notLed = ({ pools }: StackStatus): Problem[] =>
  pools
    .filter(({ answers, outside }) => outside === true && !answers)
    .map(({ port, vip }) => ({
      subject: `${vip}:${port}`,
      what: 'nobody leads it to an edge, as seen from here',
    }));

function chooseDrills(
  plan: AnyPlan,
  names: readonly string[],
  all: boolean,
  replay: string | undefined,
): Choice[] {
  if (replay !== undefined) {
    if (!all && names.join() === NEMESIS.name) return [nemesisOf(parseScript(replay))];
    throw new InputError('--replay is for `drill nemesis`, alone', { where: '--replay' });
  }
  const choices = names.map(findDrill);
  if (all) return [...drillsFor(plan), ...choices.filter((choice) => choice === RANDOM)];
  if (choices.length > 0) return choices;
  const known = drillsFor(plan)
    .map(({ name, summary }) => `  ${name}: ${summary}`)
    .join('\n');
  throw new InputError('no drill is named', { remedy: `name some, or all of them by --all:\n${known}` });
}
