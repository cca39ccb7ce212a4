import type { Command } from '../../../protocol/command-table.ts';
import type { RequestFrame } from '../../../protocol/request-frame.ts';
import { shaIn } from '../../server/script-cache.ts';
import { isCallBySha } from '../../server/script-calls.ts';
import type { PoolServer } from '../../server/server.ts';
import type { Session } from '../session.ts';

/**
 * Sends the call of a script to `server`. What EVAL brings is kept for EVALSHA; EVALSHA is sent so that the server needs
 * not have the script. One that is not here is for the server to know: the master, for replicas have what was loaded
 * there only if they were asked for it.
 */
export function sendScriptCall(
  session: Session,
  server: PoolServer,
  command: Command,
  frame: RequestFrame,
  buffer: Uint8Array,
  from: number,
  to: number,
): void {
  const { lane, routing } = session;
  const { scripts } = routing;
  const [shaFrom, shaTo] = [frame.args[2], frame.args[3]];
  if (!isCallBySha(command.id)) {
    const connection = routing.connectionFor(server, lane, command.id);
    if (scripts.isOn && frame.argc > 2) connection.scriptCalls.brings(scripts.add(buffer, shaFrom, shaTo));
    connection.send(session, session.tail++, command.id, buffer, from, to);
    return;
  }
  const sha = frame.argc > 2 ? shaIn(buffer, shaFrom, shaTo) : null;
  const script = sha === null ? undefined : scripts.find(sha);
  if (script === undefined) server.pick(lane).send(session, session.tail++, command.id, buffer, from, to);
  else {
    const { scriptCalls } = routing.connectionFor(server, lane, command.id);
    scriptCalls.send(session, session.tail++, command.id, script, frame, buffer, from, to);
  }
}
