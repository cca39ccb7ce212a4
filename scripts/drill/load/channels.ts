import { setTimeout as delay } from 'node:timers/promises';
import type { Redis } from 'ioredis';
import type { Ledger, Subscription } from './ledger.ts';
import { attempt, type LoadClient, repeat } from './load-client.ts';

const PER_SECOND = 20;
/** Before a subscriber whose SUBSCRIBE was refused asks again. */
const AGAIN_MS = 50;

/** Publishes numbers to one channel. What is published under a fault may be lost, as with Redis: only who hears is judged. */
export function publish(client: LoadClient, channel: string): Promise<void> {
  const { redis, running } = client;
  return repeat(PER_SECOND, running, async (number) => {
    await attempt(client, () => redis.publish(channel, String(number)));
  });
}

/** A connection that listens to channels of all shards. */
export interface SubscriberOptions {
  readonly redis: Redis;
  readonly subscriber: string;
  readonly ledger: Ledger;
  readonly running: () => boolean;
  /** Each channel and its shard. */
  readonly channels: ReadonlyArray<Omit<Subscription, 'subscriber'>>;
  /** What stands for all of the channels; undefined = it names them. */
  readonly pattern?: string;
}

/** Subscribes, each time that its connection is made, and notes what it hears. Resolves when it has subscribed for the first time. */
export async function listen(options: SubscriberOptions): Promise<void> {
  const { redis, subscriber, ledger, channels, pattern } = options;
  const heardAt = (channel: string): number => {
    const at = performance.now();
    ledger.heardAt.set(`${subscriber} ${channel}`, at);
    return at;
  };
  for (const each of channels) {
    ledger.subscriptions.push({ subscriber, ...each });
    heardAt(each.channel);
  }
  const hear = (channel: string, message: string): void => {
    ledger.heard.push({ subscriber, channel, number: Number(message), at: heardAt(channel) });
  };
  if (pattern === undefined) redis.on('message', hear);
  else redis.on('pmessage', (_pattern: string, channel: string, message: string) => hear(channel, message));
  redis.on('ready', () => void subscribe(options));
  await subscribe(options);
}

/** Until it is done; a connection that was lost meanwhile begins anew by itself. */
async function subscribe({ redis, running, channels, pattern }: SubscriberOptions): Promise<void> {
  while (running() && redis.status === 'ready') {
    try {
      if (pattern !== undefined) await redis.psubscribe(pattern);
      else await redis.subscribe(...channels.map(({ channel }) => channel));
      return;
    } catch {
      // the silence is what is judged, whatever the answer was
      await delay(AGAIN_MS);
    }
  }
}
