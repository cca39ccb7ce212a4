import type { EndWatch, WatchOptions } from './options.ts';
import { watchingClient } from './redis-client.ts';

/** Notes everything that any sentinel announces. */
export async function watchSentinels({ plan, credentials, timeline }: WatchOptions): Promise<EndWatch> {
  const clients = await Promise.all(
    plan.sentinels.map(async ({ name, address, port }) => {
      const client = watchingClient(address, port, credentials.operator);
      client.on('pmessage', (_pattern: string, channel: string, text: string) =>
        timeline.note(name, channel, text),
      );
      // A drill may start with a sentinel gone (--force): the subscription waits for it.
      const subscribed = client.psubscribe('+*', '-*').catch(() => undefined);
      await Promise.race([subscribed, new Promise((resolve) => setTimeout(resolve, 2000))]);
      return client;
    }),
  );
  return () => {
    for (const client of clients) client.disconnect();
  };
}
