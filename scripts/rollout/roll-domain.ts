import type { StackInputs } from '../../stacks/inputs.ts';
import type { MemberFile, Role } from '../../topology/types.ts';
import { AFTER_INTERRUPT } from '../deploy/gate.ts';
import { hashesOf, recordInForce } from '../deploy/in-force.ts';
import type { Changes, Terraform } from '../deploy/terraform.ts';
import { NotSoError, OperatorError } from '../errors.ts';
import { listContainers } from '../observe/engine.ts';
import { collectStatus, type StackStatus } from '../observe/status.ts';
import { switchOver } from '../switchover/switchover.ts';
import { type DomainChanges, replacedOf } from './changes.ts';
import type { Deployment } from './deployment.ts';
import { Entrance } from './entrance.ts';
import { edgeToRelieve, type PlannedHandover, plannedHandovers } from './order.ts';
import { reloadMember } from './reload/reload.ts';

/** What all domains of one run share. */
export interface Roll extends Deployment {
  readonly terraform: Terraform;
  readonly inputs: StackInputs;
  /** Rendered files of every member. */
  readonly files: ReadonlyMap<string, readonly MemberFile[]>;
  /** Domains that have been changed already. */
  readonly done: Set<string>;
  /** Members that this run makes. */
  readonly newcomers: ReadonlySet<string>;
  /** The stack was not whole when the run began: what cannot be done gently is done all the same. */
  readonly mending: boolean;
}

/** What was done to a domain. */
export interface DomainResult {
  readonly changes: Changes;
  readonly reloaded: number;
}

/** Before terraform: a redis must need less memory before its container's limit is lowered. */
const BEFORE_APPLY: readonly Role[] = ['redis'];
/** After it, for these read their files. */
const AFTER_APPLY: readonly Role[] = ['sentinel', 'proxy', 'edge'];
/** Read anew at every start and every healthcheck: a changed one needs no telling. */
const READ_ANEW = 'facts.env';

/**
 * Changes one domain: its masters are handed over, its proxy and its edge are relieved of their clients, then its
 * containers are replaced, and daemons whose files alone changed take these over.
 *
 * @param gate proves that the stack is well before clients come back to the domain's proxy
 */
export async function rollDomain(
  roll: Roll,
  changes: DomainChanges,
  gate: () => Promise<void>,
): Promise<DomainResult> {
  const takeBack: Array<() => Promise<unknown>> = [];
  try {
    if (replacedOf(changes).length > 0) await relieve(roll, changes, takeBack);
    const before = await reloadDomain(roll, changes, BEFORE_APPLY);
    const applied = await applyDomain(roll, changes);
    const reloaded = before + (await reloadDomain(roll, changes, AFTER_APPLY));
    await recordDomain(roll, changes);
    await gate();
    return { changes: applied, reloaded };
  } finally {
    // Also after a failure or an interruption: whoever still runs serves as before.
    await Promise.allSettled(takeBack.map((undo) => undo()));
  }
}

/** Makes the members of a domain of which nothing stands yet. */
export async function deployDomain(roll: Roll, changes: DomainChanges): Promise<Changes> {
  const applied = await applyDomain(roll, changes);
  await recordDomain(roll, changes);
  return applied;
}

/** Nobody shall miss what is about to be replaced. */
async function relieve(
  roll: Roll,
  changes: DomainChanges,
  takeBack: Array<() => Promise<unknown>>,
): Promise<void> {
  const { plan, credentials, engine } = roll;
  const status = await collectStatus(plan, credentials, engine);
  for (const handover of plannedHandovers(plan, changes, status, roll.done, roll.newcomers)) {
    await handOver(roll, handover);
  }
  const entrance = new Entrance({ plan, engine, edges: servingEdges(status) });
  const proxies = replacedOf(changes).filter(({ member }) => member.role === 'proxy');
  const names = proxies.map(({ member }) => member.name);
  for (const name of names) {
    takeBack.push(() => entrance.open(name));
    await gently(roll, `close ${name}`, async () => {
      await entrance.close(name);
      return 'new clients go elsewhere';
    });
  }
  const edge = edgeToRelieve(changes, status);
  if (edge !== undefined) {
    await gently(roll, `move the VIP off ${edge}`, async () => {
      const { to, closedMs } = await entrance.moveVip(edge, (undo) => takeBack.push(undo));
      return `to ${to}, nobody was let in for ${closedMs} ms`;
    });
  }
  for (const name of names) {
    await gently(roll, `drain ${name}`, async () => {
      const left = await entrance.empty(name);
      return left === 0 ? 'no client is left' : `${left} clients are left and will be cut off`;
    });
  }
}

/** Edges whose container runs and answers. */
export const servingEdges = (status: StackStatus): string[] =>
  status.members
    .filter(({ member, vip }) => member.role === 'edge' && vip !== undefined)
    .map(({ member }) => member.name);

async function handOver(roll: Roll, { shard, from, to }: PlannedHandover): Promise<void> {
  const { plan, credentials, engine, signal, reporter } = roll;
  if (to === undefined) {
    reporter.note(`${from.name}: nobody can take ${shard} over, so it is away while its master is replaced`);
    return;
  }
  await gently(roll, `hand ${shard} over`, async (progress) => {
    const options = { plan, credentials, engine, shard, to: to.name, signal, progress };
    const done = await switchOver(options);
    return `${done.from} -> ${done.to}, writes waited ${done.announcedAfter} ms`;
  });
}

/** One step of the preparations. On a stack that was not whole a failure is told, and things take their course. */
async function gently(
  roll: Roll,
  name: string,
  work: (progress: (sentence: string) => void) => Promise<string>,
): Promise<void> {
  stopIfInterrupted(roll, name);
  try {
    await roll.reporter.step(name, async (step) => step.outcome(await work(step.progress)));
  } catch (error) {
    const { message } = error as Error;
    if (roll.mending && !roll.signal.aborted) {
      roll.reporter.note(`${name}: ${message}; going on, because the stack was not whole anyway`);
      return;
    }
    const remedy = error instanceof OperatorError ? error.remedy : undefined;
    throw new NotSoError(`${name}: ${message}`, {
      where: roll.plan.name,
      remedy: `${remedy ?? 'mend the cause'}; what was changed before stands, and the same command goes on from there`,
      cause: error,
    });
  }
}

async function applyDomain(roll: Roll, { domain, apply, recreate }: DomainChanges): Promise<Changes> {
  if (!apply) return { added: 0, changed: 0, removed: 0 };
  return applyStack(roll, domain.stack, recreate);
}

/** Applies one CDKTF stack. */
export async function applyStack(
  roll: Pick<Roll, 'home' | 'reporter' | 'signal' | 'plan' | 'terraform'>,
  stack: string,
  recreate: readonly string[] = [],
): Promise<Changes> {
  const dir = roll.home.terraformDir(stack);
  return roll.reporter.step(`deploy ${stack}`, async (step) => {
    stopIfInterrupted(roll, stack);
    step.progress('terraform init');
    await roll.terraform.init(dir);
    step.progress('comparing with what runs');
    const changes = await roll.terraform.apply(dir, step.progress, recreate);
    step.outcome(describeChanges(changes));
    return changes;
  });
}

async function reloadDomain(roll: Roll, changes: DomainChanges, roles: readonly Role[]): Promise<number> {
  const { plan, credentials, engine, files, reporter } = roll;
  const affected = changes.members
    .filter(({ action, files: names }) => action === 'reload' && names.some((name) => name !== READ_ANEW))
    .filter(({ member }) => roles.includes(member.role))
    .sort((x, y) => roles.indexOf(x.member.role) - roles.indexOf(y.member.role));
  if (affected.length === 0) return 0;
  const names = affected.map(({ member }) => member.name);
  await reporter.step(`reload ${names.join(', ')}`, async (step) => {
    for (const { member } of affected) {
      stopIfInterrupted(roll, member.name);
      step.progress(member.name);
      await reloadMember({ engine, credentials, member, files: files.get(member.name) ?? [] });
    }
    // Clients of the HAProxy process that was would stay there until it is ended by force.
    if (affected.some(({ member }) => member.role === 'edge')) {
      await new Entrance({ plan, engine, edges: [] }).letGo(plan.proxies.map(({ name }) => name));
    }
    step.outcome('the new settings are in force');
  });
  return affected.length;
}

/** Writes down what every member of the domain goes by now. */
async function recordDomain({ home, plan, engine, inputs }: Roll, { domain }: DomainChanges): Promise<void> {
  const containers = await listContainers(engine, plan.name);
  const records = domain.members.flatMap(({ name }) => {
    const container = containers.get(name);
    if (container === undefined) return [];
    const { id, startedAt } = container;
    return [[name, { container: id, startedAt, files: hashesOf(inputs.seeds.get(name) ?? []) }] as const];
  });
  recordInForce(home, plan.name, Object.fromEntries(records));
}

export function stopIfInterrupted({ signal, plan }: Pick<Roll, 'signal' | 'plan'>, next: string): void {
  if (!signal.aborted) return;
  throw new NotSoError(`interrupted before ${next}; what was deployed before it stands`, {
    where: plan.name,
    remedy: AFTER_INTERRUPT,
  });
}

export function describeChanges({ added, changed, removed }: Changes): string {
  if (added + changed + removed === 0) return 'no changes';
  return `${added} added, ${changed} changed, ${removed} removed`;
}
