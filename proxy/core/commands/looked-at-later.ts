import { RequestFrame } from '../../protocol/request-frame.ts';
import { InTurn } from './in-turn.ts';
import type { Session } from './session.ts';

/** Deals with a request, `buffer[from, to)`. */
export type Deal = (
  session: Session,
  frame: RequestFrame,
  buffer: Uint8Array,
  from: number,
  to: number,
) => void;

/** Deals with a request by what the servers have of their own: when they have said it, if they must be asked first. */
export function byLearntCommands(
  session: Session,
  frame: RequestFrame,
  buffer: Uint8Array,
  from: number,
  to: number,
  deal: Deal,
): void {
  if (session.routing.learnt.isFresh) deal(session, frame, buffer, from, to);
  else lookAtLater(session, buffer, from, to, (proceed) => session.routing.learnt.ask(proceed), deal);
}

/**
 * A request, `buffer[from, to)`, is looked at again when something has come about, and has the session to itself until then.
 * @param until has `proceed` called once when it has come about; asked when everything before the request is answered
 * @param deal what is done then
 */
export function lookAtLater(
  session: Session,
  buffer: Uint8Array,
  from: number,
  to: number,
  until: (proceed: () => void) => void,
  deal: Deal,
): void {
  session.runAlone(new LookedAtLater(session, new Uint8Array(buffer.subarray(from, to)), until, deal));
}

class LookedAtLater extends InTurn {
  constructor(
    session: Session,
    private readonly request: Uint8Array,
    private readonly until: (proceed: () => void) => void,
    private readonly deal: Deal,
  ) {
    super(session);
  }

  get waiting(): number {
    return this.request.length;
  }

  protected begin(): void {
    this.until(() => this.proceed());
  }

  private proceed(): void {
    const { request, session } = this;
    if (this.isOver) return;
    this.isOver = true;
    const frame = new RequestFrame();
    frame.begin(0);
    frame.parse(request, request.length);
    // as if it came now: it takes its number again
    session.tail = this.tag;
    this.deal(session, frame, request, 0, request.length);
    if (session.solo === this) session.soloEnded();
  }
}
