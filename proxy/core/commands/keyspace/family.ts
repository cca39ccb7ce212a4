import { databasesOf } from '../../../config/pool.ts';
import { arityFits } from '../../../protocol/command-arity.ts';
import type { Command } from '../../../protocol/command-table.ts';
import { encodeRequest } from '../../../protocol/replies.ts';
import type { RequestFrame } from '../../../protocol/request-frame.ts';
import { element } from '../answered.ts';
import { forbidden } from '../forbidden.ts';
import { Inquiry } from '../inquiry.ts';
import { refuse, wrongArity } from '../refusals.ts';
import type { Family, Handler, Session } from '../session.ts';
import { dbsize, keys, randomKey } from './counted.ts';
import { flushAll, flushDatabase, flushRequest } from './flush.ts';
import { scan } from './scan.ts';
import { swapdb } from './swapdb.ts';

/** What goes to the servers as something else than it came. */
const FLUSHES: ReadonlySet<string> = new Set(['flushall', 'flushdb']);

type Asking = (inquiry: Inquiry, command: Command, request: Uint8Array, session: Session) => void;

/** A command of all servers. With one server it goes there as it is, and its reply comes back as it is. */
function ofAllServers(name: string, asking: Asking): Handler {
  const handle: Handler = (session, command, frame, buffer, from, to) => {
    const fault = arityFits(command.id, frame.argc) ? forbidden(session.pool, name) : wrongArity(command);
    if (fault !== null) refuse(session, fault);
    else if (session.routing.servers.length === 1 && !FLUSHES.has(name)) {
      const [server] = session.routing.servers;
      const connection = server.pick(session.lane);
      connection.send(session, session.tail++, command.id, buffer, from, to);
    } else {
      const request = requestOf(name, frame, buffer);
      session.runAlone(
        new Inquiry(session, command, request.length, (inquiry) =>
          asking(inquiry, command, request, session),
        ),
      );
    }
  };
  const asSent = (frame: RequestFrame, buffer: Uint8Array): Uint8Array => requestOf(name, frame, buffer);
  return Object.assign(handle, { queued: { keys: () => [], fault: queuedFault(name), asSent } });
}

/** A part of a transaction goes to one server. */
const queuedFault =
  (name: string) =>
  (session: Session): string | null => {
    if (session.routing.servers.length > 1)
      return `'${name}' is not served inside a transaction: it concerns every server`;
    if (name === 'flushall' && databasesOf(session.pool.config).length > 1)
      return `'${name}' is not served inside a transaction: it concerns every database`;
    return forbidden(session.pool, name);
  };

function requestOf(name: string, frame: RequestFrame, buffer: Uint8Array): Uint8Array {
  const rest = Array.from({ length: frame.argc - 1 }, (_, i) => element(frame, buffer, i + 1));
  return FLUSHES.has(name) ? flushRequest(rest) : encodeRequest([name.toUpperCase(), ...rest]);
}

/** What concerns all keys of all servers. */
export const KEYSPACE: Family = {
  dbsize: ofAllServers('dbsize', dbsize),
  flushall: ofAllServers('flushall', flushAll),
  flushdb: ofAllServers('flushdb', flushDatabase),
  keys: ofAllServers('keys', keys),
  randomkey: ofAllServers('randomkey', (inquiry, command, _request, session) =>
    randomKey(inquiry, command, session),
  ),
  scan,
  swapdb,
};
