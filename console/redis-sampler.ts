import type { Redis } from 'ioredis';
import { watchingClient } from '../scripts/drill/watch/redis-client.ts';
import { parseInfo } from '../scripts/observe/redis-call.ts';
import type { Credentials, Plan } from '../topology/types.ts';
import type { RedisSample } from './document.ts';

/** What a redis-server says it is, with its figures. */
export interface RedisLook extends RedisSample {
  readonly role: 'master' | 'replica';
}

/** Asks every redis-server how it is, over connections that stay: one INFO each, some tenths of a millisecond of its time. */
export class RedisSampler {
  readonly #clients: ReadonlyMap<string, Redis>;

  constructor(plan: Plan, credentials: Credentials) {
    this.#clients = new Map(
      plan.shards
        .flatMap(({ members }) => members)
        .map(({ name, address, port }) => [name, watchingClient(address, port, credentials.operator)]),
    );
  }

  /** By member; one that does not answer is absent. */
  async look(): Promise<ReadonlyMap<string, RedisLook>> {
    const looks = await Promise.all(
      [...this.#clients].map(async ([name, client]) => {
        const look = client.status === 'ready' ? await askInfo(client) : undefined;
        return look === undefined ? [] : [[name, look] as const];
      }),
    );
    return new Map(looks.flat());
  }

  end(): void {
    for (const client of this.#clients.values()) client.disconnect();
  }
}

/** undefined: it has gone, or hangs; the status says which. */
const askInfo = (client: Redis): Promise<RedisLook | undefined> =>
  client.info().then(parseLook, () => undefined);

/** INFO -> what the page shows of it. */
export function parseLook(text: string): RedisLook {
  const info = parseInfo(text);
  const number = (key: string): number => Number(info.get(key) ?? 0);
  return {
    role: info.get('role') === 'master' ? 'master' : 'replica',
    commands: number('instantaneous_ops_per_sec'),
    usedMemory: number('used_memory'),
    maxMemory: number('maxmemory'),
    clients: number('connected_clients'),
  };
}
