import type { Session } from './session.ts';

/** How much a client listens to. */
export interface Listening {
  readonly channels: number;
  readonly patterns: number;
  readonly shardChannels: number;
}

const NOTHING: Listening = { channels: 0, patterns: 0, shardChannels: 0 };
const listening = new WeakMap<Session, Listening>();

/** How much `session` listens to now. */
export const listeningOf = (session: Session): Listening => listening.get(session) ?? NOTHING;

/** True when it listens to anything. */
export const isListening = (session: Session): boolean => listening.has(session);

/** From now on it listens to so much; null = to nothing. */
export function noteListening(session: Session, what: Listening | null): void {
  const { stats } = session.pool;
  if (what !== null) {
    if (!listening.has(session)) stats.subscribedClients++;
    listening.set(session, what);
  } else if (listening.delete(session)) stats.subscribedClients--;
}
