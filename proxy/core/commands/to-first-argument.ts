import { keyTooLong, refuse, refuseAllEjected } from './refusals.ts';
import type { Session } from './session.ts';

/**
 * Sends a request, `buffer[from, to)`, to the server of its first argument, which is there.
 * @param command the command's id
 * @param args where the elements of the request are, see `RequestFrame`
 */
export function toFirstArgument(
  session: Session,
  command: number,
  args: ArrayLike<number>,
  buffer: Uint8Array,
  from: number,
  to: number,
): void {
  const { pool, routing } = session;
  const keyFrom = args[2];
  const keyTo = args[3];
  if (keyTo - keyFrom > pool.keyLimit) {
    refuse(session, keyTooLong(pool, keyTo - keyFrom));
    return;
  }
  const server = routing.serverFor(buffer, keyFrom, keyTo);
  if (server === null) refuseAllEjected(session);
  else {
    const connection = routing.connectionFor(server, session.lane, command);
    connection.send(session, session.tail++, command, buffer, from, to);
  }
}
