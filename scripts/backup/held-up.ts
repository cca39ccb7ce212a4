import type { RedisView } from '../observe/redis-view.ts';
import { NO_PORT } from './replica-lines.ts';

/** Milliseconds from one look to the next. */
const LOOK_MS = 2000;

/**
 * Whether a replica waits there for a copy of everything: a redis has one child at a time, so it gets none before the
 * snapshot that is being read is at its end. Whoever reads snapshots (backups of others, too) does not count. Pure.
 */
export const isWaitedFor = ({ replicas }: Pick<RedisView, 'replicas'>): boolean =>
  replicas.some(({ online, port }) => !online && port !== NO_PORT);

/**
 * Looks at a redis whose snapshot is being read, until somebody waits there, and calls `then`, once.
 *
 * @param look how the redis is; one that does not answer is looked at again
 * @returns ends it
 */
export function onceWaitedFor(
  look: () => Promise<RedisView>,
  then: () => void,
  everyMs: number = LOOK_MS,
): () => void {
  let busy = false;
  const timer = setInterval(async () => {
    if (busy) return;
    busy = true;
    // What is wrong with it, the snapshot tells.
    const view = await look().catch(() => undefined);
    busy = false;
    if (view === undefined || !isWaitedFor(view)) return;
    clearInterval(timer);
    then();
  }, everyMs);
  return () => clearInterval(timer);
}
