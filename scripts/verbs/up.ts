import type Docker from 'dockerode';
import { isOnHosts } from '../../topology/plan.ts';
import type { AnyPlan } from '../../topology/types.ts';
import { credentialsFor } from '../data/credentials-for.ts';
import { awaitLeftTerraform } from '../deploy/left-terraform.ts';
import { dockerClient } from '../docker-client.ts';
import { mendFiles } from '../doctor/mend-files.ts';
import { isDrilling } from '../drill/left-faults.ts';
import { takeBackEngine, takeBackFaults } from '../drill/take-back.ts';
import { EXIT, NotSoError } from '../errors.ts';
import { listContainers } from '../observe/engine.ts';
import { statusDocument } from '../observe/status-document.ts';
import { prepare } from '../prepare/prepare.ts';
import { type PrepareHostsOptions, prepareHosts } from '../prepare/prepare-hosts.ts';
import { type Reporter, seconds } from '../report/steps.ts';
import type { Deployment } from '../rollout/deployment.ts';
import { outlookDocument, outlookText } from '../rollout/describe.ts';
import { removeData } from '../rollout/remove-data.ts';
import { describeChanges } from '../rollout/roll-domain.ts';
import { lookAhead, type RollResult, rollOut } from '../rollout/roll-out.ts';
import { connectEngines } from '../stack/engines.ts';
import { demandNotMoved, findFormerHosts, recordFile } from '../stack/former-hosts.ts';
import { holdDeployment } from '../stack/hold-deployment.ts';
import { stackFolder } from '../stack/home.ts';
import { loadAnyPlan } from '../stack/load.ts';
import { RoutedClient } from '../stack/routed-client.ts';
import { printJson, type VerbContext, verbContext } from './context.ts';
import { consentOf, type DataOptions, settleData } from './data-consent.ts';
import type { PrepareOptions } from './prepare.ts';
import { statusTable, tryIt } from './status-report.ts';

/** Prepares and deploys: network, data volumes, then the domains: at first all at once, later one after the other, each with a gate behind it. */
export async function upVerb(options: PrepareOptions & DataOptions): Promise<number> {
  const begin = performance.now();
  const context = verbContext(options);
  const deployment = await prepareDeployment(context, loadAnyPlan(options.file), options);
  const { plan, reporter } = deployment;
  const going = await settleData(deployment, consentOf(options));
  const outlook = await lookAhead(deployment);
  if (outlook.status !== undefined && outlook.turns.length > 0) {
    reporter.note(`\n${outlookText(outlookDocument(plan, outlook))}`);
  }
  const result = await rollOut(deployment, outlook);
  await removeData(deployment, going);
  report(context, plan, result, performance.now() - begin);
  return exitOf(deployment);
}

/** What stands is well; a host that was not reached has not what the stack file says. */
export function exitOf({ away, reporter }: Deployment): number {
  if (away === undefined || away.size === 0) return EXIT.done;
  reporter.note(
    `not deployed on ${[...away.keys()].join(', ')}: run the same command again when it is back, as it is or as an empty machine`,
  );
  return EXIT.notSo;
}

/** Everything a deployment needs, found or made; warnings of the stack file are told. */
export async function prepareDeployment(
  { home, reporter, signal }: VerbContext,
  plan: AnyPlan,
  { file, provider }: PrepareOptions,
): Promise<Deployment> {
  await holdDeployment(plan);
  await awaitLeftTerraform({ home, reporter, signal }, plan);
  for (const warning of plan.warnings) reporter.note(`warning: ${warning}`);
  for (const sentence of mendFiles(home, plan.name)) reporter.note(`note: ${sentence}`);
  await takeBackEngine(home, plan.name);
  const folder = stackFolder(file);
  const { away, environment, engine, former } = isOnHosts(plan)
    ? await prepareMachines({ home, plan, folder, provider, signal }, reporter)
    : await prepareEngine({ home, plan, provider }, reporter);
  for (const sentence of await takeBackFaults(home, plan, engine)) reporter.note(sentence);
  await demandNoneFrozen(plan, engine);
  const credentials = await credentialsFor(home, plan, engine);
  return { home, plan, credentials, environment, engine, folder, away, former, reporter, signal };
}

type Readied = Pick<Deployment, 'environment' | 'engine' | 'away' | 'former'>;

async function prepareEngine(options: Parameters<typeof prepare>[0], reporter: Reporter): Promise<Readied> {
  const environment = await prepare(options, reporter);
  return { environment, engine: await dockerClient() };
}

async function prepareMachines(
  options: Omit<PrepareHostsOptions, 'engines' | 'former'>,
  reporter: Reporter,
): Promise<Readied> {
  const { home, plan } = options;
  const engines = await connectEngines(plan, options.folder);
  const hosts = await findFormerHosts(home, plan);
  demandNotMoved(plan, hosts);
  const { away, environment } = await prepareHosts({ ...options, engines, former: hosts }, reporter);
  for (const words of hosts.silent)
    reporter.note(
      `warning: not reached: ${words}. What it has of the stack would come back with it, VIP and all: keep it off, or run \`twemstack up\` when it is back; if it is gone for good, take it out of ${recordFile(home, plan.name)}`,
    );
  const engine = new RoutedClient(plan, [...engines.list, ...hosts.gone]);
  engine.leaveOut(away);
  return { away, environment, engine, former: hosts.addresses };
}

/** A frozen member holds its place and does nothing; whoever froze it, other than a drill, had a reason. */
async function demandNoneFrozen(plan: AnyPlan, engine: Docker): Promise<void> {
  const containers = [...(await listContainers(engine, plan.name)).values()];
  const frozen = containers.filter(({ status }) => status === 'paused').map(({ name }) => name);
  if (frozen.length === 0 || (await isDrilling(plan.name))) return;
  throw new NotSoError(
    `${frozen.join(', ')} ${frozen.length === 1 ? 'is' : 'are'} frozen, and no drill wrote down that it did that`,
    {
      where: plan.name,
      remedy: `nothing was changed; \`docker unpause ${frozen.join(' ')}\` lets them go on, then run the same command again`,
    },
  );
}

/** Tells how the stack stands and what was done, the answer of every verb that deploys. */
export function report(context: VerbContext, plan: AnyPlan, result: RollResult, elapsed: number): void {
  const { changes, reloaded, status } = result;
  if (context.json) {
    const document = statusDocument(plan, status, []);
    printJson({ ...document, changes, reloaded, elapsedMs: Math.round(elapsed) });
    return;
  }
  process.stdout.write(`\n${statusTable(plan, status)}\n${tryIt(plan, context.home)}\n`);
  const reloads = reloaded === 0 ? '' : `, ${reloaded} members reloaded`;
  process.stdout.write(`${describeChanges(changes)}${reloads} in ${seconds(elapsed)}\n`);
}
