import { errorReply } from '../../protocol/replies.ts';
import type { Batch, Owner, Receiver } from '../base/receiver.ts';
import { unknownOutcome } from '../base/unknown-outcome.ts';

const MINUS = 45;
/** What EXEC answers after a command was refused. */
export const ABORTED = errorReply('Transaction discarded because of previous errors.', 'EXECABORT');
const EXECABORT = 'EXECABORT ';
/** How it gives a reason. */
const BECAUSE = 'Transaction discarded because of: ';

/** What EXEC answers when a reason can be given. */
export const abortedBy = (reason: string): Buffer => errorReply(`${BECAUSE}${reason}`, 'EXECABORT');

/**
 * Takes what a server answers to MULTI, to each queued command and to EXEC, and gives on what it answers to EXEC. A
 * server says of a command why it is refused when it queues it, and of the transaction only that it was discarded: its
 * client gets both in one.
 */
export class ExecPart implements Receiver, Batch {
  readonly owner: Owner;
  readonly replies: number;
  readonly batch = this;
  /** All replies but the last have come. */
  private queued = false;
  /** The first error among them. */
  private cause: string | null = null;
  private multiRefused = false;

  /**
   * @param commands how many stand between MULTI and EXEC
   * @param done called when the last reply was given on
   */
  constructor(
    private readonly who: Receiver,
    private readonly tag: number,
    commands: number,
    private readonly done: () => void = () => {},
  ) {
    this.owner = who.owner;
    this.replies = commands + 2;
  }

  before(number: number, chunk: Uint8Array, from: number, to: number): void {
    if (number === 0) {
      this.cause = null;
      this.multiRefused = chunk[from] === MINUS;
    }
    this.queued = number === this.replies - 2;
    if (chunk[from] === MINUS) this.cause ??= textOf(chunk.subarray(from, to));
  }

  refusal(error: Uint8Array): Uint8Array | null {
    // without MULTI the commands were carried out one by one
    if (this.multiRefused) return null;
    const text = textOf(error);
    const reason = text.startsWith(EXECABORT + BECAUSE)
      ? text.slice(EXECABORT.length + BECAUSE.length)
      : (this.cause ?? text);
    return Buffer.from(`-${reason}\r\n`);
  }

  reply(_tag: number, chunk: Uint8Array, from: number, to: number): void {
    if (chunk[from] === MINUS) {
      const error = this.inWords(chunk.subarray(from, to));
      this.who.reply(this.tag, error, 0, error.length);
    } else this.who.reply(this.tag, chunk, from, to);
    this.done();
  }

  private inWords(error: Uint8Array): Uint8Array {
    if (this.multiRefused) {
      return errorReply(
        `the server refused MULTI (${this.cause}); the commands of this transaction were carried out one by one`,
      );
    }
    if (this.cause === null || !textOf(error).startsWith(EXECABORT)) return error;
    return abortedBy(this.cause);
  }

  replyInParts(_tag: number, parts: Uint8Array[]): void {
    this.who.replyInParts(this.tag, parts);
    this.done();
  }

  arriving(_tag: number, bytes: number): void {
    this.who.arriving(this.tag, bytes);
  }

  canStream(): boolean {
    return this.queued && this.who.canStream(this.tag);
  }

  stream(chunk: Uint8Array, from: number, to: number): void {
    this.who.stream(chunk, from, to);
  }

  streamed(): void {
    this.who.streamed(this.tag);
    this.done();
  }

  fail(_tag: number, text: Uint8Array): void {
    this.who.fail(this.tag, text);
    this.done();
  }

  abort(): void {
    this.who.abort();
  }
}

/** A transaction on a connection that watches: it means nothing on another one. */
export class WatchedExecPart extends ExecPart {
  constructor(
    who: Receiver,
    tag: number,
    commands: number,
    done: () => void,
    private readonly nil: Uint8Array,
  ) {
    super(who, tag, commands, done);
  }

  override reply(tag: number, chunk: Uint8Array, from: number, to: number): void {
    const isRefused = chunk[from] === MINUS && this.isOfNoMaster(chunk.subarray(from, to));
    if (isRefused) super.reply(tag, this.nil, 0, this.nil.length);
    else super.reply(tag, chunk, from, to);
  }

  /** The master has changed meanwhile. */
  private isOfNoMaster(error: Uint8Array): boolean {
    const reason = this.refusal(error);
    return reason !== null && /^(READONLY|MASTERDOWN|LOADING) /.test(textOf(reason));
  }

  /** What was not sent is not executed: as if somebody else had written what is watched. */
  lost(tag: number, wasSent: boolean, why: string): void {
    if (wasSent)
      this.fail(
        tag,
        unknownOutcome(`the outcome of this transaction is unknown: sent and not answered (${why})`),
      );
    else super.reply(tag, this.nil, 0, this.nil.length);
  }
}

/** An error reply without its frame. */
function textOf(error: Uint8Array): string {
  return Buffer.from(error).toString('latin1').slice(1).trimEnd();
}
