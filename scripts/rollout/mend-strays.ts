import type { Redis } from 'ioredis';
import { placeOf } from '../../sentinel/guard/config.ts';
import { renderSentinelConf } from '../../sentinel/sentinel-conf.ts';
import type { AnyPlan, Credentials, PlanShard, SentinelMember } from '../../topology/types.ts';
import { currentMaster, watchesOf } from '../observe/assess.ts';
import { withRedis } from '../observe/redis-call.ts';
import { readSentinel } from '../observe/sentinel-view.ts';
import type { StackStatus } from '../observe/status.ts';
import { describeStray, findStrays, type Stray } from '../observe/strays.ts';
import { parseSentinelConf } from './reload/sentinel.ts';

/** Until a sentinel that has forgotten a shard knows it again: an INFO of the master, and the others' hello. */
const LEARNING_MS = 20_000;
const POLL_MS = 200;
const PATIENCE_MS = 3000;

export interface MendOptions {
  readonly plan: AnyPlan;
  readonly credentials: Credentials;
  readonly status: StackStatus;
}

/**
 * Makes sentinels forget what is no member of the stack.
 *
 * A stray replica or sentinel: SENTINEL RESET, one sentinel at a time, each having learnt everything anew before the next,
 * and none while a failover may be under way; a sentinel that has just forgotten its replicas could promote none. A stray
 * master: it would be told on by those that are left to those that have forgotten it, so all forget the shard, and are
 * then told of the one member that says it is master. So they are where all name a member that is none.
 *
 * @returns what was done, in sentences; what could not be done is among the problems of the status as before
 */
export async function mendStrays(options: MendOptions): Promise<string[]> {
  const strays = findStrays(options.plan, options.status);
  const done: string[] = [];
  for (const shard of options.plan.shards) {
    const own = strays.filter((stray) => stray.shard.name === shard.name);
    if (own.some(({ kind }) => kind === 'master')) {
      const words = own.map((stray) => `${stray.sentinel.name} ${describeStray(stray)}`).join('; ');
      done.push(...(await replaceMaster(options, shard, words)));
    } else if (doNotKnowMaster(options, shard))
      done.push(...(await replaceMaster(options, shard, 'they named one that is none, and did not know it')));
    else if (own.length > 0 && isCalm(options, shard)) done.push(...(await forget(options, own)));
  }
  return done;
}

/** Every sentinel answers, and none doubts the master. */
function isCalm({ plan, status }: MendOptions, shard: PlanShard): boolean {
  const views = watchesOf(shard, status.members);
  return (
    views.length === plan.sentinels.length &&
    views.every(({ flags }) => flags.every((flag) => flag === 'master'))
  );
}

async function forget(options: MendOptions, strays: readonly Stray[]): Promise<string[]> {
  const done: string[] = [];
  for (const sentinel of new Set(strays.map((stray) => stray.sentinel))) {
    const own = strays.filter((stray) => stray.sentinel === sentinel);
    const { shard } = own[0];
    await as(options, sentinel, (redis) => redis.call('SENTINEL', 'RESET', shard.name));
    done.push(`${sentinel.name} has forgotten ${own.map(({ place }) => place).join(', ')} (${shard.name})`);
    if (!(await hasLearnt(options, sentinel, shard))) return done;
  }
  return done;
}

/** Waits until a sentinel knows the whole shard. @returns false when it does not in time; the next must not forget too */
async function hasLearnt(
  { plan, credentials }: MendOptions,
  sentinel: SentinelMember,
  shard: PlanShard,
): Promise<boolean> {
  const login = { username: 'operator', password: credentials.operator };
  const deadline = performance.now() + LEARNING_MS;
  while (performance.now() < deadline) {
    const view = await readSentinel(sentinel, login).catch(() => undefined);
    const watched = view?.masters.find(({ name }) => name === shard.name);
    const knowsAll =
      watched !== undefined &&
      watched.replicas >= shard.members.length - 1 &&
      watched.otherSentinels >= plan.sentinels.length - 1;
    if (knowsAll) return true;
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
  return false;
}

/**
 * All sentinels name the same member, which is no master, while another one is, of which none of them has ever heard. They
 * would never hear of it: replicas are learnt of from the master that is named, and promoted are those that are known.
 */
function doNotKnowMaster({ plan, status }: MendOptions, shard: PlanShard): boolean {
  const master = currentMaster(status, shard.name);
  if (master === undefined) return false;
  const views = watchesOf(shard, status.members);
  const place = placeOf(master);
  return (
    views.length === plan.sentinels.length &&
    new Set(views.map(placeOf)).size === 1 &&
    views.every((view) => placeOf(view) !== place && !view.replicaPlaces.includes(place))
  );
}

async function replaceMaster(options: MendOptions, shard: PlanShard, words: string): Promise<string[]> {
  const { plan, status, credentials } = options;
  const reached = status.members.filter(({ sentinel }) => sentinel !== undefined).length;
  const master = currentMaster(status, shard.name);
  if (reached < plan.sentinels.length)
    return [`not mended, as only ${reached} of ${plan.sentinels.length} sentinels answer: ${words}`];
  if (master === undefined) return [`not mended, as not exactly one member says it is master: ${words}`];
  const everySentinel = <T>(use: (redis: Redis) => Promise<T>): Promise<T[]> =>
    Promise.all(plan.sentinels.map((sentinel) => as(options, sentinel, use)));
  await everySentinel((redis) => redis.call('SENTINEL', 'REMOVE', shard.name));
  const conf = parseSentinelConf(renderSentinelConf(plan, plan.sentinels[0], credentials));
  const seed = conf.shards.find(({ name }) => name === shard.name);
  await everySentinel(async (redis) => {
    const quorum = String(plan.sentinel.quorum);
    await redis.call('SENTINEL', 'MONITOR', shard.name, master.address, String(master.port), quorum);
    for (const [option, value] of seed?.options ?? [])
      await redis.call('SENTINEL', 'SET', shard.name, option, value);
  });
  return [`all sentinels watch ${shard.name} at ${master.name} again: ${words}`];
}

const as = <T>(
  { credentials }: MendOptions,
  sentinel: SentinelMember,
  use: (redis: Redis) => Promise<T>,
): Promise<T> =>
  withRedis(sentinel, { username: 'operator', password: credentials.operator }, use, PATIENCE_MS);
