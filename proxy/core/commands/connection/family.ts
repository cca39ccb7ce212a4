import { bulkReply, errorReply, OK, PONG } from '../../../protocol/replies.ts';
import { answered, answeredInTurn, element } from '../answered.ts';
import type { Answer, Family } from '../session.ts';
import { auth } from './auth.ts';
import { clientCommand } from './client-command.ts';
import { hello } from './hello.ts';
import { enterDatabase, select } from './select.ts';

const ping: Answer = (_session, frame, buffer) =>
  frame.argc === 1 ? PONG : bulkReply(element(frame, buffer, 1));

const echo: Answer = (_session, frame, buffer) => bulkReply(element(frame, buffer, 1));

const NO_CLUSTER = errorReply('This instance has cluster support disabled');

/** In Redis' own words, by which clients know that they need not ask further. */
const noCluster: Answer = () => NO_CLUSTER;

const quit: Answer = (session) => {
  session.finishAfterReplies();
  return OK;
};

const RESET = Buffer.from('+RESET\r\n');

const reset: Answer = (session) => {
  session.reset();
  enterDatabase(session);
  return RESET;
};

/** What concerns a client's own connection to the proxy. */
export const CONNECTION: Family = {
  asking: answered(1, 1, noCluster),
  auth: answered(2, Number.POSITIVE_INFINITY, auth),
  client: clientCommand,
  cluster: answered(2, Number.POSITIVE_INFINITY, noCluster),
  echo: answered(2, 2, echo),
  hello: answeredInTurn(1, Number.POSITIVE_INFINITY, hello),
  ping: answered(1, 2, ping),
  quit: answered(1, Number.POSITIVE_INFINITY, quit),
  readonly: answered(1, 1, noCluster),
  readwrite: answered(1, 1, noCluster),
  reset: answeredInTurn(1, 1, reset),
  select,
};
