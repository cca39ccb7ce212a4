import { type LearntCommand, takesElements } from '../../../protocol/learnt-command.ts';
import type { RequestFrame } from '../../../protocol/request-frame.ts';
import { homeOf } from '../home.ts';
import { learntFault } from '../learnt-fault.ts';
import { byLearntCommands } from '../looked-at-later.ts';
import { refuse, unknownCommand, wrongArity } from '../refusals.ts';
import type { Session } from '../session.ts';
import { refuseSlowly } from '../slow-refusal.ts';
import { LearntCall } from './learnt-call.ts';

/** Longer names are nobody's. */
const LONGEST_NAME = 128;

/** A request of a command that the proxy does not know. The servers may: they are asked, unless it is known what they have. */
export function dispatchUnknown(
  session: Session,
  frame: RequestFrame,
  buffer: Uint8Array,
  from: number,
  to: number,
): void {
  const { args } = frame;
  const mayBeKnown = session.authenticated && args[1] - args[0] <= LONGEST_NAME;
  if (!mayBeKnown) refuseUnknown(session, frame, buffer);
  else byLearntCommands(session, frame, buffer, from, to, serve);
}

function refuseUnknown(session: Session, frame: RequestFrame, buffer: Uint8Array): void {
  const why = unknownCommand(buffer, frame);
  for (const gate of session.gates) gate.onRefused?.(session, why);
  refuse(session, why);
}

/** By what the servers have said so far. */
function serve(session: Session, frame: RequestFrame, buffer: Uint8Array, from: number, to: number): void {
  const [nameFrom, nameTo] = frame.args;
  const name = Buffer.from(buffer.subarray(nameFrom, nameTo)).toString('latin1').toLowerCase();
  const command = session.routing.learnt.find(name);
  if (command === undefined) refuseUnknown(session, frame, buffer);
  else if (!session.gates.some((gate) => gate.takes(session, command, frame, buffer, from, to)))
    send(session, command, frame, buffer, from, to);
}

/** To the server of its keys, over the connection that all clients share. */
function send(
  session: Session,
  command: LearntCommand,
  frame: RequestFrame,
  buffer: Uint8Array,
  from: number,
  to: number,
): void {
  const fault = takesElements(command, frame.argc)
    ? learntFault(session, command, frame, buffer)
    : wrongArity(command);
  const keys = command.of(frame, buffer).keysOf(frame, buffer) ?? [];
  const home = fault ?? homeOf(session, frame, buffer, keys, `of '${command.name}'`);
  if (typeof home === 'string') (command.of(frame, buffer).mayWait ? refuseSlowly : refuse)(session, home);
  else {
    const server = home?.server ?? session.routing.servers[0];
    const { id } = command.of(frame, buffer);
    const tag = session.tail++;
    // masters alone: nobody has asked the replicas what they know
    server.pick(session.lane).send(new LearntCall(session), tag, id, buffer, from, to);
  }
}
