import { setTimeout as delay } from 'node:timers/promises';
import { memberName } from '../../topology/placement.ts';
import type { AnyPlan, PlanShard, RedisMember } from '../../topology/types.ts';
import { removeContainer } from '../deploy/orphans.ts';
import { NotSoError } from '../errors.ts';
import { currentMaster } from '../observe/assess.ts';
import type { ContainerState } from '../observe/engine.ts';
import { collectStatus, type StackStatus } from '../observe/status.ts';
import { findStrays } from '../observe/strays.ts';
import { switchOver } from '../switchover/switchover.ts';
import type { Deployment } from './deployment.ts';
import type { PlannedHandover } from './order.ts';

/** For the last sentinel to name a new master, of which the others tell it every two seconds; and how often it is looked at. */
const FOLLOW_MS = 5000;
const FOLLOW_POLL_MS = 100;

/**
 * Members that stand and that their shard has no longer: of fewer replicas, of other `domains` of a shard, of a domain
 * less. Ports are those of all members of the shard; addresses are the container's own or, on the network of its host,
 * that of the others there. What a shard that is gone leaves behind is not among them.
 */
export function leavingMembers(
  plan: AnyPlan,
  containers: ReadonlyMap<string, ContainerState>,
): RedisMember[] {
  const own = new Set(plan.members.map(({ name }) => name));
  const found = [...containers.values()].flatMap(({ name, role, addresses }): RedisMember[] => {
    if (role !== 'redis' || own.has(name)) return [];
    const shard = shardOf(plan, name);
    if (shard === undefined) return [];
    const domain = name.slice(memberName(plan.name, shard.name, '').length);
    const neighbours = plan.domains.find((each) => each.name === domain)?.members ?? [];
    const address = addresses.at(0) ?? neighbours.at(0)?.address;
    if (address === undefined) return [];
    const [sibling] = shard.members;
    return [{ ...sibling, name, domain, address, formerAddress: undefined, initialMaster: false }];
  });
  return found.sort((x, y) => x.name.localeCompare(y.name));
}

/** Whose member a container of this name is; of two shards whose names both fit, the one with the longer name. */
function shardOf(plan: AnyPlan, name: string): PlanShard | undefined {
  return plan.shards
    .filter((shard) => name.startsWith(memberName(plan.name, shard.name, '')))
    .sort((x, y) => y.name.length - x.name.length)
    .at(0);
}

/** The stack as it is before they go. */
export function withLeaving<P extends AnyPlan>(plan: P, leaving: readonly RedisMember[]): P {
  if (leaving.length === 0) return plan;
  return {
    ...plan,
    members: [...plan.members, ...leaving],
    domains: plan.domains.map((domain) => ({
      ...domain,
      members: [...domain.members, ...leaving.filter((member) => member.domain === domain.name)],
    })),
    shards: plan.shards.map((shard) => ({
      ...shard,
      members: [...shard.members, ...leaving.filter((member) => member.shard === shard.name)],
    })),
  };
}

/** Masters among them, and who takes each over: of the members that stay and follow, the one whose domain holds fewest masters. */
export function leavingHandovers(
  plan: AnyPlan,
  leaving: readonly RedisMember[],
  status: StackStatus,
): PlannedHandover[] {
  const masters = new Map(plan.shards.map(({ name }) => [name, currentMaster(status, name)]));
  return plan.shards.flatMap(({ name: shard, members }): PlannedHandover[] => {
    const from = leaving.find((member) => member.name === masters.get(shard)?.name);
    if (from === undefined) return [];
    const held = (domain: string): number =>
      [...masters.values()].filter((master) => master?.domain === domain).length;
    const [to] = members
      .filter(({ name }) =>
        status.members.some(({ member, redis }) => member.name === name && redis?.role === 'replica'),
      )
      .sort((x, y) => held(x.domain) - held(y.domain));
    if (to !== undefined) masters.set(shard, to);
    return [{ shard, from, to }];
  });
}

/**
 * Lets members go before anything else is changed: each that is a master hands it over, then all leave at once. As long
 * as one of them follows its master, sentinels would learn of it again, whatever they are told, and no gate would pass.
 *
 * @param status of the stack with them
 * @throws NotSoError when a shard has no master that stays, or gets: one of those that leave may hold its last writes
 */
export async function letLeave(
  deployment: Deployment,
  leaving: readonly RedisMember[],
  status: StackStatus,
): Promise<void> {
  const { plan, credentials, engine, reporter, signal } = deployment;
  const former = withLeaving(plan, leaving);
  for (const shard of new Set(leaving.map((member) => member.shard))) {
    if (currentMaster(status, shard) === undefined) throw unclear(plan, shard, leaving);
  }
  for (const { shard, from, to } of leavingHandovers(plan, leaving, status)) {
    if (to === undefined) throw unclear(plan, shard, leaving);
    await reporter.step(`hand ${shard} over`, async (step) => {
      const options = { plan: former, credentials, engine, shard, to: to.name, signal };
      const done = await switchOver({ ...options, progress: step.progress });
      await followed(deployment, shard);
      step.outcome(`${from.name} leaves; ${done.to} is master, writes waited ${done.announcedAfter} ms`);
    });
  }
  const names = leaving.map(({ name }) => name).join(', ');
  await reporter.step(`let go ${names}`, async (step) => {
    await Promise.all(leaving.map(({ name }) => stopAndRemove(deployment, name)));
    step.outcome('gone; their data stays');
  });
}

/** A handover is over when most sentinels name the new master; one that still names who leaves would have to be told. */
async function followed({ plan, credentials, engine }: Deployment, shard: string): Promise<void> {
  const deadline = performance.now() + FOLLOW_MS;
  for (;;) {
    const strays = findStrays(plan, await collectStatus(plan, credentials, engine));
    if (!strays.some((stray) => stray.kind === 'master' && stray.shard.name === shard)) return;
    // Not in time: sentinels that name who is gone are told by `mendStrays`.
    if (performance.now() > deadline) return;
    await delay(FOLLOW_POLL_MS);
  }
}

const unclear = (plan: AnyPlan, shard: string, leaving: readonly RedisMember[]): NotSoError => {
  const names = leaving.filter((member) => member.shard === shard).map(({ name }) => name);
  return new NotSoError(
    `${shard} has no master that could stay, and ${names.join(', ')} would leave: its last writes may be there alone`,
    {
      where: plan.name,
      remedy:
        'nothing was changed; put the members back into the stack file, let `twemstack up` make the shard whole, then ' +
        'take them out again',
    },
  );
};

/** Redis is let write what it has to disk first. */
async function stopAndRemove({ engine }: Deployment, name: string): Promise<void> {
  try {
    await engine.getContainer(name).stop();
  } catch (error) {
    const { statusCode } = error as { statusCode?: number };
    if (statusCode === 404) return;
    // 304: it does not run
    if (statusCode !== 304) throw error;
  }
  await removeContainer(engine, name);
}
