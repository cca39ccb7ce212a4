import { COMMANDS, type Command, FATE_KEY, lookupCommand } from '../../protocol/command-table.ts';
import type { RequestFrame } from '../../protocol/request-frame.ts';
import { dispatchUnknown } from './learnt/unknown.ts';
import { keyTooLong, refuse, refuseAllEjected } from './refusals.ts';
import { HANDLERS } from './registry.ts';
import type { Session } from './session.ts';
import { toFirstArgument } from './to-first-argument.ts';

/** The original's limit: a key must fit into a buffer of `-m` bytes, less its header. */
const MBUF_HEADER = 48;

/** In place of a command's number. */
export const NOT_ADMITTED = -1;

/** Sends one request, `buffer[from, to)`, on its way. Every request gets exactly one reply, in order. */
export function dispatch(
  session: Session,
  frame: RequestFrame,
  buffer: Uint8Array,
  from: number,
  to: number,
): void {
  const { args } = frame;
  const id = lookupCommand(buffer, args[0], args[1]);
  if (id < 0) {
    dispatchUnknown(session, frame, buffer, from, to);
    return;
  }
  const { pool } = session;
  const command = COMMANDS[id];
  pool.stats.commands[id]++;
  if (session.gates.length > 0 && gated(session, command, frame, buffer, from, to)) return;
  if (command.fate === FATE_KEY && frame.argc > 1) {
    toFirstArgument(session, id, args, buffer, from, to);
    return;
  }
  HANDLERS[id](session, command, frame, buffer, from, to);
}

/** A request routed by its first argument, whose bytes came in many chunks; the first holds the key. */
export function dispatchChain(session: Session, frame: RequestFrame, chain: Uint8Array[]): void {
  const { args } = frame;
  const { routing } = session;
  const [first] = chain;
  const id = admit(session, frame, first);
  if (id === NOT_ADMITTED) return;
  const server = routing.serverFor(first, args[2], args[3]);
  if (server === null) refuseAllEjected(session);
  else routing.connectionFor(server, session.lane, id).sendParts(session, session.tail++, id, chain);
}

/**
 * The number of a large request's command, counted; or NOT_ADMITTED when the request was answered with its refusal.
 * @param first its beginning, with its key
 */
export function admit(session: Session, frame: RequestFrame, first: Uint8Array): number {
  const { args } = frame;
  const { pool } = session;
  const id = lookupCommand(first, args[0], args[1]);
  pool.stats.commands[id]++;
  if (gated(session, COMMANDS[id], frame, first, 0, first.length)) return NOT_ADMITTED;
  if (args[3] - args[2] > pool.keyLimit) {
    refuse(session, keyTooLong(pool, args[3] - args[2]));
    return NOT_ADMITTED;
  }
  return id;
}

/** True when a state that the client is in has dealt with the request. */
function gated(
  session: Session,
  command: Command,
  frame: RequestFrame,
  buffer: Uint8Array,
  from: number,
  to: number,
): boolean {
  return session.gates.some((gate) => gate.takes(session, command, frame, buffer, from, to));
}

/** Largest key that a proxy with this mbuf size takes. */
export function keyLimitOf(mbufSize: number): number {
  return mbufSize - MBUF_HEADER - 1;
}
