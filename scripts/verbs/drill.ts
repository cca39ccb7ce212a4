import { dockerClient } from '../docker-client.ts';
import type { Drill } from '../drill/drill.ts';
import { killMaster } from '../drill/kill-master.ts';
import type { DrillReport } from '../drill/report.ts';
import { runDrill } from '../drill/run.ts';
import { EXIT, InputError, NotSoError } from '../errors.ts';
import { assess } from '../observe/assess.ts';
import { collectStatus } from '../observe/status.ts';
import { table } from '../report/table.ts';
import { readCredentials } from '../stack/credentials.ts';
import { loadPlan } from '../stack/load.ts';
import { type CommonOptions, printJson, verbContext } from './context.ts';

const DRILLS: readonly Drill[] = [killMaster];

export interface DrillOptions extends CommonOptions {
  readonly rounds: string;
  readonly force?: boolean;
}

/** Runs drills and holds them against their promises; exit 1 when one is broken. */
export async function drillVerb(options: DrillOptions, ...names: unknown[]): Promise<number> {
  const drills = (names.flat() as string[]).map(findDrill);
  const rounds = parseRounds(options.rounds);
  const plan = loadPlan(options.file);
  const { home, reporter, signal } = verbContext(options);
  const credentials = readCredentials(home, plan.name);
  if (credentials === undefined) {
    throw new NotSoError(`stack ${plan.name} is not deployed from here`, {
      remedy: 'run `twemstack up` first',
    });
  }
  const engine = await dockerClient();
  const status = await collectStatus(plan, credentials, engine);
  const problems = assess(plan, status, new Set(plan.domains.map(({ name }) => name)));
  if (problems.length > 0 && options.force !== true) {
    const list = problems.map(({ subject, what }) => `    ${subject}: ${what}`).join('\n');
    throw new NotSoError(
      `stack ${plan.name} is not whole, so a drill would measure something else:\n${list}`,
      {
        remedy: 'run `twemstack up`, or drill it as it is with --force',
      },
    );
  }
  const reports: DrillReport[] = [];
  for (const drill of drills) {
    for (let round = 0; round < rounds && !signal.aborted; round++) {
      reports.push(await runDrill(drill, { plan, credentials, engine, reporter, signal }));
    }
  }
  const passed = reports.every((report) => report.passed);
  if (options.json === true) printJson({ stack: plan.name, passed, rounds: reports });
  else process.stdout.write(reports.map(describe).join('\n'));
  return passed ? EXIT.done : EXIT.notSo;
}

function findDrill(name: string): Drill {
  const drill = DRILLS.find((candidate) => candidate.name === name);
  if (drill !== undefined) return drill;
  const known = DRILLS.map((candidate) => `  ${candidate.name}: ${candidate.summary}`).join('\n');
  throw new InputError(`there is no drill "${name}"`, { remedy: `the drills are\n${known}` });
}

function parseRounds(text: string): number {
  const rounds = Number(text);
  if (Number.isInteger(rounds) && rounds >= 1 && rounds <= 1000) return rounds;
  throw new InputError(`--rounds "${text}" is not a whole number from 1 to 1000`);
}

function describe(report: DrillReport): string {
  const { milestones } = report;
  const times = Object.entries(milestones).map(([name, at]) => `${name} ${at} ms`);
  const promises = table(
    ['promise', 'seen', ''],
    report.promises.map(({ promise, seen, kept }) => [promise, seen, kept ? 'kept' : 'BROKEN']),
  );
  const errors = report.errors.map(({ shard, error, count }) => `  ${count}× ${shard}: ${error}\n`).join('');
  return `\n${report.drill} hit ${report.member}: ${times.join(', ')}\n${promises}${errors === '' ? '' : `errors the application saw:\n${errors}`}`;
}
