/**
 * All attacks on the stack that TWEMSTACK_FILE, TWEMSTACK_HOME and DOCKER_HOST name. It must be one that nobody needs:
 * `npm run attack` starts one, and `npm test` has one up anyway. Exit codes: 0 all beaten off, 1 one succeeded, 2 bad input.
 */
import { parseArgs } from 'node:util';
import { execa } from 'execa';
import { dockerClient } from '../../scripts/docker-client.ts';
import { EXIT, OperatorError, tellOperator } from '../../scripts/errors.ts';
import { consoleReporter } from '../../scripts/report/steps.ts';
import { deployedCredentials } from '../../scripts/stack/credentials.ts';
import { CHECKOUT, Home, homeFolder } from '../../scripts/stack/home.ts';
import { loadPlan } from '../../scripts/stack/load.ts';
import { Application } from './application.ts';
import { Canaries } from './canaries.ts';
import { chooseAttacks, loadAttacks } from './catalogue.ts';
import { type AttackDocument, attackText } from './report.ts';
import { attackOnce } from './round.ts';
import { targetOf } from './target.ts';
import type { AttackReport } from './verdict.ts';

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      only: { type: 'string', multiple: true, default: [] },
      thin: { type: 'boolean', default: false },
      room: { type: 'string', default: '1' },
      json: { type: 'boolean', default: false },
    },
  });
  const attacks = chooseAttacks(await loadAttacks(), values.only, values.thin);
  const document = await attackAll(attacks, Number(values.room));
  process.stdout.write(values.json ? `${JSON.stringify(document, null, 2)}\n` : attackText(document));
  return document.passed ? EXIT.done : EXIT.notSo;
}

async function attackAll(
  attacks: Awaited<ReturnType<typeof loadAttacks>>,
  room: number,
): Promise<AttackDocument> {
  const plan = loadPlan(undefined);
  const home = new Home(homeFolder());
  const engine = await dockerClient();
  const reporter = consoleReporter();
  const reports: AttackReport[] = [];
  let problem: string | null = null;
  let credentials = deployedCredentials(home, plan.name);
  let canaries = await Canaries.plant(plan, credentials);
  let application = await Application.start(plan, engine);
  try {
    for (const attack of attacks) {
      for (const guise of attack.as) {
        const report = await reporter.step(`${attack.name} as ${guise}`, async (step) => {
          const target = targetOf(plan, credentials);
          const { pid } = application;
          const done = await attackOnce(attack, guise, {
            plan,
            credentials,
            engine,
            target,
            applicationPid: pid,
            canaries,
            room,
            step,
          });
          step.outcome(
            done.succeeded.length === 0
              ? `beaten off: ${done.did}`
              : `SUCCEEDED: ${done.succeeded.join('; ')}`,
          );
          return done;
        });
        reports.push(report);
        if (!report.succeeded.some((what) => what.startsWith('not whole'))) continue;
        // What it broke must not be the next one's doing.
        await application.end();
        await reporter.step('the stack is made anew', () => makeAnew());
        credentials = deployedCredentials(home, plan.name);
        canaries = await Canaries.plant(plan, credentials);
        application = await Application.start(plan, engine);
      }
    }
    await canaries.remove();
  } catch (error) {
    problem = error instanceof OperatorError ? error.format() : ((error as Error).stack ?? String(error));
    reporter.note(`ending here: ${problem}`);
  } finally {
    await application.end();
  }
  const passed =
    problem === null && reports.length > 0 && reports.every(({ succeeded }) => succeeded.length === 0);
  return { schema: 1, passed, problem, attacks: reports };
}

async function makeAnew(): Promise<void> {
  for (const verb of [['down', '--volumes'], ['up']])
    await execa(process.execPath, ['scripts/twemstack.mjs', ...verb], { cwd: CHECKOUT, stdin: 'ignore' });
}

try {
  process.exitCode = await main();
} catch (error) {
  process.exitCode = tellOperator(error);
}
