import type { Redis } from 'ioredis';
import { watchingClient } from '../scripts/drill/watch/redis-client.ts';
import { parseInfo } from '../scripts/observe/redis-call.ts';
import type { AnyPlan, Credentials } from '../topology/types.ts';
import type { RedisSample } from './document.ts';

/** What a redis-server says it is, with its figures. */
export interface RedisLook extends RedisSample {
  readonly role: 'master' | 'replica';
}

/** Those of INFO that are shown; all of them take a redis four times as long. */
const SECTIONS = ['replication', 'stats', 'memory', 'clients'];

/** Asks every redis-server how it is, over connections that stay. */
export class RedisSampler {
  readonly #clients: ReadonlyMap<string, Redis>;

  constructor(plan: AnyPlan, credentials: Credentials) {
    this.#clients = new Map(
      plan.shards
        .flatMap(({ members }) => members)
        .map(({ name, address, port }) => [name, watchingClient(address, port, credentials.operator)]),
    );
  }

  /** By member; one that does not answer is absent. */
  look(): Promise<ReadonlyMap<string, RedisLook>> {
    return this.#ask((client) => client.info(...SECTIONS).then(parseLook));
  }

  /** Who is master and who is not, which costs a redis next to nothing; as `look`. */
  roles(): Promise<ReadonlyMap<string, RedisLook['role']>> {
    return this.#ask((client) => client.role().then(([role]) => (role === 'master' ? 'master' : 'replica')));
  }

  async #ask<T>(question: (client: Redis) => Promise<T>): Promise<ReadonlyMap<string, T>> {
    const answers = await Promise.all(
      [...this.#clients].map(async ([name, client]) => {
        if (client.status !== 'ready') return [];
        // It has gone, or hangs; the status says which.
        return question(client).then(
          (answer) => [[name, answer] as const],
          () => [],
        );
      }),
    );
    return new Map(answers.flat());
  }

  end(): void {
    for (const client of this.#clients.values()) client.disconnect();
  }
}

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
