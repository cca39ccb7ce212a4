import { setTimeout as delay } from 'node:timers/promises';
import type { Redis } from 'ioredis';
import { withRedis } from '../../scripts/observe/redis-call.ts';
import type { Credentials, Plan } from '../../topology/types.ts';

const COUNT = 300;
const PATIENCE_MS = 10_000;
const keyOf = (n: number): string => `bystander:${n}`;

/** Keys of another application that nobody else has any business to change. */
export class Canaries {
  readonly #plan: Plan;
  readonly #credentials: Credentials;

  private constructor(plan: Plan, credentials: Credentials) {
    this.#plan = plan;
    this.#credentials = credentials;
  }

  static async plant(plan: Plan, credentials: Credentials): Promise<Canaries> {
    const canaries = new Canaries(plan, credentials);
    const pairs = Array.from({ length: COUNT }, (_, n) => [keyOf(n), `value of ${n}`]).flat();
    await canaries.#through((redis) => redis.mset(...pairs));
    return canaries;
  }

  /** Those that are gone or hold something else. */
  async changed(): Promise<string[]> {
    const keys = Array.from({ length: COUNT }, (_, n) => keyOf(n));
    const values = await this.#through((redis) => redis.mget(...keys));
    return keys.filter((_, n) => values[n] !== `value of ${n}`);
  }

  async remove(): Promise<void> {
    await this.#through((redis) => redis.unlink(...Array.from({ length: COUNT }, (_, n) => keyOf(n))));
  }

  #through<T>(use: (redis: Redis) => Promise<T>): Promise<T> {
    const entrance = { address: this.#plan.vip, port: this.#plan.pools[0].listen };
    return withRedis(entrance, { password: this.#credentials.application }, use, PATIENCE_MS);
  }
}

/** Removes what an attack wrote, from the masters themselves: what it did to others is looked at without it. */
export async function removeKeys({ shards }: Plan, credentials: Credentials, prefix: string): Promise<void> {
  const login = { username: 'operator', password: credentials.operator };
  const members = shards.flatMap((shard) => shard.members);
  await Promise.allSettled(
    members.map((member) =>
      withRedis(
        member,
        login,
        async (redis) => {
          const [role] = (await redis.role()) as [string];
          if (role !== 'master') return;
          let cursor = '0';
          do {
            const [next, keys] = await redis.scan(cursor, 'MATCH', `${prefix}*`, 'COUNT', 1000);
            if (keys.length > 0) await redis.unlink(...keys);
            cursor = next;
            await delay(0);
          } while (cursor !== '0');
        },
        PATIENCE_MS,
      ),
    ),
  );
}
