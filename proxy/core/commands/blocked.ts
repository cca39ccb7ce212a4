import type { Session } from './session.ts';

/** What a client waits for at a server. */
export interface Blocked {
  /** The name of the command that waits. */
  readonly doing: string;
  /**
   * Has the server end the waiting, with nothing or with an error.
   * @returns false when it cannot be told to: it has not begun to wait
   */
  unblock(how: 'TIMEOUT' | 'ERROR'): boolean;
  /**
   * Its client is to come back elsewhere: the waiting ends, and the connection with it. What comes meanwhile is still
   * delivered; a request for which nothing came is not answered, so that its client asks it again.
   */
  dismiss(): void;
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
