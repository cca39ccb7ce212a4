import type { RequestFrame } from '../../protocol/request-frame.ts';
import { refuse, wrongArity } from './refusals.ts';
import type { Handler, Session } from './session.ts';

/** An answer of the proxy's own up to this is hardly larger than its request. */
const SMALL_ANSWER = 256;

/** Makes the reply to a request of `session`. */
export type Answer = (session: Session, frame: RequestFrame, buffer: Uint8Array) => Uint8Array;

/**
 * A command that the proxy answers itself, at once and in its turn.
 * @param least elements that it has at least, its name included
 * @param most elements that it has at most
 */
export function answered(least: number, most: number, answer: Answer): Handler {
  return (session, command, frame, buffer) => {
    if (frame.argc < least || frame.argc > most) refuse(session, wrongArity(command));
    else {
      const tag = session.tail++;
      const reply = answer(session, frame, buffer);
      session.reply(tag, reply, 0);
      if (reply.length > SMALL_ANSWER) session.afterAnswer();
    }
  };
}

/** The bytes of element `i`. */
export function element(frame: RequestFrame, buffer: Uint8Array, i: number): Uint8Array {
  return buffer.subarray(frame.args[2 * i], frame.args[2 * i + 1]);
}

/** Element `i` as text. */
export function text(frame: RequestFrame, buffer: Uint8Array, i: number): string {
  return Buffer.from(element(frame, buffer, i)).toString();
}
