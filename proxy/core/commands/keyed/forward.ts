import type { Command } from '../../../protocol/command-table.ts';
import { keyPositions, wordAt } from '../../../protocol/key-positions.ts';
import type { RequestFrame } from '../../../protocol/request-frame.ts';
import { isScriptCall } from '../../server/script-calls.ts';
import { excessFault } from '../excess.ts';
import { KEYS_AT_ONCE } from '../in-turn.ts';
import { reachFault } from '../reach.ts';
import {
  apartFault,
  keyTooLong,
  oneServersFault,
  refuse,
  refuseAllEjected,
  scriptWithoutKeys,
} from '../refusals.ts';
import type { Handler, Session } from '../session.ts';
import { refuseInARow } from '../slow-refusal.ts';
import { LongForward } from './long-forward.ts';
import { memoryStats } from './memory-stats.ts';
import { sendScriptCall } from './script-call.ts';

/** Keyless commands go to the server that this word hashes to, as in the original. */
const PLACEHOLDER = Buffer.from('placeholder');

/** A command that any server can answer: always the same one. */
export const forwardToAny: Handler = (session, command, frame, buffer, from, to) =>
  forward(session, command, frame, PLACEHOLDER, 0, PLACEHOLDER.length, buffer, from, to);

/** A command with several keys that cannot be split: all must live on one server. */
export const forwardTogether: Handler = (session, command, frame, buffer, from, to) => {
  const keys = keyPositions(command, frame, buffer);
  if (keys === 'subcommand') forwardWithoutKey(session, command, frame, buffer, from, to);
  else if (keys === 'none' && session.routing.servers.length > 1)
    refuseInARow(session, scriptWithoutKeys(command));
  else if (keys === 'unclear' || keys === 'none') {
    // wrong arguments: any server says so in Redis' own words. Without keys: there is one server only
    forwardToAny(session, command, frame, buffer, from, to);
  } else if (keys.length > KEYS_AT_ONCE)
    session.runAlone(new LongForward(session, command, keys, frame, buffer, [from, to], forwardByFirst));
  else forwardByKeys(session, command, frame, buffer, from, to, keys);
};

/** A subcommand without a key: HELP, or one that Redis does not have either, which any server says in its words. */
const forwardWithoutKey: Handler = (session, command, frame, buffer, from, to) => {
  const subcommand = frame.argc < 2 ? '' : wordAt(frame, buffer, 1);
  const several = session.routing.servers.length > 1;
  if (several && command.name === 'memory' && subcommand === 'stats') {
    // with an argument any server says in its words that it takes none
    if (frame.argc === 2) memoryStats(session, command);
    else forwardToAny(session, command, frame, buffer, from, to);
    return;
  }
  const fault = oneServersFault(session, command.name, subcommand);
  if (fault === null) forwardToAny(session, command, frame, buffer, from, to);
  else refuse(session, fault);
};

function forwardByKeys(
  session: Session,
  command: Command,
  frame: RequestFrame,
  buffer: Uint8Array,
  from: number,
  to: number,
  keys: readonly number[],
): void {
  const { args } = frame;
  const first = keys[0];
  const server = session.routing.serverFor(buffer, args[2 * first], args[2 * first + 1]);
  for (const key of keys) {
    const fault = apartFault(session, command, frame, buffer, first, server, key);
    if (fault === null) continue;
    refuseInARow(session, fault);
    return;
  }
  const fault =
    reachFault(session, command, frame, buffer, server) ?? excessFault(command, frame, buffer, keys);
  if (fault !== null) refuseInARow(session, fault);
  else forward(session, command, frame, buffer, args[2 * first], args[2 * first + 1], buffer, from, to);
}

/** To the server of the first key. */
function forwardByFirst(
  session: Session,
  command: Command,
  frame: RequestFrame,
  buffer: Uint8Array,
  first: number,
): void {
  const { args, end } = frame;
  forward(session, command, frame, buffer, args[2 * first], args[2 * first + 1], buffer, 0, end);
}

function forward(
  session: Session,
  command: Command,
  frame: RequestFrame,
  key: Uint8Array,
  keyFrom: number,
  keyTo: number,
  buffer: Uint8Array,
  from: number,
  to: number,
): void {
  const { lane, pool, routing } = session;
  if (keyTo - keyFrom > pool.keyLimit) {
    refuse(session, keyTooLong(pool, keyTo - keyFrom));
    return;
  }
  const server = routing.serverFor(key, keyFrom, keyTo);
  if (server === null) refuseAllEjected(session);
  else if (isScriptCall(command.id)) sendScriptCall(session, server, command, frame, buffer, from, to);
  else {
    const connection = routing.connectionFor(server, lane, command.id);
    connection.send(session, session.tail++, command.id, buffer, from, to);
  }
}
