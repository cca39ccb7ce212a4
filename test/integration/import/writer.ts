import { Redis } from 'ioredis';
import type { RedisServer } from '../../support/redis-server.ts';
import { waitUntil } from '../../support/wait-until.ts';

/** An application that writes to the source without a break, and knows what was acknowledged. */
export interface Writer {
  /** Waits until so many more writes were acknowledged. */
  more(writes: number): Promise<void>;
  /** Waits until a write is refused, and ends. @returns the error */
  refused(): Promise<string>;
  /** What is missing, too much, or in another order than it was acknowledged, in words; '' = nothing. */
  lost(at: (key: string) => Redis): Promise<string>;
  stop(): Promise<void>;
}

const KEYS = 5;
/** Applications that write at the same time, each to keys of its own. */
const LANES = 8;

/**
 * Writes counters, lists, streams, strings that expire and come again, transactions, scripts and renamed keys. Each lane awaits its
 * writes; the first one that is refused ends it.
 */
export async function startWriter(
  serverOf: (key: string) => RedisServer,
  name: string,
  { password, scripts = true }: { password?: string; scripts?: boolean } = {},
): Promise<Writer> {
  const clients = new Map<number, Redis>();
  const at = (key: string): Redis => {
    const { port } = serverOf(key);
    const client =
      clients.get(port) ??
      new Redis(port, '127.0.0.1', { password, retryStrategy: () => null, maxRetriesPerRequest: 0 });
    if (!clients.has(port)) client.on('error', () => undefined);
    clients.set(port, client);
    return client;
  };
  const counters = new Map<string, number>();
  const lists = new Map<string, string[]>();
  const streams = new Map<string, number>();
  const values = new Map<string, string | undefined>();
  let acknowledged = 0;
  let refusal: string | undefined;
  let stopped = false;
  const add = <T>(map: Map<string, T[]>, key: string, value: T): void => {
    map.set(key, [...(map.get(key) ?? []), value]);
  };
  const write = async (i: number, name: string): Promise<void> => {
    const n = Math.floor(i / 8) % KEYS;
    switch (i % 8) {
      case 0: {
        const key = `${name}:counter:${n}`;
        await at(key).incr(key);
        counters.set(key, (counters.get(key) ?? 0) + 1);
        return;
      }
      case 1: {
        const key = `${name}:list:${n}`;
        await at(key).rpush(key, String(i));
        add(lists, key, String(i));
        return;
      }
      case 2: {
        const key = `${name}:stream:${n}`;
        await at(key).xadd(key, '*', 'i', String(i));
        streams.set(key, (streams.get(key) ?? 0) + 1);
        return;
      }
      case 3: {
        const key = `${name}:value:${n}`;
        await at(key).set(key, String(i), 'PX', 600_000);
        values.set(key, String(i));
        return;
      }
      case 4: {
        // Gone, and there again at the next turn.
        const key = `${name}:value:${(n + 2) % KEYS}`;
        await at(key).del(key);
        values.set(key, undefined);
        return;
      }
      case 5: {
        const key = `${name}:multi:${n}`;
        await at(key)
          .multi()
          .incr(key)
          .expire(key, 3600)
          .incr(key)
          .exec()
          .then(
            (answers) => {
              const error = answers?.find(([each]) => each !== null)?.[0];
              if (error) throw error;
            },
            // A transaction that is not begun names no reason; its first command that was refused does.
            (error: Error & { previousErrors?: Error[] }) => {
              throw error.previousErrors?.[0] ?? error;
            },
          );
        counters.set(key, (counters.get(key) ?? 0) + 2);
        return;
      }
      case 6: {
        if (!scripts) return;
        const key = `${name}:script:${n}`;
        await at(key).eval("redis.call('INCR', KEYS[1]); return redis.call('INCRBY', KEYS[1], 4)", 1, key);
        counters.set(key, (counters.get(key) ?? 0) + 5);
        return;
      }
      default: {
        const key = `${name}:renamed:${n}`;
        // Both on one server: the tag.
        await at(`{${key}}`).set(`{${key}}:before`, String(i));
        values.set(`{${key}}:before`, String(i));
        await at(`{${key}}`).rename(`{${key}}:before`, `{${key}}:after`);
        values.set(`{${key}}:after`, String(i));
        values.set(`{${key}}:before`, undefined);
      }
    }
  };
  const go = async (lane: number): Promise<void> => {
    for (let i = 0; !stopped; i++) {
      try {
        await write(i, `${name}:${lane}`);
        acknowledged++;
      } catch (error) {
        refusal ??= (error as Error).message;
        return;
      }
    }
  };
  const work = Promise.all(Array.from({ length: LANES }, (_, lane) => go(lane)));
  return {
    async more(writes) {
      const until = acknowledged + writes;
      await waitUntil(`${writes} more writes`, () => acknowledged >= until || refusal !== undefined, {
        withinMs: 60_000,
      });
      if (refusal !== undefined) throw new Error(`a write was refused: ${refusal}`);
    },
    async refused() {
      await waitUntil('a write to be refused', () => refusal !== undefined, { withinMs: 20_000 });
      await work;
      return refusal ?? '';
    },
    async lost(client) {
      const wrong: string[] = [];
      const hold = (key: string, is: unknown, should: unknown): void => {
        if (String(is) !== String(should)) wrong.push(`${key}: ${is} instead of ${should}`);
      };
      for (const [key, count] of counters) hold(key, await client(key).get(key), count);
      for (const [key, all] of lists) hold(key, await client(key).lrange(key, 0, -1), all);
      for (const [key, count] of streams) hold(key, await client(key).xlen(key), count);
      for (const [key, value] of values) hold(key, await client(key).get(key), value ?? null);
      return wrong.join('\n');
    },
    async stop() {
      stopped = true;
      for (const client of clients.values()) client.disconnect();
      await work;
    },
  };
}
