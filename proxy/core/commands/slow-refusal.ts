import { errorReply } from '../../protocol/replies.ts';
import { InTurn } from './in-turn.ts';
import type { Session } from './session.ts';

/** Milliseconds; the first refusal comes at once, the second after this, and so on, twice as long each time. */
const SECOND_PAUSE = 20;
const LONGEST_PAUSE = 1000;
/** Who was not refused for so long begins anew. */
const FORGOTTEN_AFTER = 5000;

/** When a client was refused last, and how long the next refusal waits. */
const refused = new WeakMap<Session, { at: number; pause: number }>();

/**
 * Calls `run` after a pause that grows with each refusal of this client: whoever should have waited and is refused at once
 * asks again at once, thousands of times a second.
 */
export function afterPause(session: Session, run: () => void): void {
  const now = session.pool.loop.now();
  const last = refused.get(session);
  const pause = last === undefined || now - last.at > FORGOTTEN_AFTER + last.pause ? 0 : last.pause;
  refused.set(session, { at: now, pause: Math.min(LONGEST_PAUSE, Math.max(SECOND_PAUSE, 2 * pause)) });
  if (pause === 0) run();
  else setTimeout(run, pause).unref();
}

/** Refuses the request at hand, one that would wait, in its turn and after a pause that grows. Nobody else waits for it. */
export function refuseSlowly(session: Session, text: string): void {
  session.runAlone(new SlowRefusal(session, text));
}

class SlowRefusal extends InTurn {
  readonly waiting = 0;

  constructor(
    session: Session,
    private readonly text: string,
  ) {
    super(session);
  }

  protected begin(): void {
    afterPause(this.session, () => {
      if (!this.isOver) this.end(errorReply(this.text));
    });
  }
}
