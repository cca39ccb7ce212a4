import { setTimeout as delay } from 'node:timers/promises';
import type { AnyPlan } from '../../topology/types.ts';
import { judgeBackups, readBackupRecord } from '../backup/record.ts';
import { isOutputClosed } from '../closed-output.mjs';
import { describeFault, faultsLeftBehind } from '../drill/left-faults.ts';
import { EXIT } from '../errors.ts';
import { assess } from '../observe/assess.ts';
import { KeptLines } from '../observe/lines.ts';
import { collectStatus, type StackStatus } from '../observe/status.ts';
import { statusDocument } from '../observe/status-document.ts';
import { deployedCredentials } from '../stack/credentials.ts';
import { demandEngines } from '../stack/engines.ts';
import { type Home, stackFolder } from '../stack/home.ts';
import { loadAnyPlan } from '../stack/load.ts';
import { type CommonOptions, printJson, verbContext } from './context.ts';
import { backupLine, statusTable } from './status-report.ts';

const WATCH_EVERY_MS = 1000;
const CLEAR_SCREEN = '\x1b[2J\x1b[H';

/** Every member as it is now; exit 1 when anything is not as planned. */
export async function statusVerb(options: CommonOptions & { watch?: boolean }): Promise<number> {
  const plan = loadAnyPlan(options.file);
  const { home, signal, json } = verbContext(options);
  const credentials = deployedCredentials(home, plan.name);
  const { client: engine } = await demandEngines(plan, stackFolder(options.file));
  if (options.watch !== true) return show(plan, await collectStatus(plan, credentials, engine), home, json);
  const lines = new KeptLines(engine, plan.name);
  try {
    for (;;) {
      const status = await collectStatus(plan, credentials, engine, lines);
      const exitCode = await show(plan, status, home, json, CLEAR_SCREEN);
      if (signal.aborted || isOutputClosed()) return exitCode;
      await delay(WATCH_EVERY_MS, undefined, { signal }).catch(() => undefined);
    }
  } finally {
    lines.end();
  }
}

/** Prints a look at a stack. @param head of a text, before it. @returns the exit code */
async function show(
  plan: AnyPlan,
  status: StackStatus,
  home: Home,
  json: boolean,
  head = '',
): Promise<number> {
  const left = await faultsLeftBehind(home, plan.name);
  const problems = [
    ...left.map((fault) => ({
      subject: plan.name,
      what: `${describeFault(fault)} (\`twemstack up\` takes it back)`,
    })),
    ...assess(plan, status, new Set(plan.domains.map(({ name }) => name))),
  ];
  const backups = judgeBackups(plan.backup, readBackupRecord(home, plan.name), Date.now());
  if (json) printJson(statusDocument(plan, status, problems, backups));
  else {
    process.stdout.write(`${head}${statusTable(plan, status)}\n`);
    if (backups.kind !== 'none') process.stdout.write(`${backupLine(backups)}\n`);
    for (const { subject, what } of problems) process.stdout.write(`degraded: ${subject} ${what}\n`);
    process.stdout.write(
      problems.length === 0 ? 'healthy\n' : '`twemstack doctor` tells why, and what mends it\n',
    );
  }
  return problems.length === 0 ? EXIT.done : EXIT.notSo;
}
