import { errorReply } from '../../protocol/replies.ts';
import type { Link } from '../../transport/link.ts';
import { isUnknownOutcome } from '../base/unknown-outcome.ts';
import type { PoolContext, SoloRequest } from '../commands/session.ts';
import { ClientReplies } from './client-replies.ts';

/** Milliseconds in which an application that has one thing to ask after the other asks the next. */
const LEAVE_AFTER_MS = 2;

/** What a client needs of its pool to be let go. */
export interface EndingPool extends PoolContext {
  /** As `warn`, for what strangers can cause as often as they like. */
  warnOfClients(text: string): void;
}

/** The ways in which a client's connection ends, and what is still done before. A layer of `Client`. */
export abstract class ClientEnd extends ClientReplies {
  solo: SoloRequest | null = null;
  /** Told to leave; see `leaveAfterNextReply`. */
  protected leaving = false;
  protected faulty = false;
  /** It will send no more, and some of what it has sent is still to be looked at. */
  protected hasEnded = false;

  abstract override readonly pool: EndingPool;
  abstract readonly link: Link;
  /** The link is closed, or will be: whatever the client had is given up. */
  protected abstract leave(): void;

  /** Whose connection it is, `address:port`, when whoever passed it on has said so (PROXY protocol). */
  source: string | null = null;

  /** Address of the other end, for people. */
  get remote(): string {
    return this.source ?? this.link.remote;
  }

  get isClosing(): boolean {
    return this.closing;
  }

  get accounted(): number {
    return this.workNow?.load.accounted ?? 0;
  }

  /** Takes no more requests; the connection ends when every earlier one is answered. */
  finishAfterReplies(): void {
    this.closing = true;
    this.workNow?.reader.drop();
    this.touch();
  }

  /**
   * Ends the connection shortly after a reply, when nothing is left to answer and nothing has followed: whoever waits for
   * its answers and then does something else has nothing on the way here, as it may have at any other moment. Until then
   * requests are served as ever.
   */
  leaveAfterNextReply(): void {
    this.leaving = true;
  }

  /** Everything is answered: leaves unless something more comes at once. */
  protected leaveUnlessAsked(): void {
    const answered = this.head;
    setTimeout(() => {
      const isHalfway = this.solo !== null || this.workNow?.reader.isHalfway;
      if (this.head === answered && this.tail === answered && !isHalfway) this.finishAfterReplies();
    }, LEAVE_AFTER_MS);
  }

  /** Everything is answered and sent, and nothing more is taken. */
  protected finish(): void {
    if (this.faulty) this.pool.stats.clientErrors++;
    else this.pool.stats.clientEof++;
    this.link.finish();
    this.leave();
  }

  /** Turns the client away in words. */
  refuse(text: string, code?: string): void {
    this.faulty = true;
    this.workNow?.reader.drop();
    this.reply(this.tail++, errorReply(text, code), 0);
    this.finishAfterReplies();
  }

  /** The stream of requests cannot be understood from here on. */
  protocolError(fault: string): void {
    this.refuse(`Protocol error: ${fault}`);
  }

  fail(tag: number, text: Uint8Array): void {
    if (this.gone) return;
    this.pool.stats.forwardErrors++;
    if (this.pool.config.unknownOutcomes === 'disconnect' && isUnknownOutcome(text)) this.endBefore(tag);
    else this.reply(tag, text, 0, text.length);
  }

  /** The connection ends when everything before request `tag` is answered, as it does when a Redis ends. */
  endBefore(tag: number): void {
    if (this.gone || tag >= this.tail) return;
    this.tail = tag;
    this.finishAfterReplies();
  }

  /** Ends the connection at once: a reply was passed on in part and cannot be completed. */
  abort(): void {
    if (this.gone) return;
    this.pool.stats.clientErrors++;
    this.link.close();
    this.leave();
  }

  leaveUnanswered(why?: string): void {
    if (this.gone) return;
    if (why !== undefined) this.pool.warnOfClients(`client ${this.remote} is closed: ${why}`);
    this.pool.stats.clientEof++;
    this.link.finish();
    this.leave();
  }

  /** Everyone behind the reply that this client does not read has waited long enough. */
  tooSlow(server: string, milliseconds: number): void {
    this.letGo(
      `it left ${this.unread} bytes unread and held up others on '${server}' for ${milliseconds} ms`,
    );
  }

  shed(total: number, limit: number): void {
    this.letGo(
      `${this.accounted} bytes are kept for it, the most of all clients, which together have ${total} of ${limit} (--buffer-limit)`,
    );
  }

  letGo(why: string): void {
    this.pool.warnOfClients(`client ${this.remote} is closed: ${why}`);
    this.abort();
  }

  onEnd(): void {
    if (this.solo?.endsWithInput === true) {
      this.link.close();
      this.onClosed(null);
      return;
    }
    this.link.watchPeer();
    // what came before its end is still to be served
    if (this.solo !== null && this.work.reader.backlogBytes > 0) this.hasEnded = true;
    else this.finishAfterReplies();
  }

  onClosed(code: string | null): void {
    if (this.gone) return;
    if (code === null) this.pool.stats.clientEof++;
    else this.pool.stats.clientErrors++;
    this.leave();
  }
}
