import type { Link } from '../../transport/link.ts';
import type { Holder } from '../base/buffer-budget.ts';
import type { Session } from '../commands/session.ts';

/** A request that nothing behind it is read for before it is answered: it is too large to be kept. */
export interface Passing {
  /** Bytes that are here and were not written. */
  readonly waiting: number;
  /** To be called when replies went out: begins once it is this request's turn. */
  startInTurn(): void;
  /** The rest will not come: the client has left, or what it sends makes no sense. */
  abandon(): void;
}

/** What the parts of a client (its reader, its load, its large request) need of it. */
export interface WorkingClient extends Session, Holder {
  readonly link: Link;
  /** Takes no more requests. */
  readonly isClosing: boolean;
  /** A request too large to be kept is on its way: nothing behind it is read before it is answered. */
  passing: Passing | null;
  /** The stream of requests cannot be understood from here on. */
  protocolError(fault: string): void;
  /** Received bytes are kept no longer, or are accounted elsewhere. */
  passedOn(bytes: number): void;
  /** Whether it is read from while its large request is on its way. */
  pauseForStream(on: boolean): void;
  /** The request that got this number will not be completed. */
  withdraw(tag: number): void;
  /** The request that everything waited for is answered. */
  streamEnded(): void;
}
