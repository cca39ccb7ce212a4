import type { Loop } from '../base/loop.ts';
import { UNREAD } from '../base/receiver.ts';
import type { SoloRequest } from '../commands/session.ts';

/** A client that has been given much more than it has read. */
interface Reading {
  readonly pool: { readonly loop: Loop };
  readonly unsent: number;
  soloEnded(): void;
}

/**
 * In the place of a request that has the session to itself: nothing is looked at before the next turn, so that others have
 * theirs, nor before the client has read what it was answered. A request of 14 bytes may have an answer of 100 KB, and one
 * of 6 bytes is answered by the proxy itself: hundreds of thousands of them may come in one turn.
 */
export class AnswersRead implements SoloRequest {
  readonly waiting = 0;
  private isOver = false;

  constructor(private readonly client: Reading) {}

  /** Called after each flush. Goes on in a turn of its own, or a client that reads quickly would have this one for ever. */
  startInTurn(): void {
    if (this.isOver || this.client.unsent > UNREAD / 2) return;
    this.isOver = true;
    this.client.pool.loop.nextTurn(() => this.client.soloEnded());
  }

  abandon(): void {
    this.isOver = true;
  }
}
