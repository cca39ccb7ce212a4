import { type LearntCommand, takesElements } from '../../../protocol/learnt-command.ts';
import { RequestFrame } from '../../../protocol/request-frame.ts';
import { homeOf } from '../home.ts';
import { InTurn } from '../in-turn.ts';
import { learntFault } from '../learnt-fault.ts';
import { refuse, unknownCommand, wrongArity } from '../refusals.ts';
import type { Session } from '../session.ts';
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
  else if (session.routing.learnt.isFresh) serve(session, frame, buffer, from, to);
  else session.runAlone(new AskedFirst(session, new Uint8Array(buffer.subarray(from, to))));
}

function refuseUnknown(session: Session, frame: RequestFrame, buffer: Uint8Array): void {
  for (const gate of session.gates) gate.onRefused?.(session);
  refuse(session, unknownCommand(buffer, frame));
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
  if (typeof home === 'string') refuse(session, home);
  else {
    const server = home?.server ?? session.routing.servers[0];
    const { id } = command.of(frame, buffer);
    const tag = session.tail++;
    // masters alone: nobody has asked the replicas what they know
    server.pick(session.lane).send(new LearntCall(session, server), tag, id, buffer, from, to);
  }
}

/** A request that is looked at again when the servers have said what they know. */
class AskedFirst extends InTurn {
  constructor(
    session: Session,
    private readonly request: Uint8Array,
  ) {
    super(session);
  }

  get waiting(): number {
    return this.request.length;
  }

  protected begin(): void {
    this.session.routing.learnt.ask(() => this.proceed());
  }

  private proceed(): void {
    const { request, session } = this;
    if (this.isOver) return;
    this.isOver = true;
    const frame = new RequestFrame();
    frame.begin(0);
    frame.parse(request, request.length);
    // as if it came now: it takes its number again
    session.tail = this.tag;
    serve(session, frame, request, 0, request.length);
    if (session.solo === this) session.soloEnded();
  }
}
