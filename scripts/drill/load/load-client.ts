import { setTimeout as delay } from 'node:timers/promises';
import type { Redis } from 'ioredis';
import { served } from './application.ts';
import type { Attempt, Ledger, Outcome } from './ledger.ts';
import { outcomeOf, reasonOf } from './outcome.ts';

/** One connection of the load, and what it is for. */
export interface LoadClient {
  readonly redis: Redis;
  readonly shard: string;
  /** Its name in the ledger. */
  readonly connection: string;
  readonly ledger: Ledger;
  /** False once the load was told to end. */
  readonly running: () => boolean;
}

/** What became of one request. */
export interface Answered<T> {
  readonly attempt: Attempt;
  /** Of an acknowledged one. */
  readonly reply?: T;
}

/**
 * Sends one request as soon as its connection is there, and tells what became of it; undefined when the load ended before
 * that. What an application waits for while its connection is made again is latency, too.
 */
export async function attempt<T>(
  { redis, shard, connection, running }: LoadClient,
  send: () => Promise<T>,
): Promise<Answered<T> | undefined> {
  const sentAt = performance.now();
  if (!(await served(redis, running))) return undefined;
  let outcome: Outcome = 'acknowledged';
  let error: string | undefined;
  let reply: T | undefined;
  try {
    reply = await send();
  } catch (cause) {
    error = reasonOf(cause as Error);
    outcome = outcomeOf(error);
  }
  return { attempt: { shard, connection, sentAt, endedAt: performance.now(), outcome, error }, reply };
}

/** Does something again and again while the load runs, at most so many times a second; `n` counts from 1. */
export async function repeat(
  perSecond: number,
  running: () => boolean,
  act: (n: number) => Promise<void>,
): Promise<void> {
  for (let n = 1; running(); n++) {
    const due = performance.now() + 1000 / perSecond;
    await act(n);
    const rest = due - performance.now();
    if (rest > 0) await delay(rest);
  }
}
