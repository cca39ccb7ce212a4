import { AUTH_NOT_SET, AUTH_WRONG, NO_AUTH, OK, SYNTAX_ERROR } from '../../../protocol/replies.ts';
import { text } from '../answered.ts';
import { type Answer, GATE_RANKS, type Gate, type PoolContext } from '../session.ts';

/** Commands that a client may use before AUTH. PING is among them so that a load balancer needs no password. */
const ALLOWED_BEFORE_AUTH: ReadonlySet<string> = new Set(['auth', 'hello', 'ping', 'quit', 'reset']);

/** Elements and bytes of one request before AUTH: Redis' figures, where each element has so many bytes. */
const MOST_ELEMENTS = 10;
const MOST_BYTES = 16 * 1024;

/**
 * Why a request of a client without the password is more than is taken of strangers, or null.
 * @param argc elements of the request, -1 when it is not known yet
 * @param bytes of it, as far as they are known
 */
export function strangersFault(argc: number, bytes: number): string | null {
  if (argc > MOST_ELEMENTS)
    return `unauthenticated multibulk length, at most ${MOST_ELEMENTS} elements before AUTH`;
  return bytes > MOST_BYTES ? `unauthenticated bulk length, at most ${MOST_BYTES} bytes before AUTH` : null;
}

/** The state of a client that has not said its password. */
export const AUTHENTICATION: Gate = {
  rank: GATE_RANKS.authentication,
  needsWhole: false,
  takes(session, command, frame, _buffer, from, to) {
    const fault = strangersFault(frame.argc, to - from);
    if (fault !== null) {
      session.protocolError(fault);
      return true;
    }
    if (ALLOWED_BEFORE_AUTH.has(command.name)) return false;
    session.reply(session.tail++, NO_AUTH, 0);
    return true;
  },
};

/** A wrong password also takes back an earlier right one, as in the original. */
export const auth: Answer = (session, frame, buffer) => {
  const { pool } = session;
  if (frame.argc > 3) return SYNTAX_ERROR;
  const user = frame.argc === 3 ? text(frame, buffer, 1) : null;
  if (pool.config.redisAuth === null) {
    if (user === null) return AUTH_NOT_SET;
    return isWithoutPassword(user) ? OK : AUTH_WRONG;
  }
  session.authenticated = passwordFits(pool, user, text(frame, buffer, frame.argc - 1));
  if (session.authenticated) return OK;
  session.wrongPassword();
  return AUTH_WRONG;
};

/** Whether a user of a pool without `redis_auth` has any password, as Redis' `nopass`: clients are told one all the same. */
export const isWithoutPassword = (user: string): boolean => user === 'default';

/** @param user null when none was said */
export function passwordFits({ config }: PoolContext, user: string | null, password: string): boolean {
  const { redisAuth, redisAuthOthers, redisAuthUsers } = config;
  const known = password === redisAuth || redisAuthOthers.includes(password);
  return known && (user === null || redisAuthUsers.includes(user));
}
