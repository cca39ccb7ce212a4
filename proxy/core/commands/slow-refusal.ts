import { errorReply } from '../../protocol/replies.ts';
import { InTurn } from './in-turn.ts';
import { refuse } from './refusals.ts';
import type { Session } from './session.ts';

/** Milliseconds; the first refusal comes at once, the second after this, and so on, twice as long each time. */
const SECOND_PAUSE = 20;
const LONGEST_PAUSE = 1000;
/** Who was not refused for so long begins anew. */
const FORGOTTEN_AFTER = 5000;

/** Refusals in a row that are taken for no loop yet. */
const MOST_IN_A_ROW = 16;
/** Who asks again after this many milliseconds is in no hurry. */
const IN_NO_HURRY = 250;

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

/** Refusals of one client with nothing else between them. */
interface Row {
  /** Number of the last one, … */
  readonly tag: number;
  /** … and when it was answered. */
  readonly turn: number;
  readonly at: number;
  /** How often it asked when it had the answer to the one before. */
  readonly times: number;
}
const rows = new WeakMap<Session, Row>();

/**
 * Refuses the request at hand, at once unless its client does nothing but ask for what is refused, as soon as it has the
 * answer: then after a pause that grows. Workers of some libraries ask thousands of times a second. A pipeline is no loop.
 */
export function refuseInARow(session: Session, text: string): void {
  const { loop } = session.pool;
  const { tail: tag } = session;
  const last = rows.get(session);
  const isNext = last !== undefined && tag === last.tag + 1 && loop.now() - last.at < IN_NO_HURRY;
  const cameTogether = isNext && loop.turn === last.turn;
  const times = isNext ? last.times + (cameTogether ? 0 : 1) : 1;
  const note = (): void => void rows.set(session, { tag, turn: loop.turn, at: loop.now(), times });
  note();
  if (cameTogether || times <= MOST_IN_A_ROW) refuse(session, text);
  else session.runAlone(new SlowRefusal(session, text, note));
}

class SlowRefusal extends InTurn {
  readonly waiting = 0;

  /** @param onEnd called just before it is answered */
  constructor(
    session: Session,
    private readonly text: string,
    private readonly onEnd: () => void = () => undefined,
  ) {
    super(session);
  }

  protected begin(): void {
    afterPause(this.session, () => {
      if (this.isOver) return;
      this.onEnd();
      this.end(errorReply(this.text));
    });
  }
}
