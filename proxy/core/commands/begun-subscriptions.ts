import type { Command } from '../../protocol/command-table.ts';
import type { ListeningKind } from '../server/listening-kind.ts';
import type { PoolContext } from './session.ts';

/**
 * Milliseconds from its beginning for which a subscription that its server does not confirm holds up who publishes: a
 * connection is made meanwhile, over a slow line and with TLS.
 */
const LONGEST = 500;

/** Those of a pool that are begun and not confirmed, oldest first. */
const begun = new WeakMap<PoolContext, Set<BegunSubscription>>();

const NOBODY: ReadonlySet<BegunSubscription> = new Set();
const NONE: readonly BegunSubscription[] = [];

/**
 * A SUBSCRIBE, PSUBSCRIBE or SSUBSCRIBE on its way to its servers. At a Redis it is in force before anything that comes
 * in behind it; here it goes over a connection that is made first, and a PUBLISH over another one could overtake it.
 */
export class BegunSubscription {
  private isOver = false;
  private readonly until: number;
  private readonly behind: (() => void)[] = [];
  private timer: NodeJS.Timeout | null = null;

  /** @param names as bytes, in latin1 */
  constructor(
    private readonly pool: PoolContext,
    private readonly kind: ListeningKind,
    private readonly names: ReadonlySet<string>,
  ) {
    this.until = performance.now() + LONGEST;
    const all = begun.get(pool);
    if (all === undefined) begun.set(pool, new Set([this]));
    else all.add(this);
  }

  /** It is confirmed, or will not be: what waits goes on. */
  end(): void {
    if (this.isOver) return;
    this.isOver = true;
    if (this.timer !== null) clearTimeout(this.timer);
    const all = begun.get(this.pool);
    all?.delete(this);
    if (all?.size === 0) begun.delete(this.pool);
    for (const proceed of this.behind.splice(0)) proceed();
  }

  /** It holds up nobody any more. */
  isLate(now: number): boolean {
    return this.isOver || now >= this.until;
  }

  /** It may hear what is said to a channel. Of patterns it is not asked which: they are rare, and may be many. */
  hears(kind: ListeningKind, channel: string): boolean {
    if (this.kind === 'psubscribe') return kind === 'subscribe';
    return this.kind === kind && this.names.has(channel);
  }

  /** `proceed` is called once: now when it is over already, and soon in any case. */
  whenOver(proceed: () => void): void {
    const now = performance.now();
    if (this.isLate(now)) {
      proceed();
      return;
    }
    this.behind.push(proceed);
    this.timer ??= setTimeout(() => this.end(), this.until - now).unref();
  }
}

/** Those that a PUBLISH or SPUBLISH to the channel `buffer[from, to)` must not overtake. */
export function begunHearers(
  pool: PoolContext,
  command: Command,
  buffer: Uint8Array,
  from: number,
  to: number,
): readonly BegunSubscription[] {
  const all = recent(pool);
  if (all.size === 0) return NONE;
  const kind = command.name === 'publish' ? 'subscribe' : 'ssubscribe';
  const channel = Buffer.from(buffer.subarray(from, to)).toString('latin1');
  return [...all].filter((each) => each.hears(kind, channel));
}

/** All of a pool that are begun: whatever is published now must not overtake them. */
export function allBegun(pool: PoolContext): readonly BegunSubscription[] {
  return [...recent(pool)];
}

/** Those that are waited for: a server that hangs may leave thousands behind, and each PUBLISH asks all of them. */
function recent(pool: PoolContext): ReadonlySet<BegunSubscription> {
  const all = begun.get(pool);
  if (all === undefined) return NOBODY;
  const now = performance.now();
  for (const each of all) {
    if (!each.isLate(now)) break;
    all.delete(each);
  }
  return all;
}

/** `proceed` is called once, when none of these is waited for any longer. */
export function whenOver(these: readonly BegunSubscription[], proceed: () => void): void {
  let left = these.length + 1;
  const one = (): void => {
    left--;
    if (left === 0) proceed();
  };
  for (const each of these) each.whenOver(one);
  one();
}
