import { GuardLink } from '../../sentinel/guard/link/client.ts';
import type { Question } from '../../sentinel/guard/messages.ts';
import type { Credentials, RedisMember } from '../../topology/types.ts';

/** As whom a verb asks; the guards take its word because it holds their password. */
export const GUARD_NAME = 'twemstack';
const PATIENCE_MS = 1500;

/** Asks the guard of one member. @throws Error when it does not answer */
export async function askGuard<T>(
  member: RedisMember,
  credentials: Credentials,
  question: Question,
  patienceMs = PATIENCE_MS,
): Promise<T> {
  const link = new GuardLink(member, { name: GUARD_NAME }, () => [credentials.guard]);
  try {
    return (await link.ask(question, patienceMs)) as T;
  } finally {
    link.close();
  }
}
