import { setTimeout as delay } from 'node:timers/promises';
import type Docker from 'dockerode';
import type { Redis } from 'ioredis';
import type { AnyPlan, Credentials } from '../../topology/types.ts';
import { NotSoError, OperatorError } from '../errors.ts';
import { askGuard } from '../observe/guard-call.ts';
import { parseInfo, parsePairs } from '../observe/redis-call.ts';
import { collectStatus } from '../observe/status.ts';
import { checkSwitchover, type Handover } from './check.ts';
import { type Connections, type Coordinator, connectAll } from './connections.ts';
import { openWaits, WritePause } from './pause.ts';
import { awaitCoordinator, prefer } from './preference.ts';

/** What the part needs during which writes wait. */
export interface HandoverOptions {
  readonly plan: AnyPlan;
  readonly credentials: Credentials;
  readonly signal: AbortSignal;
}

export interface SwitchoverOptions extends HandoverOptions {
  readonly engine: Docker;
  readonly shard: string;
  /** Member that shall be master; without one the replica that has most. */
  readonly to?: string;
  readonly progress: (sentence: string) => void;
}

/** What a switchover did. Milliseconds count from the moment writes began to wait. */
export interface SwitchoverResult {
  readonly shard: string;
  readonly from: string;
  readonly to: string;
  readonly coordinator: string;
  /** When writes began to wait, on this process's monotonic clock. */
  readonly pausedAt: number;
  readonly promotedAfter: number;
  /** A majority of the sentinels named the new master, so every proxy writes to it. */
  readonly announcedAfter: number;
  /** The old master follows the new one. */
  readonly followedAfter: number;
}

/** For a replica to be level once writes wait. */
const LEVEL_MS = 250;
/** Tries to begin the pause at a good moment, and the milliseconds in between, in which open confirmations arrive. */
const PAUSE_ATTEMPTS = 30;
const BREATH_MS = 10;
/** The old master is given this long to answer the writes that waited before its other connections are cut. */
const DRAIN_MS = 40;
const FOLLOW_MS = 30_000;
/** What ioredis says of a command that was not answered in time. */
const TIMED_OUT = 'Command timed out';

/**
 * Moves a master on purpose: writes wait (CLIENT PAUSE), the replica is seen to have everything, a sentinel selects it,
 * and the old master's guard, which was told so, votes for it: the old master steps down before the new one is one.
 *
 * @throws InputError, NotSoError: it was refused or given up, and nothing has changed
 */
export async function switchOver(options: SwitchoverOptions): Promise<SwitchoverResult> {
  const { plan, credentials, engine, signal, progress } = options;
  progress('asking every member whether it is safe');
  const status = await collectStatus(plan, credentials, engine);
  const handover = checkSwitchover(plan, status, options.shard, options.to);
  const connections = await connectAll(plan, credentials, handover);
  const takeBack: Array<() => Promise<unknown>> = [];
  try {
    takeBack.push(await prefer(connections.to));
    progress(`waiting for a sentinel to be ready to promote ${handover.to.name}`);
    const coordinator = await awaitCoordinator(connections.sentinels, handover, signal);
    const pause = new WritePause(connections.from, plan.sentinel.downAfterMs);
    takeBack.push(() => pause.end());
    progress(`handing over to ${handover.to.name}`);
    return await handOver(options, handover, connections, coordinator, pause);
  } finally {
    // A member that went away in the middle cannot take it back; its pause ends by itself.
    await Promise.allSettled(takeBack.reverse().map((undo) => undo()));
    connections.close();
  }
}

/**
 * The part during which writes wait.
 *
 * @throws NotSoError: it was given up, or somebody who takes part went away
 */
export async function handOver(
  options: HandoverOptions,
  handover: Handover,
  connections: Connections,
  coordinator: Coordinator,
  pause: WritePause,
): Promise<SwitchoverResult> {
  try {
    return await moveMaster(options, handover, connections, coordinator, pause);
  } catch (error) {
    if (error instanceof OperatorError) throw error;
    const takers = [
      { member: handover.from, redis: connections.from },
      { member: handover.to, redis: connections.to },
      coordinator,
    ];
    const gone = takers.filter(({ redis }) => redis.status === 'end').map(({ member }) => member.name);
    const { message } = error as Error;
    if (gone.length === 0 && message !== TIMED_OUT) throw error;
    throw new NotSoError(`${gone.join(' and ') || 'a member'} went away in the middle: ${message}`, {
      remedy: `writes wait no longer; \`twemstack status\` shows who is master of ${handover.shard}`,
      cause: error,
    });
  }
}

async function moveMaster(
  { plan, credentials, signal }: HandoverOptions,
  handover: Handover,
  connections: Connections,
  coordinator: Coordinator,
  pause: WritePause,
): Promise<SwitchoverResult> {
  const { from, to } = connections;
  await pauseBetweenWrites(from, pause, handover);
  const begin = performance.now() - pause.elapsed;
  const elapsed = (): number => Math.round(performance.now() - begin);
  await awaitLevel(from, to, handover);
  if (signal.aborted)
    throw new NotSoError('interrupted; writes go on at the old master, nothing was changed');
  await askToYield(handover, credentials, plan.sentinel.failoverTimeoutMs);
  await startFailover(coordinator, handover);
  pause.hold();
  await awaitPromotion(connections, coordinator, handover, plan.sentinel.failoverTimeoutMs);
  const promotedAfter = elapsed();
  // The writes that waited are now answered READONLY, not executed, and the proxies send them to the new master.
  // Whoever has cut this connection has cut those of the clients, too; and of one that ended nothing waits.
  await pause.end().catch(() => undefined);
  const cut = delay(DRAIN_MS).then(() => cutOthers(from));
  await awaitAnnouncement(connections, handover, plan.sentinels.length);
  const announcedAfter = elapsed();
  await cut;
  await awaitFollower(from, handover);
  return {
    shard: handover.shard,
    from: handover.from.name,
    to: handover.to.name,
    coordinator: coordinator.member.name,
    pausedAt: begin,
    promotedAfter,
    announcedAfter,
    followedAfter: elapsed(),
  };
}

/** Begins the pause at a moment when no write waits for its replicas: it would be told that it is not confirmed. */
async function pauseBetweenWrites(from: Redis, pause: WritePause, { shard }: Handover): Promise<void> {
  for (let attempt = 0; attempt < PAUSE_ATTEMPTS; attempt++) {
    await pause.begin();
    if (openWaits(String(await from.call('CLIENT', 'LIST'))) === 0) return;
    await pause.end();
    await delay(BREATH_MS);
  }
  throw new NotSoError(`writes of ${shard} keep waiting for replicas to confirm them`, {
    remedy: 'nothing was changed and writes go on; `twemstack status` shows whether the replicas keep up',
  });
}

/** While writes wait, nothing is added: the replica must reach the master's offset, by its own account. */
async function awaitLevel(from: Redis, to: Redis, handover: Handover): Promise<void> {
  const deadline = performance.now() + LEVEL_MS;
  for (;;) {
    const [master, replica] = await Promise.all([from.info('replication'), to.info('replication')]);
    const goal = Number(parseInfo(master).get('master_repl_offset'));
    const has = Number(parseInfo(replica).get('slave_repl_offset'));
    if (has >= goal) return;
    if (performance.now() > deadline) {
      throw new NotSoError(`${handover.to.name} is still ${goal - has} bytes behind after ${LEVEL_MS} ms`, {
        remedy: 'nothing was changed and writes go on; try again when there is less to replicate',
      });
    }
    await delay(5);
  }
}

/** Without it the master would not be replaced: it and its replicas say that it is well. */
async function askToYield(
  { from, to }: Handover,
  credentials: Credentials,
  failoverTimeoutMs: number,
): Promise<void> {
  try {
    await askGuard(from, credentials, { kind: 'yield', to: to.name, forMs: failoverTimeoutMs });
  } catch (error) {
    throw new NotSoError(`the guard of ${from.name} does not answer: ${(error as Error).message}`, {
      remedy: `nothing was changed and writes go on; \`twemstack logs ${from.name}\` tells why`,
    });
  }
}

async function startFailover({ member, redis }: Coordinator, { shard }: Handover): Promise<void> {
  try {
    await redis.call('SENTINEL', 'FAILOVER', shard);
  } catch (error) {
    throw new NotSoError(`${member.name} refuses to fail ${shard} over: ${(error as Error).message}`, {
      remedy: 'nothing was changed and writes go on; try again in some seconds',
    });
  }
}

async function awaitPromotion(
  { to }: Connections,
  coordinator: Coordinator,
  { shard, to: member }: Handover,
  failoverTimeoutMs: number,
): Promise<void> {
  const deadline = performance.now() + failoverTimeoutMs + 1000;
  const started = performance.now();
  while (performance.now() < deadline) {
    // The promotion cuts every connection of the replica but the sentinel's own.
    const role = await answerOf(to, () => to.role());
    if (role?.[0] === 'master') return;
    if (performance.now() - started > 500 && !(await underWay(coordinator, shard))) break;
    await delay(10);
  }
  throw new NotSoError(`${member.name} was not promoted`, {
    where: coordinator.member.name,
    remedy: `writes go on at the old master; \`twemstack logs ${coordinator.member.name}\` tells why`,
  });
}

/** Undefined when it does not answer. A connection that was cut is made again. */
async function answerOf<T>(redis: Redis, ask: () => Promise<T>): Promise<T | undefined> {
  const answer = await ask().catch(() => undefined);
  if (redis.status === 'end') await redis.connect().catch(() => undefined);
  return answer;
}

async function underWay({ redis }: Coordinator, shard: string): Promise<boolean> {
  const fields = parsePairs(await redis.call('SENTINEL', 'MASTER', shard));
  return fields.get('flags')?.includes('failover_in_progress') ?? false;
}

/** A proxy that wrote nothing has not heard yet: cut off, it looks for the master before it serves old data. */
async function cutOthers(from: Redis): Promise<void> {
  await from.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes').catch(() => undefined);
}

/** Waits for what the proxies wait for: a majority of the configured sentinels. */
async function awaitAnnouncement(
  { sentinels }: Connections,
  { shard, to }: Handover,
  configured: number,
): Promise<void> {
  const needed = Math.floor(configured / 2) + 1;
  const deadline = performance.now() + FOLLOW_MS;
  while (performance.now() < deadline) {
    const named = await Promise.all(
      sentinels.map(({ redis }) =>
        redis.call('SENTINEL', 'GET-MASTER-ADDR-BY-NAME', shard).catch(() => undefined),
      ),
    );
    if (named.filter((answer) => Array.isArray(answer) && answer[0] === to.address).length >= needed) return;
    await delay(20);
  }
  throw new NotSoError(`${to.name} was promoted, but no majority of the sentinels names it`, {
    remedy: '`twemstack status` shows how it stands',
  });
}

async function awaitFollower(from: Redis, { to }: Handover): Promise<void> {
  const deadline = performance.now() + FOLLOW_MS;
  while (performance.now() < deadline) {
    const info = parseInfo((await answerOf(from, () => from.info('replication'))) ?? '');
    // Until it hears of the new master it follows its own guard, and that link is up, too.
    if (info.get('master_host') === to.address && info.get('master_link_status') === 'up') return;
    await delay(50);
  }
  throw new NotSoError('the old master does not follow the new one yet', {
    remedy: '`twemstack status` shows how it stands',
  });
}
