import { wordAt } from '../../../protocol/key-positions.ts';
import { errorReply, integerReply, OK, SYNTAX_ERROR } from '../../../protocol/replies.ts';
import type { RequestFrame } from '../../../protocol/request-frame.ts';
import { text } from '../answered.ts';
import type { Asker, Session } from '../session.ts';
import { isClientType, isOfType } from './client-list.ts';
import { isPeer, NO_SUCH_CLIENT } from './peers.ts';

/** Which clients are to go; each filter that is there must fit. */
interface Filters {
  id?: number;
  type?: string;
  addr?: string;
  laddr?: string;
  skipMe: boolean;
}

/** Notes an option's value in the filters, or returns what is wrong with it. */
type Option = (filters: Filters, value: string, session: Asker) => Uint8Array | null;

const OPTIONS = new Map<string, Option>(
  Object.entries({
    id: (filters, value) => {
      filters.id = /^[0-9]{1,19}$/.test(value) ? Number(value) : 0;
      return filters.id > 0 ? null : errorReply('client-id should be greater than 0');
    },
    type: (filters, value) => {
      filters.type = value.toLowerCase();
      return isClientType(filters.type) ? null : errorReply(`Unknown client type '${value}'`);
    },
    // all clients of a pool are the same user's, who may have several names
    user: (_filters, value, session) =>
      isUser(session, value) ? null : errorReply(`No such user '${value}'`),
    addr: (filters, value) => {
      filters.addr = value;
      return null;
    },
    laddr: (filters, value) => {
      filters.laddr = value;
      return null;
    },
    skipme: (filters, value) => {
      const word = value.toLowerCase();
      filters.skipMe = word === 'yes';
      return word === 'yes' || word === 'no' ? null : SYNTAX_ERROR;
    },
  } satisfies Record<string, Option>),
);

const KILLED = 'CLIENT KILL';

/** CLIENT KILL addr, or CLIENT KILL [ID id] [TYPE …] [USER …] [ADDR …] [LADDR …] [SKIPME yes|no]: among this process' clients. */
export const clientKill = (session: Asker, frame: RequestFrame, buffer: Uint8Array): Uint8Array => {
  const isOld = frame.argc === 3;
  const filters = isOld ? { addr: text(frame, buffer, 2), skipMe: false } : filtersIn(session, frame, buffer);
  if (filters instanceof Uint8Array) return filters;
  let killed = 0;
  for (const each of [...session.pool.clients]) {
    if (isPeer(each) || !fits(each, filters)) continue;
    const isAsking = Object.is(each, session);
    if (isAsking && filters.skipMe) continue;
    killed++;
    if (isAsking) each.finishAfterReplies();
    // who has read everything sees its end as from a Redis; clients take a reset for a fault of the line
    else if (each.unread === 0) each.leaveUnanswered(KILLED);
    else each.letGo(KILLED);
  }
  if (!isOld) return integerReply(killed);
  return killed === 0 ? NO_SUCH_CLIENT : OK;
};

function filtersIn(session: Asker, frame: RequestFrame, buffer: Uint8Array): Filters | Uint8Array {
  const filters: Filters = { skipMe: true };
  for (let i = 2; i < frame.argc; i += 2) {
    const option = OPTIONS.get(wordAt(frame, buffer, i));
    if (option === undefined || i + 1 >= frame.argc) return SYNTAX_ERROR;
    const fault = option(filters, text(frame, buffer, i + 1), session);
    if (fault !== null) return fault;
  }
  return filters;
}

/** The pool's account may have several names. */
const isUser = ({ pool: { config } }: Asker, name: string): boolean =>
  config.redisAuth === null ? name === 'default' : config.redisAuthUsers.includes(name);

function fits(session: Session, { id, type, addr, laddr }: Filters): boolean {
  if (id !== undefined && session.id !== id) return false;
  if (type !== undefined && !isOfType(session, type)) return false;
  if (addr !== undefined && session.remote !== addr) return false;
  return laddr === undefined || session.pool.config.listenText === laddr;
}
