import { existsSync, rmSync } from 'node:fs';
import type Docker from 'dockerode';
import { isOnHosts } from '../../topology/plan.ts';
import type { AnyPlan } from '../../topology/types.ts';
import { contentsOf } from '../data/contents.ts';
import { surplusText } from '../data/data-text.ts';
import { formerRouting, recordRouting } from '../data/routing-record.ts';
import { dataVolumes } from '../data/volumes.ts';
import { awaitLeftTerraform } from '../deploy/left-terraform.ts';
import { type Swept, sweep } from '../deploy/orphans.ts';
import { networkStacks, stackInputs, synth } from '../deploy/synth.ts';
import { Terraform } from '../deploy/terraform.ts';
import { together } from '../deploy/together.ts';
import { mendFiles } from '../doctor/mend-files.ts';
import { EnvironmentError, EXIT } from '../errors.ts';
import { listContainers } from '../observe/engine.ts';
import type { Environment } from '../prepare/environment.ts';
import { readEnvironment } from '../prepare/environment.ts';
import { usableCredentials } from '../stack/credentials.ts';
import { demandEngines } from '../stack/engines.ts';
import { findFormerHosts } from '../stack/former-hosts.ts';
import { holdDeployment } from '../stack/hold-deployment.ts';
import { type Home, stackFolder } from '../stack/home.ts';
import { readInstance } from '../stack/instance.ts';
import { loadAnyPlan } from '../stack/load.ts';
import { RoutedClient } from '../stack/routed-client.ts';
import { stateFile } from '../stack/terraform-state.ts';
import { type CommonOptions, printJson, type VerbContext, verbContext } from './context.ts';

/** Removes what this stack made. Data volumes, credentials and state of the volumes stay unless `--volumes`. */
export async function downVerb(options: CommonOptions & { volumes?: boolean }): Promise<number> {
  const plan = loadAnyPlan(options.file);
  const context = verbContext(options);
  const withData = options.volumes === true;
  await holdDeployment(plan);
  await awaitLeftTerraform(context, plan);
  for (const sentence of mendFiles(context.home, plan.name)) context.reporter.note(`note: ${sentence}`);
  const folder = stackFolder(options.file);
  const engines = await demandEngines(plan, folder);
  const former = isOnHosts(plan) ? await findFormerHosts(context.home, plan) : undefined;
  // What is on a machine that the file has no longer goes, too.
  const engine =
    isOnHosts(plan) && former !== undefined
      ? new RoutedClient(plan, [...engines.list, ...former.gone])
      : engines.client;
  const silent = former?.silent ?? [];
  for (const words of silent) context.reporter.note(`not reached, so what it has stays there: ${words}`);
  const away = await awayFrom(context, plan, engine);
  await keepRouting(context.home, plan.name, engine);
  if (withData) await tellData(context, plan, engine);
  const environment = readEnvironment(context.home);
  const destroyed =
    environment === undefined
      ? 0
      : await destroyStacks(context, plan, environment, { away, folder, withData });
  const swept = await context.reporter.step('sweep', async (step) => {
    const result = await sweep(context.home, engine, plan.name, withData);
    const count = result.containers.length + result.networks.length + result.volumes.length;
    step.outcome(count === 0 ? 'nothing left over' : `${count} left-overs removed`);
    return result;
  });
  // What a host has that was not reached is known from here alone.
  if (withData && away.size + silent.length === 0)
    rmSync(context.home.stack(plan.name), { recursive: true, force: true });
  if (context.json)
    printJson({ stack: plan.name, destroyed, swept, dataRemoved: withData, away: [...away.keys()] });
  else process.stdout.write(`${farewell(plan, destroyed, swept, withData)}${leftBehind(away)}\n`);
  return away.size === 0 ? EXIT.done : EXIT.notSo;
}

/**
 * Domains whose host is not reached, and why: what is there stays, and the others are gone on with.
 *
 * @throws EnvironmentError when no host is reached
 */
async function awayFrom(
  { reporter }: VerbContext,
  plan: AnyPlan,
  engine: Docker,
): Promise<ReadonlyMap<string, string>> {
  if (!(engine instanceof RoutedClient)) return new Map();
  await engine.listContainers({ all: true });
  const away = new Map(engine.unreachable);
  const [first] = away;
  if (away.size === plan.domains.length)
    throw new EnvironmentError(`no host of stack ${plan.name} is reached: ${first[1]}`, {
      where: first[0],
      remedy: 'nothing was changed; `twemstack hosts` tells of each what to do',
    });
  for (const [domain, why] of away)
    reporter.note(`host ${domain} is not reached, so what it has stays there: ${why}`);
  engine.leaveOut(away);
  return away;
}

/** What is about to go for good, as far as it runs and says so. */
async function tellData({ home, reporter }: VerbContext, plan: AnyPlan, engine: Docker): Promise<void> {
  const own = [...(await dataVolumes(engine))].flatMap(([name, stack]) =>
    stack === plan.name ? [name] : [],
  );
  if (own.length === 0) return;
  const containers = await listContainers(engine, plan.name);
  const credentials = usableCredentials(home, plan.name);
  const instance = readInstance(home, plan.name);
  const options = {
    engine,
    stack: plan.name,
    instance,
    credentials,
    containers,
    members: plan.members,
    hasty: true,
  };
  const contents = await reporter.step('data', async (step) => {
    step.outcome(`${own.length} volumes are removed with what they hold`);
    return contentsOf(own, options);
  });
  reporter.note(`\n${surplusText(contents)}`);
}

/** Where keys live is asked of the proxies while they stand: afterwards nobody else may know. */
async function keepRouting(home: Home, stack: string, engine: Docker): Promise<void> {
  const former = home.knows(stack) ? await formerRouting(home, stack, engine) : undefined;
  if (former !== undefined) recordRouting(home, stack, former.text);
}

interface DestroyOptions {
  readonly away: ReadonlyMap<string, string>;
  /** Of the stack file. */
  readonly folder: string;
  readonly withData: boolean;
}

/**
 * Destroys the stacks of all domains at once, then what they stood on, and returns how many resources went. Whoever takes a stack
 * down is served by none of it any more: no domain has to wait for another one.
 */
async function destroyStacks(
  context: VerbContext,
  plan: AnyPlan,
  environment: Environment,
  { away, folder, withData }: DestroyOptions,
): Promise<number> {
  const { home, reporter } = context;
  const known = (stacks: readonly string[]): string[] =>
    stacks.filter((stack) => existsSync(stateFile(home, plan.name, stack)));
  const domains = plan.domains.filter(({ name }) => !away.has(name));
  const standing = known(domains.map(({ stack }) => stack));
  const below = known([
    ...(withData ? domains.map(({ dataStack }) => dataStack) : []),
    ...networkStacks(plan),
  ]);
  const credentials = usableCredentials(home, plan.name);
  // Without them nothing can be rendered; what carries the stack's label is removed all the same.
  if (standing.length + below.length === 0 || credentials === undefined) return 0;
  const inputs = stackInputs(home, plan, credentials, environment, { protectData: !withData, folder });
  await synth(home, inputs, environment.provider);
  const terraform = new Terraform(environment.terraform, context.signal);
  const destroy = (stack: string): Promise<number> =>
    reporter.step(`destroy ${stack}`, async (step) => {
      const dir = home.terraformDir(stack);
      await terraform.init(dir);
      const { removed } = await terraform.destroy(dir, step.progress);
      step.outcome(`${removed} removed`);
      return removed;
    });
  let removed = 0;
  for (const stacks of [standing, below])
    for (const count of await together(stacks.map(destroy))) removed += count;
  return removed;
}

const leftBehind = (away: ReadonlyMap<string, string>): string =>
  away.size === 0
    ? ''
    : `\nhosts that were not reached keep what they have: ${[...away.keys()].join(', ')}; the same command removes it when they are back`;

function farewell(plan: AnyPlan, destroyed: number, swept: Swept, withData: boolean): string {
  const count = destroyed + swept.containers.length + swept.networks.length + swept.volumes.length;
  if (swept.foreign.length > 0) {
    return `stack ${plan.name}: ${count} removed; ${swept.foreign.length} containers of a stack of this name were deployed from another checkout and left alone: ${swept.foreign.join(', ')}`;
  }
  if (count === 0) return `stack ${plan.name}: nothing to remove`;
  return withData
    ? `stack ${plan.name}: removed, with its data and credentials; images stay for the next \`up\``
    : `stack ${plan.name}: removed; data volumes, credentials and images stay (\`down --volumes\` removes data and credentials)`;
}
