import { integerReply, OK, verbatimReply } from '../../../protocol/replies.ts';
import type { RequestFrame } from '../../../protocol/request-frame.ts';
import { InTurn } from '../in-turn.ts';
import type { Asker, Session } from '../session.ts';
import { listFault } from './client-list.ts';
import { framed, NO_SUCH_CLIENT, questionOf } from './peers.ts';

const MINUS = 45;
const LF = 10;

/** Makes one reply of this process' own and those of the others. */
export type Merge = (session: Session, own: Uint8Array, others: readonly Uint8Array[]) => Uint8Array;

/** How many there were, together. */
export const sum: Merge = (_session, own, others) => {
  const numbers = [own, ...others].map((reply) => Number(latin1(reply).slice(1)));
  return integerReply(numbers.reduce((all, each) => all + (Number.isInteger(each) ? each : 0), 0));
};

/** All lines. */
export const together: Merge = (session, own, others) => {
  const texts = [own, ...others].filter((reply) => reply[0] !== MINUS).map(bulkText);
  const fault = listFault(
    session.pool,
    texts.reduce((all, each) => all + each.length, 0),
  );
  return fault ?? verbatimReply(texts.join(''), session.protocol);
};

/** CLIENT KILL: how many, or in its old form whether anybody has found the client. */
export const killed: Merge = (session, own, others) => {
  if (own !== NO_SUCH_CLIENT && own !== OK) return sum(session, own, others);
  return others.some((reply) => latin1(reply) === '+OK\r\n') ? OK : own;
};

/**
 * A CLIENT command that concerns every client of the pool, whichever process it is connected to: carried out here, and by
 * the others at the same time.
 */
export class Everywhere extends InTurn {
  /**
   * @param request CLIENT and what is to be done, in bytes of its own
   * @param reach who else is asked; a peer asks each proxy itself
   * @param answer what this process' own clients have to do with it
   */
  constructor(
    session: Session,
    private readonly request: Uint8Array,
    private readonly reach: 'everyone' | 'workers',
    private readonly answer: (asker: Asker, frame: RequestFrame, buffer: Uint8Array) => Uint8Array,
    private readonly merge: Merge,
  ) {
    super(session);
  }

  get waiting(): number {
    return this.request.length;
  }

  protected begin(): void {
    const { answer, merge, reach, request, session } = this;
    const frame = framed(request);
    const own = answer(session, frame, request);
    const { others } = session.pool;
    if (others === null || (own[0] === MINUS && own !== NO_SUCH_CLIENT)) this.end(own);
    else {
      others.ask(questionOf(frame, request), reach, (replies) => {
        if (!this.isOver) this.end(merge(session, own, replies));
      });
    }
  }
}

/** The text of a bulk or verbatim string. */
function bulkText(reply: Uint8Array): string {
  const text = Buffer.from(reply.subarray(reply.indexOf(LF) + 1, reply.length - 2)).toString();
  return text.startsWith('txt:') ? text.slice(4) : text;
}

const latin1 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('latin1');
