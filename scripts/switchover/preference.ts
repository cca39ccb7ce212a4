import { setTimeout as delay } from 'node:timers/promises';
import type { Redis } from 'ioredis';
import { NotSoError } from '../errors.ts';
import type { Handover } from './check.ts';
import { type Coordinator, replicaNews } from './connections.ts';

/** Sentinel promotes the replica of lowest priority (above 0). */
const PREFERRED = 1;
/** Sentinels ask a replica for INFO every 0.7 s as the image sets them up, every 10 s otherwise. */
const PATIENCE_MS = 25_000;
const POLL_MS = 20;
/**
 * During a failover a sentinel asks for INFO when the last one is a second old, and announces the new master when it
 * hears of the promotion that way. The promotion takes two to three of its ticks (100-250 ms): started at this age of
 * the last INFO, the next one comes right behind it; and it is started before an ordinary INFO falls between. Started at
 * any other moment, writes would wait up to 1.3 s.
 */
const GOOD_AGE_MS = { from: 480, to: 580 } as const;

/** Makes the sentinels choose this replica. Returns how to take that back. */
export async function prefer(candidate: Redis): Promise<() => Promise<void>> {
  const [, before] = (await candidate.config('GET', 'replica-priority')) as [string, string];
  await candidate.config('SET', 'replica-priority', PREFERRED);
  return async () => {
    await candidate.config('SET', 'replica-priority', before);
  };
}

/** Waits until some sentinel knows whom to choose and is about to ask the candidate for INFO; writes go on meanwhile. */
export async function awaitCoordinator(
  sentinels: readonly Coordinator[],
  { shard, to }: Handover,
  signal: AbortSignal,
): Promise<Coordinator> {
  const deadline = performance.now() + PATIENCE_MS;
  while (performance.now() < deadline) {
    if (signal.aborted) throw new NotSoError('interrupted before anything was changed');
    const news = await Promise.all(
      sentinels.map(async (sentinel) => ({
        sentinel,
        news: await replicaNews(sentinel.redis, shard, to.address).catch(() => undefined),
      })),
    );
    const ready = news.find(
      ({ news: each }) =>
        each?.priority === PREFERRED && each.age >= GOOD_AGE_MS.from && each.age <= GOOD_AGE_MS.to,
    );
    if (ready !== undefined) return ready.sentinel;
    await delay(POLL_MS);
  }
  throw new NotSoError(`no sentinel took notice of ${to.name} within ${PATIENCE_MS / 1000} s`, {
    remedy: 'nothing was changed; `twemstack status` shows whether the sentinels are well',
  });
}
