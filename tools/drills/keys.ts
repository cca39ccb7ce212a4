import { createHash } from 'node:crypto';
import { Redis } from 'ioredis';
import type { Plan } from '../../topology/types.ts';

/** Keys in one pipeline. */
const AT_ONCE = 1000;
/** Every so many keys one expires, this long from when it was written. */
const EXPIRES_EVERY = 10;
const EXPIRES_S = 86_400;

type Pipeline = ReturnType<Redis['pipeline']>;

interface Kind {
  write(pipeline: Pipeline, key: string, i: number): unknown;
  read(pipeline: Pipeline, key: string): unknown;
  /** What reading answers. */
  answer(i: number): unknown;
}

const textOf = (i: number): string => createHash('sha256').update(`restored ${i}`).digest('base64');

const KINDS: readonly Kind[] = [
  {
    write: (pipeline, key, i) => pipeline.set(key, textOf(i)),
    read: (pipeline, key) => pipeline.get(key),
    answer: textOf,
  },
  {
    write: (pipeline, key, i) => pipeline.hset(key, 'name', textOf(i), 'number', String(i)),
    read: (pipeline, key) => pipeline.hmget(key, 'name', 'number'),
    answer: (i) => [textOf(i), String(i)],
  },
  {
    write: (pipeline, key, i) => pipeline.rpush(key, String(i), textOf(i), String(i + 1)),
    read: (pipeline, key) => pipeline.lrange(key, 0, -1),
    answer: (i) => [String(i), textOf(i), String(i + 1)],
  },
  {
    write: (pipeline, key, i) => pipeline.call('ZADD', key, String(i + 1), textOf(i), String(i / 3), 'third'),
    read: (pipeline, key) => pipeline.zrange(key, '0', '-1'),
    answer: (i) => ['third', textOf(i)],
  },
];

/** What became of keys. */
export interface Found {
  readonly missing: number;
  /** There, with another value, or another expiry than they had. */
  readonly changed: number;
}

/** Keys of several types that follow from their numbers, so that nobody has to remember what they held. */
export class DrilledKeys {
  constructor(
    readonly count: number,
    private readonly plan: Plan,
  ) {}

  /** Through the virtual IP, as an application writes. @throws Error when one is refused */
  async write(password: string, progress: (written: number) => void): Promise<void> {
    await this.#eachPipeline(
      password,
      (pipeline, key, i) => {
        kindOf(i).write(pipeline, key, i);
        if (expires(i)) pipeline.expire(key, EXPIRES_S);
      },
      (_answers, from) => progress(from),
    );
  }

  /** Looks for all of them where applications look. */
  async find(password: string, progress: (read: number) => void): Promise<Found> {
    const found = { missing: 0, changed: 0 };
    await this.#eachPipeline(
      password,
      (pipeline, key, i) => {
        kindOf(i).read(pipeline, key);
        pipeline.ttl(key);
      },
      (answers, from, to) => {
        progress(from);
        for (let i = from; i < to; i++) {
          const [value, ttl] = answers.slice(2 * (i - from)) as [unknown, number];
          const isLike = JSON.stringify(value) === JSON.stringify(kindOf(i).answer(i));
          const isTimed = expires(i) ? ttl > 0 && ttl <= EXPIRES_S : ttl === -1;
          if (ttl === -2) found.missing++;
          else if (!isLike || !isTimed) found.changed++;
        }
      },
    );
    return found;
  }

  async #eachPipeline(
    password: string,
    fill: (pipeline: Pipeline, key: string, i: number) => void,
    take: (answers: readonly unknown[], from: number, to: number) => void,
  ): Promise<void> {
    const { vip, pools } = this.plan;
    const redis = new Redis(pools[0].listen, vip, { password, maxRetriesPerRequest: 1 });
    // Each request tells of it.
    redis.on('error', () => undefined);
    try {
      for (let from = 0; from < this.count; from += AT_ONCE) {
        const to = Math.min(this.count, from + AT_ONCE);
        const pipeline = redis.pipeline();
        for (let i = from; i < to; i++) fill(pipeline, `drilled:${i}`, i);
        const answers = (await pipeline.exec()) ?? [];
        const failed = answers.find(([error]) => error !== null);
        if (failed !== undefined) throw failed[0];
        take(
          answers.map(([, answer]) => answer),
          from,
          to,
        );
      }
    } finally {
      redis.disconnect();
    }
  }
}

const kindOf = (i: number): Kind => KINDS[i % KINDS.length];
const expires = (i: number): boolean => i % EXPIRES_EVERY === 0;
