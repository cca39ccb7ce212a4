import { arityFits } from '../../../protocol/command-arity.ts';
import { COMMANDS, type Command, commandId } from '../../../protocol/command-table.ts';
import { keyPositions, wordAt } from '../../../protocol/key-positions.ts';
import type { RequestFrame } from '../../../protocol/request-frame.ts';
import { excessFault } from '../excess.ts';
import { type Home, homeOf } from '../home.ts';
import { refuse, wrongArity } from '../refusals.ts';
import type { Family, Handler, Session } from '../session.ts';
import { refuseSlowly } from '../slow-refusal.ts';
import { BlockingRequest } from './blocking-request.ts';
import { type TimeoutPlace, waitOf } from './timeout.ts';
import { wait } from './wait.ts';

const XREAD = COMMANDS[commandId('xread')];

type Keys = (frame: RequestFrame, buffer: Uint8Array) => readonly number[];

const elements = (first: number, end: number): number[] =>
  Array.from({ length: Math.max(0, end - first) }, (_, i) => first + i);

/** BLPOP key [key …] timeout */
const allButLast: Keys = ({ argc }) => elements(1, argc - 1);
/** BLMOVE source destination … timeout */
const firstTwo: Keys = () => [1, 2];
/** BLMPOP timeout numkeys key [key …] … */
const counted: Keys = (frame, buffer) => {
  const count = Number(wordAt(frame, buffer, 2));
  return Number.isInteger(count) && count > 0 ? elements(3, Math.min(3 + count, frame.argc)) : [];
};

/**
 * The server of a request's keys; of one without keys, which is wrong and refused there, the pool's first.
 * @returns null when it was answered with an error
 */
function serverOf(
  session: Session,
  command: Command,
  frame: RequestFrame,
  buffer: Uint8Array,
  keys: readonly number[],
  refuseWith: typeof refuse,
): Home['server'] | null {
  const home = homeOf(session, frame, buffer, keys, `of '${command.name}'`);
  const fault = typeof home === 'string' ? home : excessFault(command, frame, buffer, keys);
  if (fault === null) return (home as Home | null)?.server ?? session.routing.servers[0];
  refuseWith(session, fault);
  return null;
}

/** Sends a request that may wait, in its turn, to the server of its keys. */
function block(
  session: Session,
  command: Command,
  frame: RequestFrame,
  buffer: Uint8Array,
  range: { readonly from: number; readonly to: number },
  keys: readonly number[],
  place: TimeoutPlace,
): void {
  const server = serverOf(session, command, frame, buffer, keys, refuseSlowly);
  if (server === null) return;
  const { from, to } = range;
  const { element, unit } = place;
  const [start, end] = [frame.args[2 * element] - from, frame.args[2 * element + 1] - from];
  const request = new Uint8Array(buffer.subarray(from, to));
  const wait = waitOf(place, frame, buffer);
  const timeout = { from: start, to: end, unit };
  session.runAlone(new BlockingRequest(session, { command, server, request, timeout, wait }));
}

/** @param timeout number of the element that says how long, negative: counted from the end */
function blocking(keys: Keys, timeout: number): Handler {
  const handler: Handler = (session, command, frame, buffer, from, to) => {
    if (!arityFits(command.id, frame.argc)) {
      refuse(session, wrongArity(command));
      return;
    }
    const element = timeout < 0 ? frame.argc + timeout : timeout;
    block(session, command, frame, buffer, { from, to }, keys(frame, buffer), { element, unit: 1000 });
  };
  // inside a transaction nothing waits
  return Object.assign(handler, { queued: { keys } });
}

/** XREAD … STREAMS key [key …] id [id …] */
const streams: Keys = (frame, buffer) => {
  const keys = keyPositions(XREAD, frame, buffer);
  return Array.isArray(keys) ? keys : [];
};

/** Number of the element behind BLOCK; 0 when there is none. */
function blockElement(frame: RequestFrame, buffer: Uint8Array): number {
  for (let i = 1; i + 1 < frame.argc; i++) {
    const word = wordAt(frame, buffer, i);
    if (word === 'streams') return 0;
    // GROUP group consumer: names that may look like options
    if (word === 'group') i += 2;
    else if (word === 'block') return i + 1;
  }
  return 0;
}

/** XREAD and XREADGROUP: with BLOCK they may wait. */
const readStreams: Handler = (session, command, frame, buffer, from, to) => {
  if (!arityFits(command.id, frame.argc)) {
    refuse(session, wrongArity(command));
    return;
  }
  const keys = streams(frame, buffer);
  const element = blockElement(frame, buffer);
  if (element > 0) {
    block(session, command, frame, buffer, { from, to }, keys, { element, unit: 1 });
    return;
  }
  const server = serverOf(session, command, frame, buffer, keys, refuse);
  if (server === null) return;
  const connection = session.routing.connectionFor(server, session.lane, command.id);
  connection.send(session, session.tail++, command.id, buffer, from, to);
};

// inside a transaction nothing waits
const READ_STREAMS = Object.assign(readStreams, { queued: { keys: streams } });

/** What may wait at its server for something to come. */
export const BLOCKING: Family = {
  blmove: blocking(firstTwo, 5),
  blmpop: blocking(counted, 1),
  blpop: blocking(allButLast, -1),
  brpop: blocking(allButLast, -1),
  brpoplpush: blocking(firstTwo, 3),
  bzmpop: blocking(counted, 1),
  bzpopmax: blocking(allButLast, -1),
  bzpopmin: blocking(allButLast, -1),
  wait,
  xread: READ_STREAMS,
  xreadgroup: READ_STREAMS,
};
