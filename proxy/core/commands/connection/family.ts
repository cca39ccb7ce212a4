import { wordAt } from '../../../protocol/key-positions.ts';
import { bulkReply, errorReply, OK, PONG } from '../../../protocol/replies.ts';
import { type Answer, answered, element } from '../answered.ts';
import type { Family, Session } from '../session.ts';
import { auth } from './auth.ts';
import { clientCommand } from './client-command.ts';
import { hello } from './hello.ts';

const ping: Answer = (_session, frame, buffer) =>
  frame.argc === 1 ? PONG : bulkReply(element(frame, buffer, 1));

const echo: Answer = (_session, frame, buffer) => bulkReply(element(frame, buffer, 1));

/** Only the pool's own database: the server connections are shared. */
const select: Answer = ({ pool }, frame, buffer) => {
  const index = wordAt(frame, buffer, 1);
  if (!/^-?[0-9]+$/.test(index)) return errorReply('value is not an integer or out of range');
  if (Number(index) === pool.config.redisDb) return OK;
  return errorReply(
    `SELECT ${index} is not possible: this pool serves db ${pool.config.redisDb} only (redis_db)`,
  );
};

const quit: Answer = (session) => {
  session.finishAfterReplies();
  return OK;
};

function reset(session: Session): Uint8Array {
  session.authenticated = session.pool.config.redisAuth === null;
  session.name = '';
  session.protocol = 2;
  return Buffer.from('+RESET\r\n');
}

/** What concerns a client's own connection to the proxy. */
export const CONNECTION: Family = {
  auth: answered(2, 3, auth),
  client: answered(2, 32, clientCommand),
  echo: answered(2, 2, echo),
  hello: answered(1, 16, hello),
  ping: answered(1, 2, ping),
  quit: answered(1, 32, quit),
  reset: answered(1, 1, reset),
  select: answered(2, 2, select),
};
