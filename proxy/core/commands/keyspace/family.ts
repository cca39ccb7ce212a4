import { arityFits } from '../../../protocol/command-arity.ts';
import type { Command } from '../../../protocol/command-table.ts';
import { encodeRequest } from '../../../protocol/replies.ts';
import type { RequestFrame } from '../../../protocol/request-frame.ts';
import { element } from '../answered.ts';
import { Inquiry } from '../inquiry.ts';
import { partialFailure } from '../partial.ts';
import { refuse, wrongArity } from '../refusals.ts';
import type { Family, Handler, Session } from '../session.ts';
import { dbsize, keys, randomKey } from './counted.ts';
import { scan } from './scan.ts';

/** What operators forbid by `dangerous: refuse`: it empties the pool, or holds every server up for long. */
const DANGEROUS: ReadonlySet<string> = new Set(['flushall', 'flushdb', 'keys']);

/**
 * As what these go to the servers. The pool has one database: FLUSHALL empties that, and not what others keep in other
 * databases of the same servers. Unless SYNC is said, the keys are gone at once and their memory is freed beside: a server
 * that frees ten million keys first is silent for seconds, is taken for dead, and gets a successor.
 */
const FLUSHES: ReadonlySet<string> = new Set(['flushall', 'flushdb']);

type Asking = (inquiry: Inquiry, command: Command, request: Uint8Array, session: Session) => void;

/** Why the pool does not do it; null = it does. */
function forbidden({ pool }: Session, command: string): string | null {
  if (pool.config.dangerous === 'allow' || !DANGEROUS.has(command)) return null;
  return `'${command}' is refused in this pool (dangerous: refuse)`;
}

/** A command of all servers. With one server it goes there as it is, and its reply comes back as it is. */
function ofAllServers(name: string, asking: Asking): Handler {
  const handle: Handler = (session, command, frame, buffer, from, to) => {
    const fault = arityFits(command.id, frame.argc) ? forbidden(session, name) : wrongArity(command);
    if (fault !== null) refuse(session, fault);
    else if (session.routing.servers.length === 1 && !FLUSHES.has(name)) {
      const [server] = session.routing.servers;
      const connection = server.pick(session.protocol);
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
  return Object.assign(handle, { queued: { keys: () => [], fault: queuedFault(name) } });
}

/** A part of a transaction goes to one server, as it is. */
const queuedFault =
  (name: string) =>
  (session: Session): string | null => {
    if (session.routing.servers.length > 1 || name === 'flushall')
      return `'${name}' is not served inside a transaction: it concerns every server`;
    return forbidden(session, name);
  };

function requestOf(name: string, frame: RequestFrame, buffer: Uint8Array): Uint8Array {
  const rest = Array.from({ length: frame.argc - 1 }, (_, i) => element(frame, buffer, i + 1));
  if (!FLUSHES.has(name)) return encodeRequest([name.toUpperCase(), ...rest]);
  return encodeRequest(['FLUSHDB', ...(rest.length === 0 ? ['ASYNC'] : rest)]);
}

/** FLUSHDB, FLUSHALL [ASYNC | SYNC]. With `wait_replicas` each server's is confirmed before it counts as done. */
const flush: Asking = (inquiry, command, request) =>
  inquiry.askAll(request, (replies) =>
    inquiry.answer(partialFailure(command.name, replies) ?? replies[0].bytes),
  );

/** What concerns all keys of all servers. */
export const KEYSPACE: Family = {
  dbsize: ofAllServers('dbsize', dbsize),
  flushall: ofAllServers('flushall', flush),
  flushdb: ofAllServers('flushdb', flush),
  keys: ofAllServers('keys', keys),
  randomkey: ofAllServers('randomkey', (inquiry, command, _request, session) =>
    randomKey(inquiry, command, session),
  ),
  scan,
};
