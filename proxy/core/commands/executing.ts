import type { Session } from './session.ts';

const executing = new WeakMap<Session, number>();

/** How many commands the transaction has whose EXEC is being answered; undefined when none is. */
export const executingOf = (session: Session): number | undefined => executing.get(session);

/** Calls `answer`, and until it returns the client is still in its transaction, as at a Redis. */
export function whileExecuting<T>(session: Session, commands: number, answer: () => T): T {
  executing.set(session, commands);
  try {
    return answer();
  } finally {
    executing.delete(session);
  }
}
