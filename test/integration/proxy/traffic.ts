import type { TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Redis } from 'ioredis';

/** Keys of one writer, by what it was answered. */
export interface WrittenKeys {
  readonly acknowledged: readonly string[];
  readonly errors: readonly string[];
  /** The longest answer took so many milliseconds. */
  longest(): number;
  stop(): Promise<void>;
}

/** Jobs of one queue. */
export interface PassedJobs {
  readonly given: readonly string[];
  readonly errors: readonly string[];
  stop(): Promise<void>;
  /** Accepted, and given to nobody. */
  gone(): string[];
}

/** Writes one key after the other until told to stop, or until its test ends; sorts them by what was answered. */
export function writeKeys(t: TestContext, redis: Redis, prefix: string): WrittenKeys {
  const acknowledged: string[] = [];
  const errors: string[] = [];
  let longest = 0;
  let stopped = false;
  const done = (async () => {
    for (let i = 0; !stopped; i++) {
      const begun = Date.now();
      try {
        await redis.set(`${prefix}:${i}`, String(i));
        acknowledged.push(`${prefix}:${i}`);
      } catch (error) {
        errors.push((error as Error).message);
      }
      longest = Math.max(longest, Date.now() - begun);
      await sleep(5);
    }
  })();
  const stop = async (): Promise<void> => {
    stopped = true;
    await done;
    redis.disconnect();
  };
  // a test that failed must not leave a loop behind: the file would run until its time-out
  t.after(stop);
  return { acknowledged, errors, longest: () => longest, stop };
}

/** The first client puts jobs into a list, and the others take them by BLPOP, until told to stop, or until its test ends. */
export function passJobs(t: TestContext, name: string, clients: readonly Redis[]): PassedJobs {
  const accepted: string[] = [];
  const given: string[] = [];
  const errors: string[] = [];
  let stopped = false;
  const [producer, ...consumers] = clients;
  const work = async (redis: Redis): Promise<void> => {
    while (!stopped) {
      try {
        const [, job] = (await redis.blpop(name, 1)) ?? [];
        if (job !== undefined) given.push(job);
      } catch (error) {
        errors.push((error as Error).message);
      }
    }
  };
  const produce = async (): Promise<void> => {
    for (let i = 0; !stopped; i++) {
      const put = await producer.rpush(name, `${i}`).catch(() => 0);
      if (put > 0) accepted.push(`${i}`);
      await sleep(2);
    }
  };
  const done = Promise.all([produce(), ...consumers.map(work)]);
  const stop = async (): Promise<void> => {
    stopped = true;
    await done;
    for (const client of clients) client.disconnect();
  };
  t.after(stop);
  return { given, errors, stop, gone: () => accepted.filter((job) => !given.includes(job)) };
}
