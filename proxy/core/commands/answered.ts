import { wordAt } from '../../protocol/key-positions.ts';
import { errorReply } from '../../protocol/replies.ts';
import { RequestFrame } from '../../protocol/request-frame.ts';
import type { Answer, Handler, Session, SoloRequest } from './session.ts';

/** An answer of the proxy's own up to this is hardly larger than its request. */
const SMALL_ANSWER = 256;

/**
 * A command that the proxy answers itself, at once and in its turn; between MULTI and EXEC, when EXEC is answered.
 * @param least elements that it has at least, its name included
 * @param most elements that it has at most
 * @param fault why it cannot be a part of a transaction, or null
 */
export function answered(
  least: number,
  most: number,
  answer: Answer,
  fault?: (session: Session, frame: RequestFrame, buffer: Uint8Array) => string | null,
): Handler {
  const checked = withArity(least, most, answer);
  const handle: Handler = (session, _command, frame, buffer) => {
    const tag = session.tail++;
    const reply = checked(session, frame, buffer);
    session.reply(tag, reply, 0);
    if (reply.length > SMALL_ANSWER) session.afterAnswer();
  };
  return Object.assign(handle, { queued: { answer: checked, fault } });
}

/** The answer, or in its place Redis' words for too few elements or too many. */
export function withArity(least: number, most: number, answer: Answer): Answer {
  return (session, frame, buffer) => {
    if (frame.argc >= least && frame.argc <= most) return answer(session, frame, buffer);
    return errorReply(`wrong number of arguments for '${wordAt(frame, buffer, 0)}' command`);
  };
}

/**
 * The same for one that changes how others are answered: only when everything before it is, and before anything behind it
 * is looked at. It cannot be a part of a transaction.
 */
export function answeredInTurn(least: number, most: number, answer: Answer): Handler {
  const checked = withArity(least, most, answer);
  return (session, _command, frame, buffer, from, to) => {
    if (session.head === session.tail) session.reply(session.tail++, checked(session, frame, buffer), 0);
    else session.runAlone(new AnswerInTurn(session, checked, new Uint8Array(buffer.subarray(from, to))));
  };
}

/** A request that the proxy will answer when its turn has come. */
class AnswerInTurn implements SoloRequest {
  private readonly tag: number;

  constructor(
    private readonly session: Session,
    private readonly answer: Answer,
    private readonly request: Uint8Array,
  ) {
    this.tag = session.tail;
  }

  get waiting(): number {
    return this.request.length;
  }

  startInTurn(): void {
    const { answer, request, session, tag } = this;
    if (session.head !== tag) return;
    const frame = new RequestFrame();
    frame.begin(0);
    frame.parse(request, request.length);
    session.reply(tag, answer(session, frame, request), 0);
    session.soloEnded();
  }

  abandon(): void {}
}

/** The bytes of element `i`. */
export function element(frame: RequestFrame, buffer: Uint8Array, i: number): Uint8Array {
  return buffer.subarray(frame.args[2 * i], frame.args[2 * i + 1]);
}

/** Element `i` as text. */
export function text(frame: RequestFrame, buffer: Uint8Array, i: number): string {
  return Buffer.from(element(frame, buffer, i)).toString();
}
