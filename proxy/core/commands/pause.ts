import { factsOf } from '../../protocol/command-description.ts';
import type { Command } from '../../protocol/command-table.ts';
import { wordAt } from '../../protocol/key-positions.ts';
import type { RequestFrame } from '../../protocol/request-frame.ts';
import { GATE_RANKS, type Gate, type PoolContext, type Session, type SoloRequest } from './session.ts';

/** A timer counts no further. Milliseconds. */
const LONGEST_TIMER = 2 ** 31 - 1;

const pauses = new WeakMap<PoolContext, Pause>();

/** A client that comes while its pool pauses waits, too. */
export function pauseNewcomer(session: Session): void {
  pauses.get(session.pool)?.admit(session);
}

/**
 * CLIENT PAUSE of a pool: requests wait, all or those that may write, until its time is over or CLIENT UNPAUSE. Those who
 * have not said the password are answered as ever, so that a load balancer does not take the proxy for dead.
 */
export class Pause implements Gate {
  readonly rank = GATE_RANKS.pause;
  readonly needsWhole = true;
  private until = 0;
  private onlyWrites = true;
  private isExempt: (session: Session) => boolean = () => false;
  private timer: NodeJS.Timeout | null = null;
  private readonly held = new Set<HeldRequest>();

  private constructor(private readonly pool: PoolContext) {}

  static of(pool: PoolContext): Pause {
    const pause = pauses.get(pool) ?? new Pause(pool);
    pauses.set(pool, pause);
    return pause;
  }

  /**
   * Begins it, or makes it longer and stricter, never the opposite.
   * @param isExempt who is served all the same
   */
  begin(milliseconds: number, onlyWrites: boolean, isExempt: (session: Session) => boolean): void {
    const isOn = this.timer !== null;
    const until = performance.now() + milliseconds;
    this.onlyWrites = isOn ? this.onlyWrites && onlyWrites : onlyWrites;
    this.until = isOn ? Math.max(this.until, until) : until;
    this.isExempt = isExempt;
    this.wake();
    if (!isOn) for (const session of this.pool.clients) session.enter(this);
  }

  /** A client that has just come. */
  admit(session: Session): void {
    if (this.timer !== null) session.enter(this);
  }

  private wake(): void {
    if (this.timer !== null) clearTimeout(this.timer);
    const left = this.until - performance.now();
    this.timer = setTimeout(
      () => (left > LONGEST_TIMER ? this.wake() : this.end()),
      Math.min(left, LONGEST_TIMER),
    );
    this.timer.unref();
  }

  /** Everyone is served again, in turns. */
  end(): void {
    if (this.timer === null) return;
    clearTimeout(this.timer);
    this.timer = null;
    for (const session of this.pool.clients) session.exit(this);
    for (const request of this.held) this.pool.loop.nextTurn(() => request.comeAgain());
    this.held.clear();
  }

  takes(
    session: Session,
    command: Command,
    frame: RequestFrame,
    buffer: Uint8Array,
    from: number,
    to: number,
  ): boolean {
    if (!session.authenticated || this.isExempt(session)) return false;
    if (command.name === 'client' && frame.argc > 1 && /^(unpause|peer)$/.test(wordAt(frame, buffer, 1)))
      return false;
    if (this.onlyWrites && !mayWrite(command)) return false;
    const held = new HeldRequest(session, command, new Uint8Array(buffer.subarray(from, to)), () =>
      this.held.delete(held),
    );
    this.held.add(held);
    session.runAlone(held);
    return true;
  }
}

/** Of EXEC it is not asked what it holds. */
function mayWrite({ name, write }: Command): boolean {
  return write || factsOf(name)?.flags.includes('may_replicate') === true;
}

/** A request that waits for the end of a pause. */
class HeldRequest implements SoloRequest {
  private readonly tag: number;

  constructor(
    private readonly session: Session,
    private readonly command: Command,
    private readonly request: Uint8Array,
    private readonly left: () => void,
  ) {
    this.tag = session.tail;
  }

  get waiting(): number {
    return this.request.length;
  }

  startInTurn(): void {}

  abandon(): void {
    this.left();
  }

  comeAgain(): void {
    const { command, request, session, tag } = this;
    if (session.solo !== this) return;
    // it will be counted again
    session.pool.stats.commands[command.id]--;
    session.comeAgain(tag, request);
  }
}
