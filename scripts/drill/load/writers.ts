import { setTimeout as delay } from 'node:timers/promises';
import { served } from './application.ts';
import type { ReadRecord, WriteKind } from './ledger.ts';
import { attempt, type LoadClient, repeat } from './load-client.ts';
import { reasonOf } from './outcome.ts';

/** Key of a counter that is read -> its newest acknowledged value: nobody may read less afterwards. */
export type Newest = Map<string, number>;

/** One writer: what it writes to, and what is known of that. */
export interface Writer {
  readonly client: LoadClient;
  readonly run: string;
  readonly nextKey: () => string;
  readonly list: string;
  /** Of one writer of each shard it is also what the shard's readers read: it only ever grows. */
  readonly counter: string;
  readonly newest: Newest;
  /** Writes per second. */
  readonly rate: number;
}

/** Sets keys of its own, appends to its list and increments its counter. */
export function write({ client, run, nextKey, list, counter, newest, rate }: Writer): Promise<void> {
  const { redis, connection, ledger } = client;
  const record = async (
    kind: WriteKind,
    key: string,
    id: string,
    send: () => Promise<unknown>,
  ): Promise<void> => {
    const answered = await attempt(client, send);
    if (answered === undefined) return;
    const { reply, attempt: sent } = answered;
    if (sent.outcome === 'acknowledged') ledger.servedAt.set(connection, sent.endedAt);
    const value = kind === 'increment' && typeof reply === 'number' ? { reply } : {};
    if (value.reply !== undefined) newest.set(key, value.reply);
    ledger.writes.push({ kind, key, id, ...sent, ...value });
  };
  return repeat(rate, client.running, async (n) => {
    const id = `${run}-${connection}-${n}`;
    if (n % 4 === 0) await record('append', list, id, () => redis.rpush(list, id));
    else if (n % 4 === 2) await record('increment', counter, id, () => redis.incr(counter));
    else {
      const key = nextKey();
      await record('set', key, id, () => redis.set(key, id));
    }
  });
}

/** Reads a counter; what is older than an acknowledged write is told. */
export async function read(client: LoadClient, key: string, newest: Newest, rate: number): Promise<void> {
  const { redis, shard, connection, ledger, running } = client;
  let seen = 0;
  while (running()) {
    const floor = newest.get(key) ?? 0;
    const sentAt = performance.now();
    if (!(await served(redis, running))) return;
    let result: Pick<ReadRecord, 'ok' | 'stale' | 'backwards' | 'error'>;
    try {
      const value = Number((await redis.get(key)) ?? 0);
      result = { ok: true, stale: value < floor, backwards: value < seen };
      seen = Math.max(seen, value);
      ledger.servedAt.set(connection, performance.now());
    } catch (cause) {
      result = { ok: false, stale: false, backwards: false, error: reasonOf(cause as Error) };
    }
    ledger.reads.push({ shard, connection, sentAt, endedAt: performance.now(), ...result });
    await delay(1000 / rate);
  }
}
