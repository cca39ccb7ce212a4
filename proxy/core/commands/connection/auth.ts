import { AUTH_NOT_SET, AUTH_WRONG, NO_AUTH, OK, SYNTAX_ERROR } from '../../../protocol/replies.ts';
import { text } from '../answered.ts';
import { type Answer, GATE_RANKS, type Gate, type PoolContext } from '../session.ts';

/** Commands that a client may use before AUTH. PING is among them so that a load balancer needs no password. */
const ALLOWED_BEFORE_AUTH: ReadonlySet<string> = new Set(['auth', 'hello', 'ping', 'quit', 'reset']);

/** The state of a client that has not said its password. */
export const AUTHENTICATION: Gate = {
  rank: GATE_RANKS.authentication,
  needsWhole: false,
  takes(session, command) {
    if (ALLOWED_BEFORE_AUTH.has(command.name)) return false;
    session.reply(session.tail++, NO_AUTH, 0);
    return true;
  },
};

/** A wrong password also takes back an earlier right one, as in the original. */
export const auth: Answer = (session, frame, buffer) => {
  const { pool } = session;
  if (frame.argc > 3) return SYNTAX_ERROR;
  if (pool.config.redisAuth === null) return AUTH_NOT_SET;
  const user = frame.argc === 3 ? text(frame, buffer, 1) : null;
  session.authenticated = passwordFits(pool, user, text(frame, buffer, frame.argc - 1));
  if (session.authenticated) return OK;
  session.wrongPassword();
  return AUTH_WRONG;
};

/** @param user null when none was said */
export function passwordFits({ config }: PoolContext, user: string | null, password: string): boolean {
  const { redisAuth, redisAuthOthers, redisAuthUsers } = config;
  const known = password === redisAuth || redisAuthOthers.includes(password);
  return known && (user === null || redisAuthUsers.includes(user));
}
