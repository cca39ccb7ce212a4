import type { StackInputs } from '../../stacks/inputs.ts';
import { isOnHosts } from '../../topology/plan.ts';
import type { AnyPlan, PlanDomain } from '../../topology/types.ts';
import { formerRouting, recordRouting } from '../data/routing-record.ts';
import { dataVolumes } from '../data/volumes.ts';
import { passGate } from '../deploy/gate.ts';
import { removeOrphans } from '../deploy/orphans.ts';
import { networkStacks, stackInputs, synth } from '../deploy/synth.ts';
import { type Changes, Terraform } from '../deploy/terraform.ts';
import { together } from '../deploy/together.ts';
import { NotSoError } from '../errors.ts';
import { assess } from '../observe/assess.ts';
import { type ContainerState, listContainers } from '../observe/engine.ts';
import { collectStatus, type StackStatus } from '../observe/status.ts';
import { renderMembers } from '../render/member-files.ts';
import { renderNutcrackerYml } from '../render/nutcracker-yml.ts';
import { readAlertSecrets } from '../stack/alert-secrets.ts';
import { furtherPasswords } from '../stack/credentials.ts';
import { recordHosts } from '../stack/former-hosts.ts';
import type { Home } from '../stack/home.ts';
import { compareDomain, type DomainChanges, firstDeployment, isChanged } from './changes.ts';
import type { Deployment } from './deployment.ts';
import { Entrance } from './entrance.ts';
import { type Leaving, leavingMembers, NOBODY_LEAVES, withLeaving } from './leaving.ts';
import { letLeave } from './let-leave.ts';
import { mendStrays } from './mend-strays.ts';
import { newcomersOf, rollOrder, unchanged } from './order.ts';
import { applyStack, deployDomain, type Roll, rollDomain, servingEdges } from './roll-domain.ts';
import { demandSameAddresses } from './same-addresses.ts';
import { demandSamePorts } from './same-ports.ts';
import { demandSameRouter } from './same-router.ts';
import { demandBackNetwork } from './two-networks.ts';

/** A first deploy waits for sentinels to hear of replicas (an INFO every 0.7 s) and for the first full sync. */
const GATE_MS = 60_000;

/** What there is to do, and how the stack stood when that was found out. */
export interface Outlook {
  readonly terraform: Terraform;
  readonly inputs: StackInputs;
  /** Stacks of the network and the data volumes that change. */
  readonly shared: readonly string[];
  /** Domains that change, in the order of their turns. */
  readonly turns: readonly DomainChanges[];
  /** Members that stand and are no longer wanted: they go before all turns. */
  readonly leaving: Leaving;
  /** With those that leave. undefined: nothing of the stack exists. */
  readonly status: StackStatus | undefined;
  /** Domains whose members all run. */
  readonly sound: ReadonlySet<string>;
  /** Every container is replaced, changed or not. */
  readonly recreate: boolean;
}

/** What a run did. */
export interface RollResult {
  readonly changes: Changes;
  readonly reloaded: number;
  readonly status: StackStatus;
}

const namesOf = (plan: AnyPlan): Set<string> => new Set(plan.domains.map(({ name }) => name));

/** Domains that can be changed: a host that is not reached holds up its own alone. */
const reachedOf = ({ away, plan }: Deployment): PlanDomain[] =>
  plan.domains.filter(({ name }) => away?.has(name) !== true);

/** What keeps the stack from being whole. */
export const problemsOf = (plan: AnyPlan, status: StackStatus) => assess(plan, status, namesOf(plan));

/**
 * Synthesises the stacks and finds out what has to change, changing nothing that runs.
 *
 * @param recreate replace every container, changed or not
 */
export async function lookAhead(deployment: Deployment, recreate = false): Promise<Outlook> {
  const { home, plan, credentials, environment, engine, folder, reporter, signal } = deployment;
  const inputs = await reporter.step('synth', async () => {
    const present = await dataVolumes(engine);
    const found = stackInputs(home, plan, credentials, environment, {
      keep: (name) => present.has(name),
      folder,
    });
    await synth(home, found, environment.provider);
    return found;
  });
  const terraform = new Terraform(environment.terraform, signal);
  const containers = await listContainers(engine, plan.name);
  if (!isOnHosts(plan)) demandBackNetwork(plan, containers);
  demandSameAddresses(plan, containers);
  if (isOnHosts(plan)) demandSamePorts(plan, (await formerRouting(home, plan.name, engine))?.text);
  const sound = soundDomains(plan, containers);
  const domains = reachedOf(deployment);
  const exists = ({ members }: PlanDomain): boolean => members.some(({ name }) => containers.has(name));
  const shared = [...networkStacks(plan), ...domains.map(({ dataStack }) => dataStack)];
  if (!domains.some(exists)) {
    const turns = domains.map(firstDeployment);
    return { terraform, inputs, shared, turns, leaving: NOBODY_LEAVES, status: undefined, sound, recreate };
  }
  return reporter.step('compare', async (step) => {
    step.progress('with what runs');
    const leaving = leavingMembers(plan, containers, deployment.former);
    const options = { home, inputs, terraform, containers, recreate };
    const [status, all, changedStacks] = await Promise.all([
      statusBefore({ ...deployment, plan: withLeaving(plan, leaving) }),
      Promise.all(
        domains.map((domain) => (exists(domain) ? compareDomain(domain, options) : firstDeployment(domain))),
      ),
      Promise.all(shared.map((stack) => changesAnything(home, terraform, stack))),
    ]);
    const changed = all.filter(isChanged);
    step.outcome(
      changed.length === 0 ? 'every domain is as it should be' : `${changed.length} domains change`,
    );
    const turns = rollOrder(changed, status, sound);
    await demandSameRouter(plan, turns, engine);
    return { terraform, inputs, shared: changedStacks.flat(), turns, leaving, status, sound, recreate };
  });
}

/**
 * How the stack stands. A pool that nobody answers on is a new one, and not missed yet: a proxy that has a pool and does
 * not answer on it fails its healthcheck.
 */
async function statusBefore({ plan, credentials, engine }: Deployment): Promise<StackStatus> {
  const status = await collectStatus(plan, credentials, engine);
  const answered = answeredPools(plan, status);
  if (answered.length === plan.pools.length) return status;
  return collectStatus({ ...plan, pools: answered }, credentials, engine);
}

const answeredPools = (plan: AnyPlan, { pools }: StackStatus): AnyPlan['pools'] =>
  plan.pools.filter(({ name }) => pools.some((pool) => pool.name === name && pool.answers));

/** The stack's name when an apply would do something to it. */
async function changesAnything(home: Home, terraform: Terraform, stack: string): Promise<string[]> {
  const dir = home.terraformDir(stack);
  await terraform.init(dir);
  return (await terraform.plan(dir)).length > 0 ? [stack] : [];
}

/** @throws NotSoError when the stack is not there, or not whole: who changes it then could cost what is left */
export function demandWhole(plan: AnyPlan, { leaving, status }: Outlook): void {
  if (status === undefined) {
    throw new NotSoError(`stack ${plan.name} is not deployed, so there is nothing to change`, {
      remedy: 'run `twemstack up` first',
    });
  }
  const problems = problemsOf(withLeaving(plan, leaving), status);
  if (problems.length === 0) return;
  const list = problems.map(({ subject, what }) => `    ${subject}: ${what}`).join('\n');
  throw new NotSoError(`stack ${plan.name} is not whole, so a change could cost what is left:\n${list}`, {
    remedy: 'nothing was changed; `twemstack up` mends it, then run this again',
  });
}

/**
 * Puts what `lookAhead` found into force: members leave that are no longer wanted, then network and volumes, then one domain after the other with a gate behind it. Where nothing of
 * the stack stands, all domains at once.
 */
export async function rollOut(deployment: Deployment, outlook: Outlook): Promise<RollResult> {
  const { home, plan, credentials, reporter } = deployment;
  const { terraform, inputs, shared, turns, status, sound } = await withoutOrphans(
    deployment,
    await withoutLeaving(deployment, outlook),
  );
  recordRouting(home, plan.name, renderNutcrackerYml(plan));
  if (isOnHosts(plan))
    recordHosts(
      home,
      plan,
      new Set(reachedOf(deployment).map(({ name }) => name)),
      deployment.folder ?? home.root,
    );
  if (status !== undefined) {
    await openEntrance(deployment, status);
    for (const sentence of await mendStrays({ plan, credentials, status })) reporter.note(sentence);
  }
  const roll: Roll = {
    ...deployment,
    terraform,
    inputs,
    files: renderMembers(plan, credentials, furtherPasswords(home, plan.name), readAlertSecrets(home, plan)),
    done: unchanged(
      reachedOf(deployment).map(({ name }) => name),
      turns,
    ),
    newcomers: newcomersOf(turns),
    mending: status === undefined || problemsOf(plan, status).length > 0,
  };
  const total: Changes[] = await applyShared(roll, shared);
  const all = new Set(reachedOf(deployment).map(({ name }) => name));
  if (status === undefined) {
    total.push(...(await foundDomains(roll, turns)));
    return { changes: sum(total), reloaded: 0, status: await gate(roll, plan.name, all, plan) };
  }
  let reloaded = 0;
  let final: StackStatus | undefined;
  const demanded = new Set(sound);
  for (const turn of turns) {
    const last = turn === turns.at(-1);
    demanded.add(turn.domain.name);
    const result = await standing(roll, turn, () =>
      rollDomain(roll, turn, async () => {
        const seen = await gate(
          roll,
          turn.domain.stack,
          last ? all : demanded,
          last ? plan : midway(plan, status),
          !last,
        );
        if (last) final = seen;
      }),
    );
    total.push(result.changes);
    reloaded += result.reloaded;
    roll.done.add(turn.domain.name);
  }
  final ??= await gate(roll, plan.name, all, plan);
  return { changes: sum(total), reloaded, status: final };
}

/** Lets those go that leave, makes the sentinels forget them, and compares again. */
async function withoutLeaving(deployment: Deployment, outlook: Outlook): Promise<Outlook> {
  const { leaving, status, recreate } = outlook;
  if (leaving.all.length === 0 || status === undefined) return outlook;
  const { plan, credentials, engine, reporter } = deployment;
  await letLeave(deployment, leaving, status);
  const left = await collectStatus(plan, credentials, engine);
  for (const sentence of await mendStrays({ plan, credentials, status: left })) reporter.note(sentence);
  return lookAhead(deployment, recreate);
}

/**
 * Removes what is in no state, and compares again when there was something: a domain that it belonged to may have looked
 * as it should.
 */
async function withoutOrphans(deployment: Deployment, outlook: Outlook): Promise<Outlook> {
  const { home, plan, engine, reporter } = deployment;
  const { interrupted, dropped } = await removeOrphans(home, plan, engine);
  if (interrupted.length > 0) {
    reporter.note(`removed what an interrupted run left behind: ${interrupted.join(', ')}`);
  }
  if (dropped.length > 0) reporter.note(`removed what stack.yaml no longer has: ${dropped.join(', ')}`);
  return interrupted.length + dropped.length === 0 ? outlook : lookAhead(deployment, outlook.recreate);
}

/** On several hosts a change may end because one of them dies: told besides is what that leaves. */
async function standing<T>(roll: Roll, { domain }: DomainChanges, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (isOnHosts(roll.plan)) {
      const done = [...roll.done];
      const stands = done.length === 0 ? 'no domain is done' : `${done.join(', ')} stand as they should`;
      roll.reporter.note(
        `it ended at domain ${domain.name}; ${stands}; the same command goes on, without a host that is gone as well as with it`,
      );
    }
    throw error;
  }
}

// Independent of each other, and mostly terraform starting up: at the same time they take half as long.
const applyShared = (roll: Roll, stacks: readonly string[]): Promise<Changes[]> =>
  together(stacks.map((stack) => applyStack(roll, stack)));

/**
 * Deploys every domain at once: nobody is served yet, who could be kept from anything. Members find each other as they do when an
 * engine that ran them all comes back.
 */
const foundDomains = (roll: Roll, turns: readonly DomainChanges[]): Promise<Changes[]> =>
  together(
    turns.map((turn) =>
      standing(roll, turn, async () => {
        const changes = await deployDomain(roll, turn);
        roll.done.add(turn.domain.name);
        return changes;
      }),
    ),
  );

/** A pool that is new cannot answer before every domain has it. */
const midway = (plan: AnyPlan, before: StackStatus): AnyPlan => ({
  ...plan,
  pools: answeredPools(plan, before),
});

/** @param later whether other domains have their turn after these */
function gate(
  roll: Roll,
  name: string,
  domains: ReadonlySet<string>,
  plan: AnyPlan,
  later = false,
): Promise<StackStatus> {
  const { credentials, engine, signal, reporter } = roll;
  return reporter.step(`gate ${name}`, async (step) => {
    // A member that the plan has no longer has just gone; sentinels do not forget by themselves.
    const now = await collectStatus(plan, credentials, engine);
    for (const sentence of await mendStrays({ plan, credentials, status: now })) step.progress(sentence);
    const status = await passGate({
      plan,
      credentials,
      engine,
      domains,
      later,
      patienceMs: GATE_MS,
      progress: step.progress,
      signal,
    });
    step.outcome(domains.size === plan.domains.length ? 'whole' : 'healthy');
    return status;
  });
}

/** What a run that was cut off in the middle has closed, and could not open any more. */
async function openEntrance({ plan, engine, reporter }: Deployment, status: StackStatus): Promise<void> {
  const entrance = new Entrance({ plan, engine, edges: servingEdges(status) });
  const opened = await entrance.openAll().catch(() => []);
  if (opened.length > 0)
    reporter.note(`opened again, as a run that was cut off left it: ${opened.join(', ')}`);
}

/** Domains whose members all run already: a gate demands them from the start, and they are touched last. */
function soundDomains(plan: AnyPlan, containers: ReadonlyMap<string, ContainerState>): Set<string> {
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
