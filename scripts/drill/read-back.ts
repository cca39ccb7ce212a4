import type { Redis } from 'ioredis';
import type { Credentials, Plan } from '../../topology/types.ts';
import { NotSoError } from '../errors.ts';
import { currentMaster } from '../observe/assess.ts';
import { withRedis } from '../observe/redis-call.ts';
import type { StackStatus } from '../observe/status.ts';
import type { Found, Ledger } from './ledger.ts';

const BATCH = 500;
const PATIENCE_MS = 15_000;

/** Reads every key of a run from its shard's master itself, past the proxies, so that a wrong route cannot hide a loss. */
export async function readBack(
  plan: Plan,
  credentials: Credentials,
  status: StackStatus,
  ledger: Ledger,
  db: number,
): Promise<Found> {
  const values = new Map<string, string>();
  const lists = new Map<string, string[]>();
  for (const { name: shard } of plan.shards) {
    const master = currentMaster(status, shard);
    if (master === undefined)
      throw new NotSoError(`${shard} has no single master to read the writes back from`);
    const login = { username: 'operator', password: credentials.operator };
    const writes = ledger.writes.filter((write) => write.shard === shard);
    const keys = [...new Set(writes.filter(({ kind }) => kind === 'set').map(({ key }) => key))];
    const listKeys = [...new Set(writes.filter(({ kind }) => kind === 'append').map(({ key }) => key))];
    await withRedis(
      master,
      login,
      async (redis) => {
        if (db !== 0) await redis.select(db);
        await readValues(redis, keys, values);
        for (const key of listKeys) lists.set(key, await redis.lrange(key, 0, -1));
      },
      PATIENCE_MS,
    );
  }
  return { values, lists };
}

async function readValues(redis: Redis, keys: readonly string[], into: Map<string, string>): Promise<void> {
  for (let at = 0; at < keys.length; at += BATCH) {
    const batch = keys.slice(at, at + BATCH);
    const found = await redis.mget(...batch);
    for (const [index, value] of found.entries()) if (value !== null) into.set(batch[index], value);
  }
}

/** Removes the run's keys, so that drills do not fill the stack they test. */
export async function removeTraces(client: Redis, ledger: Ledger): Promise<void> {
  const keys = [...new Set(ledger.writes.map(({ key }) => key))];
  for (let at = 0; at < keys.length; at += BATCH) await client.unlink(...keys.slice(at, at + BATCH));
}
