import { ADMIN } from '../../../protocol/command-list.ts';
import { wordAt } from '../../../protocol/key-positions.ts';
import { bulkReply, errorReply, OK, PONG } from '../../../protocol/replies.ts';
import type { RequestFrame } from '../../../protocol/request-frame.ts';
import { answered, answeredInTurn, element } from '../answered.ts';
import { subcommandFault } from '../refusals.ts';
import type { Answer, Family, Session } from '../session.ts';
import { auth } from './auth.ts';
import { clientCommand } from './client-command.ts';
import { userOf } from './client-list.ts';
import { hello } from './hello.ts';
import { enterDatabase, select } from './select.ts';

const ping: Answer = (_session, frame, buffer) =>
  frame.argc === 1 ? PONG : bulkReply(element(frame, buffer, 1));

const echo: Answer = (_session, frame, buffer) => bulkReply(element(frame, buffer, 1));

/** The account of the pool has a name; whom else the servers know is the operator's. */
function acl(session: Session, frame: RequestFrame, buffer: Uint8Array): Uint8Array {
  const fault = aclFault(session, frame, buffer);
  return fault === null ? bulkReply(userOf(session)) : errorReply(fault);
}

function aclFault(_session: Session, frame: RequestFrame, buffer: Uint8Array): string | null {
  const fault = subcommandFault('acl', buffer, frame);
  if (fault !== null) return fault;
  const subcommand = wordAt(frame, buffer, 1);
  return subcommand === 'whoami' ? null : `'acl ${subcommand}' is not served: ${ADMIN}`;
}

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
  acl: answered(2, Number.POSITIVE_INFINITY, acl, aclFault),
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
