import type { PoolContext } from '../session.ts';

/** Prefixes of all clients of a process together: a server compares each of them with every key that is written, a quarter of a microsecond each. */
export const MOST_PREFIXES = 64;
/** One in so many of the clients that may be tracked: a server tells each of every write. */
const BROADCAST_PART = 10;

/** The prefixes of each client that is told of all keys or of those with certain prefixes (CLIENT TRACKING BCAST). */
const broadcasts = new WeakMap<PoolContext, Set<readonly string[]>>();

/** Why a client cannot be one more of them, or null. @param prefixes its own; all keys are the empty one */
export function broadcastFault(pool: PoolContext, prefixes: readonly string[]): string | null {
  const others = broadcasts.get(pool) ?? new Set();
  const most = Math.max(1, Math.floor(pool.config.trackingClients / BROADCAST_PART));
  if (others.size >= most) {
    return `${most} clients are told of all that is written already (CLIENT TRACKING with BCAST; a tenth of tracking_clients)`;
  }
  const distinct = new Set(prefixes);
  for (const each of others) for (const prefix of each) distinct.add(prefix);
  if (distinct.size <= MOST_PREFIXES) return null;
  return `all clients together have at most ${MOST_PREFIXES} different prefixes (CLIENT TRACKING with BCAST): servers compare each with every key that is written`;
}

/** @returns what ends it */
export function noteBroadcast(pool: PoolContext, prefixes: readonly string[]): () => void {
  const all = broadcasts.get(pool) ?? new Set();
  broadcasts.set(pool, all);
  // an object of its own: two clients may have been given the same one
  const own = [...prefixes];
  all.add(own);
  return () => all.delete(own);
}
