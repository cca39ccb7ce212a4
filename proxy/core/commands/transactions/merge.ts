import { errorReply } from '../../../protocol/replies.ts';
import { ReplyFramer } from '../../../protocol/reply-framer.ts';

const STAR = 42;
const LF = 10;

const framer = new ReplyFramer();

/**
 * The elements of an array reply, one after the other.
 * @param reply whole and well formed
 */
export class Elements {
  private at: number;
  private number = 0;

  /**
   * @param reply an array; of an error or a nil every element is taken to be the reply itself
   * @param unasked numbers of elements that nobody asked for, to be passed over
   */
  constructor(
    private readonly reply: Uint8Array,
    private readonly unasked: ReadonlySet<number>,
  ) {
    this.at = isArray(reply) ? reply.indexOf(LF) + 1 : -1;
  }

  next(): Uint8Array {
    while (this.at >= 0 && this.unasked.has(this.number)) this.read();
    return this.read();
  }

  private read(): Uint8Array {
    const { at, reply } = this;
    this.number++;
    if (at < 0) return reply;
    if (at >= reply.length) return MISSING;
    framer.reset();
    this.at = framer.next(reply, at, reply.length);
    return reply.subarray(at, this.at);
  }
}

const MISSING = errorReply('the server answered fewer commands than it was asked');

/** False for an error, and for the nil of EXEC. */
export function isArray(reply: Uint8Array): boolean {
  return reply[0] === STAR && reply[1] !== 45;
}
