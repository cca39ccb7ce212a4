import { setTimeout as delay } from 'node:timers/promises';
import type { Redis } from 'ioredis';
import type { AnyPlan, Credentials, PlanShard, RedisMember } from '../../../topology/types.ts';
import { NotSoError } from '../../errors.ts';
import { currentMaster } from '../../observe/assess.ts';
import { withRedis } from '../../observe/redis-call.ts';
import { readRedis } from '../../observe/redis-view.ts';
import type { StackStatus } from '../../observe/status.ts';
import { drilledPool, drilledShards } from './drilled-pool.ts';
import { differences } from './judge.ts';
import { type Found, keysOfRun, type Ledger } from './ledger.ts';

const BATCH = 500;
const PATIENCE_MS = 15_000;
/** The load has ended, so a replica that is not level after this is not merely a little late. */
const LEVEL_MS = 5000;

/** What the servers hold after a run. */
export interface ReadBack {
  /** All masters together. */
  readonly masters: Found;
  /** Replicas that do not hold what their master holds, with the keys. */
  readonly differing: ReadonlyArray<{ readonly member: string; readonly keys: readonly string[] }>;
}

export interface ReadBackOptions {
  readonly plan: AnyPlan;
  readonly credentials: Credentials;
  readonly status: StackStatus;
  readonly ledger: Ledger;
  readonly db: number;
}

/** Reads every key of a run from its shard's members themselves, past the proxies, so that a wrong route hides no loss. */
export async function readBack(options: ReadBackOptions): Promise<ReadBack> {
  const parts = await Promise.all(drilledShards(options.plan).map((shard) => readShard(options, shard)));
  return {
    masters: {
      values: new Map(parts.flatMap(({ masters }) => [...masters.values])),
      lists: new Map(parts.flatMap(({ masters }) => [...masters.lists])),
      counters: new Map(parts.flatMap(({ masters }) => [...masters.counters])),
    },
    differing: parts.flatMap(({ differing }) => differing),
  };
}

async function readShard(options: ReadBackOptions, shard: PlanShard): Promise<ReadBack> {
  const master = currentMaster(options.status, shard.name);
  if (master === undefined)
    throw new NotSoError(`${shard.name} has no single master to read the writes back from`);
  const found = await readMember(options, master);
  const differing: Array<{ member: string; keys: string[] }> = [];
  for (const replica of shard.members.filter(({ name }) => name !== master.name)) {
    await level(options.credentials, master, replica);
    const keys = differences(found, await readMember(options, replica));
    if (keys.length > 0) differing.push({ member: replica.name, keys });
  }
  return { masters: found, differing };
}

/** Waits until the replica has all its master had when this was called. */
async function level(credentials: Credentials, master: RedisMember, replica: RedisMember): Promise<void> {
  const login = { username: 'operator', password: credentials.operator };
  const { offset } = await readRedis(master, login);
  const deadline = performance.now() + LEVEL_MS;
  while ((await readRedis(replica, login)).offset < offset && performance.now() < deadline) await delay(50);
}

async function readMember({ ledger, credentials, db }: ReadBackOptions, member: RedisMember): Promise<Found> {
  const keys = keysOfRun(ledger, member.shard);
  const login = { username: 'operator', password: credentials.operator };
  return withRedis(
    member,
    login,
    async (redis) => {
      if (db !== 0) await redis.select(db);
      const lists = new Map<string, string[]>();
      for (const key of keys.lists) lists.set(key, await redis.lrange(key, 0, -1));
      const counters = await readValues(redis, keys.counters);
      return {
        values: await readValues(redis, keys.values),
        lists,
        counters: new Map([...counters].map(([key, value]) => [key, Number(value)])),
      };
    },
    PATIENCE_MS,
  );
}

async function readValues(redis: Redis, keys: readonly string[]): Promise<Map<string, string>> {
  const values = new Map<string, string>();
  for (let at = 0; at < keys.length; at += BATCH) {
    const batch = keys.slice(at, at + BATCH);
    const found = await redis.mget(...batch);
    for (const [index, value] of found.entries()) if (value !== null) values.set(batch[index], value);
  }
  return values;
}

/** Removes the run's keys, so that drills do not fill the stack they test. */
export async function removeTraces(
  plan: AnyPlan,
  password: string,
  ledger: Ledger,
  others: readonly string[],
): Promise<void> {
  const { values, lists, counters } = keysOfRun(ledger);
  const keys = [...values, ...lists, ...counters, ...others];
  const entrance = { address: plan.vip, port: drilledPool(plan).listen };
  const remove = async (redis: Redis): Promise<void> => {
    for (let at = 0; at < keys.length; at += BATCH) await redis.unlink(...keys.slice(at, at + BATCH));
  };
  await withRedis(entrance, { password }, remove, PATIENCE_MS);
}
