import type { ClientWork } from './client-work.ts';

/** Something that is said when the replies to all requests below `number` are out. */
interface Behind {
  readonly number: number;
  readonly bytes: Uint8Array;
}

/**
 * What a client is to be told and cannot be told yet: between two pieces of a reply, or before an earlier reply. It is
 * charged to the client meanwhile. Most clients never have any.
 */
export class LatePushes {
  /** What waits for the end of a reply that was passed on in part. */
  private midReply: Uint8Array[] = [];
  /** What waits for replies, in order. */
  private behind: Behind[] = [];

  /** Nothing waits for replies. */
  get isNothingBehind(): boolean {
    return this.behind.length === 0;
  }

  /** To be said when the reply is complete. */
  untilReplyEnds(work: ClientWork, bytes: Uint8Array): void {
    this.midReply.push(bytes);
    work.load.arriving += bytes.length;
  }

  /** The reply is complete. */
  replyEnded(work: ClientWork): void {
    for (const bytes of this.midReply) {
      work.load.arriving -= bytes.length;
      work.output.append(bytes, 0, bytes.length);
    }
    this.midReply = [];
  }

  /** To be said when the replies to all requests below `number` are out. */
  untilReplied(work: ClientWork, number: number, bytes: Uint8Array): void {
    this.behind.push({ number, bytes });
    work.load.arriving += bytes.length;
  }

  /**
   * Says what has waited for replies that are out by now: to all requests below `head`.
   * @param isIdle nothing is left to be replied to: a request that was withdrawn has no reply
   */
  sayBehind(work: ClientWork, head: number, isIdle: boolean, say: (bytes: Uint8Array) => void): void {
    const { behind } = this;
    let said = 0;
    while (said < behind.length && (isIdle || behind[said].number <= head)) {
      const { bytes } = behind[said++];
      work.load.arriving -= bytes.length;
      say(bytes);
    }
    behind.splice(0, said);
  }
}
