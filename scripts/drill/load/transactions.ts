import type { TransactionKeys } from './ledger.ts';
import { attempt, type LoadClient, repeat } from './load-client.ts';

const PER_SECOND = 10;

/** Transactions of one writer, all over the same keys: whatever is carried out of one of them shows in each of these. */
export function transact(client: LoadClient, run: string, keys: TransactionKeys): Promise<void> {
  const { redis, connection, ledger, running } = client;
  const [one, other] = keys.lists;
  return repeat(PER_SECOND, running, async (n) => {
    const id = `${run}-${connection}-${n}`;
    const answered = await attempt(client, async () => {
      const replies = await redis.multi().rpush(one, id).rpush(other, id).incr(keys.counter).exec();
      // ioredis takes a transaction for good whatever its commands were answered with.
      for (const [error] of replies ?? [[new Error('EXEC was answered with nothing')]])
        if (error) throw error;
    });
    if (answered !== undefined) ledger.transactions.push({ id, keys, ...answered.attempt });
  });
}
