import type { Session, SoloRequest } from './session.ts';

/** Keys that a request with very many of them deals with in one turn: half a millisecond's work. */
export const KEYS_AT_ONCE = 2048;

/** A request that has the session to itself, and begins once, when everything before it is answered. */
export abstract class InTurn implements SoloRequest {
  abstract readonly waiting: number;
  /** Its number. */
  protected readonly tag: number;
  /** The client has left, or has its answer: nothing more is said. */
  protected isOver = false;
  private begun = false;

  /** To be given to `session.runAlone` at once: it takes the session's next number. */
  constructor(protected readonly session: Session) {
    this.tag = session.tail;
  }

  startInTurn(): void {
    if (this.begun || this.session.head !== this.tag) return;
    this.begun = true;
    this.begin();
  }

  /** Its turn has come. */
  protected abstract begin(): void;

  abandon(): void {
    this.isOver = true;
  }

  /** Answers it, and gives the session back. */
  protected end(reply: Uint8Array): void {
    this.session.reply(this.tag, reply, 0, reply.length);
    this.session.soloEnded();
  }
}
