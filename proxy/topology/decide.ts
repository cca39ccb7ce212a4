/*
 * Who is master: pure decisions over what the sentinels say. Nothing here reads a clock or a socket.
 */

/** What one sentinel said last about one master. */
export interface SentinelView {
  host: string;
  port: number;
  /** config-epoch: grows with every failover. */
  epoch: number;
  /** It considers the master down (s_down or o_down). */
  down: boolean;
  /** It is in TILT: its clock or its CPU misbehaves and it must not be believed. */
  tilt: boolean;
  /** When it said so, milliseconds of a monotonic clock. */
  at: number;
}

/** The master as the proxy serves it. */
export interface MasterState {
  host: string;
  port: number;
  /** 0 while no majority has named it. */
  epoch: number;
  /** Nothing is sent to it. */
  waiting: boolean;
}

export type Decision =
  | { kind: 'keep' }
  | { kind: 'move'; host: string; port: number; epoch: number }
  | { kind: 'wait' }
  | { kind: 'release'; epoch: number };

/** A view older than this no longer counts: the sentinel is asked every second. Milliseconds. */
export const VIEW_LIFETIME = 5000;

/**
 * What to do about one master.
 * - Moves only to an address that a majority of the *configured* sentinels names, the one of highest epoch.
 * - Never back to an older epoch while any sentinel still stands by the current one.
 * - Waits while a majority holds the current master for down; a lone sentinel changes nothing.
 * - Without a majority everything stays as it is.
 * @param configured number of sentinels in the pool's configuration
 */
export function decide(
  current: MasterState,
  views: readonly SentinelView[],
  configured: number,
  now: number,
): Decision {
  const majority = Math.floor(configured / 2) + 1;
  const fresh = views.filter((view) => !view.tilt && now - view.at < VIEW_LIFETIME);
  const named = namedByMajority(fresh, majority);
  if (named === null) return { kind: 'keep' };
  const isCurrent = named.host === current.host && named.port === current.port;
  if (!isCurrent) {
    const defended = fresh.some((view) => view.epoch >= current.epoch && sameAddress(view, current));
    if (named.epoch < current.epoch && defended) return { kind: 'keep' };
    return { kind: 'move', ...named };
  }
  const down = fresh.filter((view) => view.down && sameAddress(view, current)).length;
  if (down >= majority) return current.waiting ? { kind: 'keep' } : { kind: 'wait' };
  if (current.waiting || named.epoch > current.epoch) return { kind: 'release', epoch: named.epoch };
  return { kind: 'keep' };
}

/** The address that at least `majority` views agree on; two such cannot be. Its epoch is the highest among them. */
function namedByMajority(
  views: readonly SentinelView[],
  majority: number,
): { host: string; port: number; epoch: number } | null {
  for (const view of views) {
    const same = views.filter((other) => sameAddress(other, view));
    if (same.length < majority) continue;
    return { host: view.host, port: view.port, epoch: Math.max(...same.map((each) => each.epoch)) };
  }
  return null;
}

function sameAddress(a: { host: string; port: number }, b: { host: string; port: number }): boolean {
  return a.host === b.host && a.port === b.port;
}

/** The state after a decision was carried out. */
export function nextState(current: MasterState, decision: Decision): MasterState {
  switch (decision.kind) {
    case 'keep':
      return current;
    case 'wait':
      return { ...current, waiting: true };
    case 'release':
      return { ...current, epoch: decision.epoch, waiting: false };
    case 'move':
      return { host: decision.host, port: decision.port, epoch: decision.epoch, waiting: false };
  }
}
