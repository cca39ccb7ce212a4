import type { Link } from '../../transport/link.ts';
import type { Holder } from '../base/buffer-budget.ts';
import type { Session } from '../commands/session.ts';

/** What the parts of a client (its reader, its load, its large request) need of it. */
export interface WorkingClient extends Session, Holder {
  readonly link: Link;
  /** Takes no more requests. */
  readonly isClosing: boolean;
  /** Requests that may be without a reply at once, see ReplyWindow. */
  readonly mostOpen: number;
  /** Nothing more is looked at before some of them are answered. */
  awaitReplies(): void;
  /** Of so many bytes the requests are still looked at in this turn. */
  readonly patienceInTurn: number;
  /** Nothing more is looked at in this turn. */
  awaitNextTurn(): void;
  /** Received bytes are kept no longer, or are accounted elsewhere. */
  passedOn(bytes: number): void;
  /** Whether it is read from while its large request is on its way. */
  pauseForStream(on: boolean): void;
  /** The request that got this number will not be completed. */
  withdraw(tag: number): void;
}
