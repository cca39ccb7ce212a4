import { encodeRequest } from '../../protocol/replies.ts';
import { type Batch, NOBODY, type Owner, type Receiver } from '../base/receiver.ts';
import { unknownOutcome } from '../base/unknown-outcome.ts';

const MINUS = 45;
const COLON = 58;

/** What was answered to a WAIT; `refused` is an error reply, which tells nothing about replicas. */
export type Answer = 'enough' | 'too few' | 'refused';

/** A write whose reply waits here until enough replicas have the write. */
class ConfirmedWrite implements Receiver {
  readonly owner: Owner;
  private parts: Uint8Array[] = [];

  constructor(
    private readonly confirmations: Confirmations,
    private readonly who: Receiver,
    private readonly tag: number,
  ) {
    this.owner = who.owner;
  }

  get batch(): Batch | undefined {
    return this.who.batch;
  }

  get lost(): Receiver['lost'] {
    const { tag, who } = this;
    if (who.lost === undefined) return undefined;
    return (_tag, wasSent, why) => who.lost?.(tag, wasSent, why);
  }

  reply(_tag: number, chunk: Uint8Array, from: number, to: number): void {
    // an error acknowledges nothing
    if (chunk[from] === MINUS) this.who.reply(this.tag, chunk, from, to);
    else this.hold([chunk.subarray(from, to)]);
  }

  replyInParts(_tag: number, parts: Uint8Array[]): void {
    if (parts[0][0] === MINUS) this.who.replyInParts(this.tag, parts);
    else this.hold(parts);
  }

  private hold(parts: Uint8Array[]): void {
    this.parts = parts;
    this.confirmations.answered.push(this);
  }

  confirm(): void {
    const { parts } = this;
    if (parts.length === 1) this.who.reply(this.tag, parts[0], 0, parts[0].length);
    else this.who.replyInParts(this.tag, parts);
  }

  arriving(_tag: number, bytes: number): void {
    this.who.arriving(this.tag, bytes);
  }

  canStream(): boolean {
    return false;
  }

  stream(): void {}

  streamed(): void {}

  fail(_tag: number, text: Uint8Array): void {
    this.who.fail(this.tag, text);
  }

  abort(): void {
    this.who.abort();
  }
}

/**
 * The writes of one server connection that replicas have not confirmed yet. WAIT speaks of everything that its
 * connection wrote before it, and replies come in order: so its answer is the word for all writes answered so far.
 * Itself the receiver of those answers.
 */
export class Confirmations implements Receiver {
  readonly owner = NOBODY;
  readonly local = true;
  readonly request: Uint8Array;
  /** Writes with a reply that is held back, oldest first. */
  answered: ConfirmedWrite[] = [];
  /** Something was written that no WAIT covers. */
  needed = false;
  /** WAITs that were queued and not answered. */
  underWay = 0;

  /**
   * @param replicas how many must have a write
   * @param timeout milliseconds that the server may wait for them
   * @param onAnswer called after an answer was dealt with
   */
  constructor(
    private readonly replicas: number,
    private readonly timeout: number,
    private readonly onAnswer: (answer: Answer) => void,
  ) {
    this.request = encodeRequest(['WAIT', String(replicas), String(timeout)]);
  }

  /** Replies are held back, and no WAIT is on its way that would speak for them: the one that was queued was given up. */
  get isOwed(): boolean {
    return this.underWay === 0 && this.answered.length > 0;
  }

  /** Who takes the reply to a write in the place of `who`. */
  receiver(who: Receiver, tag: number): Receiver {
    this.needed = true;
    return new ConfirmedWrite(this, who, tag);
  }

  reply(_tag: number, chunk: Uint8Array, from: number, to: number): void {
    this.underWay--;
    const text = Buffer.from(chunk.subarray(from, to)).toString('latin1').trimEnd();
    const count = chunk[from] === COLON ? Number(text.slice(1)) : -1;
    if (count >= this.replicas) for (const write of this.take()) write.confirm();
    else if (count >= 0) this.doubt(`${count} of ${this.replicas} within ${this.timeout} ms`);
    else this.doubt(`WAIT was answered with ${text}`);
    if (count >= this.replicas) this.onAnswer('enough');
    else this.onAnswer(count >= 0 ? 'too few' : 'refused');
  }

  replyInParts(tag: number, parts: Uint8Array[]): void {
    const whole = Buffer.concat(parts);
    this.reply(tag, whole, 0, whole.length);
  }

  /** Tells the clients of all answered writes that these may be lost with the master. */
  doubt(why: string): void {
    if (this.answered.length === 0) return;
    const error = unknownOutcome(`written on the master, not confirmed by replicas: ${why}`);
    for (const write of this.take()) write.fail(0, error);
  }

  private take(): ConfirmedWrite[] {
    const { answered } = this;
    this.answered = [];
    return answered;
  }

  /** No WAIT is under way any more; requests that go out from now on include writes. */
  startOver(): void {
    this.underWay = 0;
    this.needed = true;
  }

  arriving(): void {}

  canStream(): boolean {
    return false;
  }

  stream(): void {}

  streamed(): void {}

  // the connection has gone, and has told everyone so itself
  fail(): void {}

  abort(): void {}
}
