import { wordAt } from '../../../protocol/key-positions.ts';
import {
  AUTH_WRONG,
  bulkReply,
  EMPTY_ARRAY,
  errorReply,
  integerReply,
  REDIS_VERSION,
} from '../../../protocol/replies.ts';
import { text } from '../answered.ts';
import { shownArg } from '../refusals.ts';
import type { Answer } from '../session.ts';
import { isWithoutPassword, passwordFits } from './auth.ts';
import { wordFault } from './client-command.ts';
import { trackingOf } from './tracking.ts';

export const hello: Answer = (session, frame, buffer) => {
  const { pool } = session;
  let { protocol } = session;
  let name: string | null = null;
  if (frame.argc > 1) {
    const version = wordAt(frame, buffer, 1);
    if (!/^(0|-?[1-9][0-9]{0,17})$/.test(version))
      return errorReply('Protocol version is not an integer or out of range');
    if (version !== '2' && version !== '3') return errorReply('unsupported protocol version', 'NOPROTO');
    protocol = Number(version);
  }
  for (let i = 2; i < frame.argc; i++) {
    const option = wordAt(frame, buffer, i);
    if (option === 'auth' && i + 2 < frame.argc) {
      const user = text(frame, buffer, i + 1);
      if (pool.config.redisAuth === null) {
        if (!isWithoutPassword(user)) return AUTH_WRONG;
      } else {
        session.authenticated = passwordFits(pool, user, text(frame, buffer, i + 2));
        if (!session.authenticated) {
          session.wrongPassword();
          return AUTH_WRONG;
        }
      }
      i += 2;
    } else if (option === 'setname' && i + 1 < frame.argc) {
      name = text(frame, buffer, ++i);
      const fault = wordFault(name, 'Client names');
      if (fault !== null) return errorReply(fault);
    } else return errorReply(`Syntax error in HELLO option '${shownArg(frame, buffer, i)}'`);
  }
  if (!session.authenticated) {
    return errorReply(
      'HELLO must be called with the client already authenticated, otherwise the HELLO AUTH <user> <pass> option can be used to authenticate the client and select the RESP protocol version at the same time',
      'NOAUTH',
    );
  }
  // RESP2 cannot be told anything
  if (protocol === 2) trackingOf(session)?.end();
  session.protocol = protocol;
  if (name !== null) session.name = name;
  return helloReply(protocol, session.id);
};

/** A map in RESP3, a flat array in RESP2. */
function helloReply(protocol: number, clientId: number): Uint8Array {
  return Buffer.concat([
    Buffer.from(protocol === 3 ? '%7\r\n' : '*14\r\n'),
    bulkReply('server'),
    bulkReply('redis'),
    bulkReply('version'),
    bulkReply(REDIS_VERSION),
    bulkReply('proto'),
    integerReply(protocol),
    bulkReply('id'),
    integerReply(clientId),
    bulkReply('mode'),
    bulkReply('standalone'),
    bulkReply('role'),
    bulkReply('master'),
    bulkReply('modules'),
    EMPTY_ARRAY,
  ]);
}
