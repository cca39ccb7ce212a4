import { setTimeout as delay } from 'node:timers/promises';
import type { RedisMember } from '../../topology/types.ts';
import { removeContainer } from '../deploy/orphans.ts';
import { NotSoError } from '../errors.ts';
import { currentMaster } from '../observe/assess.ts';
import { listContainers } from '../observe/engine.ts';
import { vipsHeldBy } from '../observe/holds-vip.ts';
import { collectStatus, type StackStatus } from '../observe/status.ts';
import { findStrays } from '../observe/strays.ts';
import { switchOver } from '../switchover/switchover.ts';
import type { Deployment } from './deployment.ts';
import { Entrance } from './entrance.ts';
import { type Leaving, leavingHandovers, tooFarBehind, withLeaving } from './leaving.ts';

/** For the last sentinel to name a new master, of which the others tell it every two seconds; and how often it is looked at. */
const FOLLOW_MS = 5000;
const FOLLOW_POLL_MS = 100;

/**
 * Lets members go before anything else is changed: who is master hands over, proxies and the holder of a VIP give their
 * clients away, then all leave at once. As long as one of them follows its master, or says hello as a sentinel, the
 * sentinels would learn of it again, whatever they are told, and no gate would pass.
 *
 * @param status of the stack with them
 * @throws NotSoError when a shard has no master that stays, or gets, or when those that stay have not all: one of those that
 *     leave may hold its last writes
 */
export async function letLeave(deployment: Deployment, leaving: Leaving, status: StackStatus): Promise<void> {
  const { plan, reporter } = deployment;
  for (const shard of new Set(leaving.redises.map((member) => member.shard))) {
    if (currentMaster(status, shard) === undefined) throw unclear(plan.name, shard, leaving);
    const behind = tooFarBehind(plan, shard, status);
    if (behind.length > 0) throw incomplete(plan.name, shard, leaving, behind);
  }
  const handovers = leavingHandovers(plan, leaving, status);
  const stuck = handovers.find(({ to }) => to === undefined);
  if (stuck !== undefined) throw unclear(plan.name, stuck.shard, leaving);
  for (const { from, to } of handovers) if (to !== undefined) await handOver(deployment, leaving, from, to);
  const takeBack: Array<() => Promise<unknown>> = [];
  try {
    await giveClientsAway(deployment, leaving, takeBack);
  } catch (error) {
    await Promise.allSettled(takeBack.map((undo) => undo()));
    throw error;
  }
  await reporter.step(`let go ${leaving.all.map(({ name }) => name).join(', ')}`, async (step) => {
    await Promise.all(leaving.all.map(({ name }) => stopAndRemove(deployment, name)));
    step.outcome('gone; their data stays');
  });
}

async function handOver(
  deployment: Deployment,
  leaving: Leaving,
  from: RedisMember,
  to: RedisMember,
): Promise<void> {
  const { plan, credentials, engine, reporter, signal } = deployment;
  const { shard } = from;
  await reporter.step(`hand ${shard} over`, async ({ progress, outcome }) => {
    const former = withLeaving(plan, leaving);
    const options = { plan: former, credentials, engine, shard, to: to.name, signal, progress };
    const done = await switchOver(options);
    await followed(deployment, shard);
    outcome(`${from.name} leaves; ${done.to} is master, writes waited ${done.announcedAfter} ms`);
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

/** As before a container is replaced: no request is on the way when its proxy or its edge goes. */
async function giveClientsAway(
  { plan, engine, reporter }: Deployment,
  { all }: Leaving,
  takeBack: Array<() => Promise<unknown>>,
): Promise<void> {
  const ofRole = (role: string): string[] => all.filter((each) => each.role === role).map(({ name }) => name);
  const [proxies, edges] = [ofRole('proxy'), ofRole('edge')];
  if (proxies.length + edges.length === 0) return;
  const containers = [...(await listContainers(engine, plan.name)).values()];
  const serving = containers.filter(({ role, status }) => role === 'edge' && status === 'running');
  const entrance = new Entrance({ plan, engine, edges: serving.map(({ name }) => name) });
  for (const name of proxies) {
    takeBack.push(() => entrance.open(name));
    await reporter.step(`drain ${name}`, async (step) => {
      await entrance.close(name);
      const left = await entrance.empty(name);
      step.outcome(left === 0 ? 'no client is left' : `${left} clients are left and will be cut off`);
    });
  }
  for (const name of edges) {
    if (!serving.some((edge) => edge.name === name)) continue;
    if ((await vipsHeldBy(plan, engine, name)).length === 0) continue;
    await reporter.step(`move the VIP off ${name}`, async (step) => {
      const { to, closedMs } = await entrance.moveVip(name, (undo) => takeBack.push(undo));
      step.outcome(`to ${to}, nobody was let in for ${closedMs} ms`);
    });
  }
}

const unclear = (stack: string, shard: string, leaving: Leaving): NotSoError =>
  unsafe(
    stack,
    `${shard} has no master that could stay, and ${namesIn(leaving, shard)} would leave: its last writes may be there alone`,
  );

const incomplete = (
  stack: string,
  shard: string,
  leaving: Leaving,
  behind: readonly RedisMember[],
): NotSoError =>
  unsafe(
    stack,
    `${behind.map(({ name }) => name).join(', ')} of ${shard} does not follow its master now, and ${namesIn(leaving, shard)} would leave: ` +
      'if the master failed then, acknowledged writes would be lost',
  );

const namesIn = ({ redises }: Leaving, shard: string): string =>
  redises.flatMap((member) => (member.shard === shard ? [member.name] : [])).join(', ');

const unsafe = (stack: string, why: string): NotSoError =>
  new NotSoError(why, {
    where: stack,
    remedy:
      'nothing was changed; put the members back into the stack file, let `twemstack up` make the shard whole, then ' +
      'take them out again',
  });

/** Redis is let write what it has to disk first, and an edge tell the others that it goes. */
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
