import { passGate } from '../deploy/gate.ts';
import { networkStacks, stackInputs, stackOrder, synth } from '../deploy/synth.ts';
import { Terraform } from '../deploy/terraform.ts';
import { listContainers } from '../observe/engine.ts';
import { collectStatus } from '../observe/status.ts';
import type { Deployment } from '../rollout/deployment.ts';

/** One figure with the goal it is held against. */
export interface Figure {
  readonly name: string;
  readonly value: number;
  readonly unit: 's' | 'MB';
  readonly goal?: number;
}

/** The stack that is measured. */
export type StackBench = Omit<Deployment, 'signal'>;

/** Measures a running stack. The last figure stops the containers of one domain for some seconds. */
export async function benchStack(bench: StackBench): Promise<Figure[]> {
  const { reporter } = bench;
  const figures: Figure[] = [];
  const measure = async (
    name: string,
    goal: number | undefined,
    unit: Figure['unit'],
    work: () => Promise<number>,
  ) => figures.push({ name, goal, unit, value: await reporter.step(name, work) });
  await measure('synth, in a process that has cdktf loaded', 2, 's', () => timed(() => synthNow(bench)));
  await measure('apply of all stacks without a change', 60, 's', () => timed(() => applyAll(bench)));
  await measure('plan of the network and one domain', 3, 's', () => timed(() => planSome(bench)));
  await measure('resident memory of all containers', 700, 'MB', () => residentMemory(bench));
  await measure('status, all well', 2, 's', () => timed(() => statusNow(bench)));
  await measure('status, one domain dead', 2, 's', () => statusWithDeadDomain(bench));
  return figures;
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const begin = performance.now();
  await work();
  return (performance.now() - begin) / 1000;
}

const synthNow = ({ home, plan, credentials, environment }: StackBench): Promise<void> =>
  synth(home, stackInputs(home, plan, credentials, environment), environment.provider);

const statusNow = ({ plan, credentials, engine }: StackBench): Promise<unknown> =>
  collectStatus(plan, credentials, engine);

async function applyAll({ home, plan, environment }: StackBench): Promise<void> {
  const terraform = new Terraform(environment.terraform);
  for (const stack of stackOrder(plan)) await terraform.apply(home.terraformDir(stack), () => undefined);
}

async function planSome({ home, plan, environment }: StackBench): Promise<void> {
  const terraform = new Terraform(environment.terraform);
  for (const stack of [...networkStacks(plan), plan.domains[0].stack])
    await terraform.plan(home.terraformDir(stack));
}

/** Resident memory of every process of every container, in MB; pages that several share count for each of them. */
async function residentMemory({ plan, engine }: StackBench): Promise<number> {
  const containers = await listContainers(engine, plan.name);
  // The seed containers never run.
  const running = [...containers.values()].filter(({ status }) => status === 'running');
  const sizes = await Promise.all(
    running.map(async ({ id }) => {
      const { Processes } = (await engine.getContainer(id).top({ ps_args: '-o pid,rss' })) as {
        Processes: string[][];
      };
      return Processes.reduce((sum, [, kilobytes]) => sum + Number(kilobytes), 0);
    }),
  );
  return sizes.reduce((sum, size) => sum + size, 0) / 1024;
}

async function statusWithDeadDomain(bench: StackBench): Promise<number> {
  const { plan, credentials, engine } = bench;
  const domain = plan.domains[plan.domains.length - 1];
  const containers = domain.members.map(({ name }) => engine.getContainer(name));
  try {
    await Promise.all(containers.map((container) => container.kill()));
    return await timed(() => statusNow(bench));
  } finally {
    await Promise.all(containers.map((container) => container.start()));
    const domains = new Set(plan.domains.map(({ name }) => name));
    await passGate({ plan, credentials, engine, domains, patienceMs: 60_000, progress: () => undefined });
  }
}
