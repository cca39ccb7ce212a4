import { setTimeout as delay } from 'node:timers/promises';
import { judgeBackups, readBackupRecord } from '../backup/record.ts';
import { isOutputClosed } from '../closed-output.mjs';
import { describeFault, faultsLeftBehind } from '../drill/left-faults.ts';
import { EXIT } from '../errors.ts';
import { assess } from '../observe/assess.ts';
import { collectStatus } from '../observe/status.ts';
import { statusDocument } from '../observe/status-document.ts';
import { deployedCredentials } from '../stack/credentials.ts';
import { demandEngines } from '../stack/engines.ts';
import { stackFolder } from '../stack/home.ts';
import { loadAnyPlan } from '../stack/load.ts';
import { type CommonOptions, printJson, verbContext } from './context.ts';
import { backupLine, statusTable } from './status-report.ts';

const WATCH_EVERY_MS = 1000;

/** Every member as it is now; exit 1 when anything is not as planned. */
export async function statusVerb(options: CommonOptions & { watch?: boolean }): Promise<number> {
  const plan = loadAnyPlan(options.file);
  const { home, signal } = verbContext(options);
  const credentials = deployedCredentials(home, plan.name);
  const { client: engine } = await demandEngines(plan, stackFolder(options.file));
  const domains = new Set(plan.domains.map(({ name }) => name));
  for (;;) {
    const status = await collectStatus(plan, credentials, engine);
    const left = await faultsLeftBehind(home, plan.name);
    const problems = [
      ...left.map((fault) => ({
        subject: plan.name,
        what: `${describeFault(fault)} (\`twemstack up\` takes it back)`,
      })),
      ...assess(plan, status, domains),
    ];
    const backups = judgeBackups(plan.backup, readBackupRecord(home, plan.name), Date.now());
    if (options.json === true) printJson(statusDocument(plan, status, problems, backups));
    else {
      if (options.watch === true) process.stdout.write('\x1b[2J\x1b[H');
      process.stdout.write(`${statusTable(plan, status)}\n`);
      if (backups.kind !== 'none') process.stdout.write(`${backupLine(backups)}\n`);
      for (const { subject, what } of problems) process.stdout.write(`degraded: ${subject} ${what}\n`);
      process.stdout.write(
        problems.length === 0 ? 'healthy\n' : '`twemstack doctor` tells why, and what mends it\n',
      );
    }
    if (options.watch !== true || signal.aborted || isOutputClosed())
      return problems.length === 0 ? EXIT.done : EXIT.notSo;
    await delay(WATCH_EVERY_MS, undefined, { signal }).catch(() => undefined);
  }
}
