import type { Session } from './session.ts';

const reasons = new WeakMap<Session, string>();

/**
 * EXEC is at hand, and the state that its client is in does not allow it. It is refused in words of its own, and ends what
 * was watched as any EXEC does, so the family that it belongs to says so.
 */
export function refuseExec(session: Session, reason: string): void {
  reasons.set(session, reason);
}

/** Why EXEC is not allowed now, once; undefined = it is. */
export function whyNoExec(session: Session): string | undefined {
  const reason = reasons.get(session);
  if (reason !== undefined) reasons.delete(session);
  return reason;
}
