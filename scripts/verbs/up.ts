import type { Plan } from '../../topology/types.ts';
import { AFTER_INTERRUPT, passGate } from '../deploy/gate.ts';
import { removeOrphans } from '../deploy/orphans.ts';
import { stackInputs, synth } from '../deploy/synth.ts';
import { type Changes, Terraform } from '../deploy/terraform.ts';
import { dockerClient } from '../docker-client.ts';
import { EXIT, NotSoError } from '../errors.ts';
import { listContainers } from '../observe/engine.ts';
import { prepare } from '../prepare/prepare.ts';
import { seconds } from '../report/steps.ts';
import { ensureCredentials } from '../stack/credentials.ts';
import { loadPlan } from '../stack/load.ts';
import { printJson, type VerbContext, verbContext } from './context.ts';
import type { PrepareOptions } from './prepare.ts';
import { statusDocument, statusTable, tryIt } from './status-report.ts';

/** A first deploy waits for sentinels to hear of replicas (an INFO every 10 s) and for the first full sync. */
const GATE_MS = 60_000;

/** Prepares and deploys: network, data volumes, then one domain after the other, each with a gate behind it. */
export async function upVerb(options: PrepareOptions): Promise<number> {
  const begin = performance.now();
  const plan = loadPlan(options.file);
  const context = verbContext(options);
  const { home, reporter } = context;
  for (const warning of plan.warnings) reporter.note(`warning: ${warning}`);
  const environment = await prepare({ home, plan, provider: options.provider }, reporter);
  const credentials = ensureCredentials(home, plan.name);
  const engine = await dockerClient();
  await reporter.step('synth', () =>
    synth(home, stackInputs(home, plan, credentials, environment), environment.provider),
  );

  const terraform = new Terraform(environment.terraform, context.signal);
  const orphans = await removeOrphans(home, plan, engine);
  if (orphans.length > 0) reporter.note(`removed what an interrupted run left behind: ${orphans.join(', ')}`);
  const total: Changes[] = [];
  const apply = (stack: string) =>
    applyStack(context, plan, terraform, stack).then((changes) => total.push(changes));

  // Independent of each other, and mostly terraform starting up: at the same time they take half as long.
  await allOf([plan.network.stack, ...plan.domains.map(({ dataStack }) => dataStack)].map(apply));
  const sound = await soundDomains(engine, plan);
  // What is broken is mended first: changing a sound domain while another one is down could take a shard's last copies.
  const order = [...plan.domains].sort((x, y) => Number(sound.has(x.name)) - Number(sound.has(y.name)));
  const demanded = new Set(sound);
  for (const domain of order) {
    await apply(domain.stack);
    demanded.add(domain.name);
    await reporter.step(`gate ${domain.stack}`, async (step) => {
      await passGate({
        plan,
        credentials,
        engine,
        domains: demanded,
        patienceMs: GATE_MS,
        progress: step.progress,
        signal: context.signal,
      });
      step.outcome(demanded.size === plan.domains.length ? 'whole' : 'healthy');
    });
  }
  const status = await passGate({
    plan,
    credentials,
    engine,
    domains: demanded,
    patienceMs: GATE_MS,
    progress: () => undefined,
  });
  const changes = sum(total);
  const elapsed = performance.now() - begin;
  if (context.json)
    printJson({ ...statusDocument(plan, status, []), changes, elapsedMs: Math.round(elapsed) });
  else {
    process.stdout.write(`\n${statusTable(plan, status)}\n${tryIt(plan, home)}\n`);
    process.stdout.write(`${describe(changes)} in ${seconds(elapsed)}\n`);
  }
  return EXIT.done;
}

async function applyStack(
  context: VerbContext,
  plan: Plan,
  terraform: Terraform,
  stack: string,
): Promise<Changes> {
  const dir = context.home.terraformDir(stack);
  return context.reporter.step(`deploy ${stack}`, async (step) => {
    stopIfInterrupted(context, plan, stack);
    step.progress('terraform init');
    await terraform.init(dir);
    step.progress('comparing with what runs');
    const changes = await terraform.apply(dir, step.progress);
    step.outcome(describe(changes));
    return changes;
  });
}

/** Waits for all, then fails with the first failure: nothing goes on behind an error message. */
async function allOf(works: ReadonlyArray<Promise<unknown>>): Promise<void> {
  for (const result of await Promise.allSettled(works)) if (result.status === 'rejected') throw result.reason;
}

function stopIfInterrupted(context: VerbContext, plan: Plan, next: string): void {
  if (!context.signal.aborted) return;
  throw new NotSoError(`interrupted before ${next}; what was deployed before it stands`, {
    where: plan.name,
    remedy: AFTER_INTERRUPT,
  });
}

/** Domains whose members all run already: a gate demands them from the start, and they are touched last. */
async function soundDomains(engine: Parameters<typeof listContainers>[0], plan: Plan): Promise<Set<string>> {
  const containers = await listContainers(engine, plan.name);
  const runs = (name: string): boolean => containers.get(name)?.status === 'running';
  const sound = plan.domains.filter(({ members }) => members.every(({ name }) => runs(name)));
  return new Set(sound.map(({ name }) => name));
}

function sum(parts: readonly Changes[]): Changes {
  return parts.reduce(
    (all, one) => ({
      added: all.added + one.added,
      changed: all.changed + one.changed,
      removed: all.removed + one.removed,
    }),
    { added: 0, changed: 0, removed: 0 },
  );
}

function describe({ added, changed, removed }: Changes): string {
  if (added + changed + removed === 0) return 'no changes';
  return `${added} added, ${changed} changed, ${removed} removed`;
}
