import { setTimeout as delay } from 'node:timers/promises';
import { attempt, type LoadClient, repeat } from './load-client.ts';

const PER_SECOND = 10;
/** Longer than a failover takes, so that a request which waits is carried over to the new master. */
const WAIT_S = 3;
/** What a consumer does with a job takes its time; a proxy that is to end finds the connection idle then. */
const HANDLING_MS = 10;

/**
 * Puts jobs into queues in turn. When the load ends it puts one more into each for every consumer, so that none of them
 * waits in vain.
 *
 * @param queues each with the number of its consumers
 */
export async function produce(
  client: LoadClient,
  run: string,
  queues: ReadonlyArray<{ readonly queue: string; readonly consumers: number }>,
): Promise<void> {
  const { redis, connection, ledger, running } = client;
  let count = 0;
  const push = async (queue: string): Promise<void> => {
    const id = `${run}-${connection}-${++count}`;
    // both ends, as libraries do
    const send = count % 3 === 0 ? () => redis.lpush(queue, id) : () => redis.rpush(queue, id);
    const answered = await attempt(client, send);
    if (answered !== undefined) ledger.jobs.push({ id, queue, ...answered.attempt });
  };
  await repeat(PER_SECOND * queues.length, running, (n) => push(queues[n % queues.length].queue));
  for (const { queue, consumers } of queues) for (let i = 0; i < consumers; i++) await push(queue);
}

/**
 * Takes jobs, one after the other.
 * @param processing the consumer's own list, where BLMOVE keeps a job while it is handled; without one it takes them by BLPOP
 */
export async function consume(client: LoadClient, queue: string, processing?: string): Promise<void> {
  const { redis, connection, ledger, running } = client;
  const reconnects = (): number => ledger.reconnects.get(connection) ?? 0;
  const take = async (): Promise<string | undefined> => {
    if (processing !== undefined)
      return (await redis.blmove(queue, processing, 'LEFT', 'RIGHT', WAIT_S)) ?? undefined;
    return (await redis.blpop(queue, WAIT_S))?.[1];
  };
  while (running()) {
    let before = reconnects();
    const answered = await attempt(client, () => {
      before = reconnects();
      return take();
    });
    if (answered === undefined) return;
    const { reply: job } = answered;
    ledger.takes.push({ queue, processing, job, askedAgain: reconnects() > before, ...answered.attempt });
    await delay(HANDLING_MS);
  }
}
