import type { OwnRedis } from './own-redis.ts';
import type { FullView } from './view.ts';

/** Keys that are remembered, and clients that read them, may each take one part in so many of `maxmemory`. */
const SHARE = 8;
/** Bytes of a key, whose length proxies bound (proxy/core/commands/connection/tracking.ts), and of its place in the table. */
const KEY_BYTES = 640;
/** Bytes of each client that has read it. Measured with 7.0.15. */
const ITEM_BYTES = 64;

/** How many keys redis remembers for clients that are tracked: `tracking-table-max-keys`. At least one: 0 is all. */
export const trackedKeys = (maxmemory: number): number =>
  Math.max(1, Math.floor(maxmemory / SHARE / KEY_BYTES));

/**
 * Bounds what redis remembers for CLIENT TRACKING. It bounds the keys (tracking-table-max-keys), not how many clients have
 * read each of them; it counts both as data, and keeps them when those clients have left: nobody could write any more, and
 * nobody could delete what is in the way.
 *
 * @param view how the redis stands now
 */
export async function boundTracking(
  redis: OwnRedis,
  say: (text: string) => void,
  { maxmemory, trackedItems, trackedKeys: keys }: FullView,
): Promise<void> {
  if (maxmemory === 0 || trackedItems * ITEM_BYTES <= maxmemory / SHARE) return;
  say(
    `remembers ${keys} keys for clients that cache them (CLIENT TRACKING), ${trackedItems} times in all, which takes the place of data: all forgotten, and the clients told`,
  );
  await redis.forgetTracked(keys, trackedKeys(maxmemory));
}
