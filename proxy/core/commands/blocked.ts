import type { Session } from './session.ts';

/** What a client waits for at a server. */
export interface Blocked {
  /**
   * Has the server end the waiting, with nothing or with an error.
   * @returns false when it cannot be told to: it has not begun to wait
   */
  unblock(how: 'TIMEOUT' | 'ERROR'): boolean;
}

const blocked = new WeakMap<Session, Blocked>();

/** What `session` waits for; undefined when it does not wait. */
export const blockedIn = (session: Session): Blocked | undefined => blocked.get(session);

/** From now on `session` waits. */
export function beginToWait(session: Session, what: Blocked): void {
  if (!blocked.has(session)) session.pool.stats.blockedClients++;
  blocked.set(session, what);
}

/** It waits no more. */
export function endToWait(session: Session): void {
  if (blocked.delete(session)) session.pool.stats.blockedClients--;
}
