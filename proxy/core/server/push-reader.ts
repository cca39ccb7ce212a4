import { ReplyReader } from './reply-reader.ts';

const PUSH = 62;

/** Who hears what a server says unasked on a connection, and has it prepared for that. */
export interface PushListener {
  /** So many bytes of something unfinished are kept, or (negative) not any more. */
  arriving(bytes: number): void;
  /** What the server says, `buffer[from, to)`, with everything that it answered before it handed on. */
  onPush(buffer: Uint8Array, from: number, to: number): void;
}

/** Cuts what a server sends into replies and what it says unasked (`>` of RESP3), in their order. */
export class PushReader extends ReplyReader {
  /** Chunks of something unasked that came in several, and their bytes. */
  private pushed: Uint8Array[] = [];
  private pushedBytes = 0;
  private isMidReply = false;

  constructor(
    connection: ConstructorParameters<typeof ReplyReader>[0],
    private readonly listener: PushListener,
  ) {
    super(connection);
  }

  protected override isUnasked(buffer: Uint8Array, from: number): boolean {
    return this.pushedBytes > 0 || (!this.isMidReply && buffer[from] === PUSH);
  }

  protected override complete(buffer: Uint8Array, from: number, to: number): void {
    if (!this.isUnasked(buffer, from)) {
      this.isMidReply = false;
      super.complete(buffer, from, to);
    } else if (this.pushedBytes === 0) this.listener.onPush(buffer, from, to);
    else {
      const whole = Buffer.concat([...this.pushed, buffer.subarray(from, to)]);
      this.forget();
      this.listener.onPush(whole, 0, whole.length);
    }
  }

  protected override partial(buffer: Uint8Array, from: number, to: number): void {
    if (!this.isUnasked(buffer, from)) {
      this.isMidReply = true;
      super.partial(buffer, from, to);
      return;
    }
    this.pushed.push(buffer.subarray(from, to));
    this.pushedBytes += to - from;
    this.listener.arriving(to - from);
  }

  private forget(): void {
    if (this.pushedBytes > 0) this.listener.arriving(-this.pushedBytes);
    this.pushed = [];
    this.pushedBytes = 0;
  }

  override restart(): void {
    super.restart();
    this.forget();
    this.isMidReply = false;
  }
}
