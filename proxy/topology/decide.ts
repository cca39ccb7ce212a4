/*
 * Who is master: pure decisions over what the sentinels say. Nothing here reads a clock or a socket.
 */

/** Where a server listens. */
export interface Place {
  host: string;
  port: number;
}

/** What one sentinel said last about one master. */
export interface SentinelView extends Place {
  /** config-epoch: grows with every failover. */
  epoch: number;
  /** It considers the master down (s_down or o_down). */
  down: boolean;
  /** It is in TILT: its clock or its CPU misbehaves and it must not be believed. */
  tilt: boolean;
  /** When it said so, milliseconds of a monotonic clock. */
  at: number;
}

/** A master that is used before a majority has named it. */
export interface Provisional {
  /** The one that a majority names, and holds for down. */
  instead: Place;
  /** Milliseconds of the same clock. */
  since: number;
}

/** The master as the proxy serves it. */
export interface MasterState extends Place {
  /** 0 while no majority has named it. */
  epoch: number;
  /** Nothing is sent to it. */
  waiting: boolean;
  provisional: Provisional | null;
}

export type Decision =
  | { kind: 'keep' }
  | { kind: 'move'; host: string; port: number; epoch: number }
  | { kind: 'wait' }
  | { kind: 'release'; epoch: number }
  | { kind: 'anticipate'; host: string; port: number; since: number }
  | { kind: 'confirm'; epoch: number }
  | { kind: 'undo' };

/** A view older than this no longer counts: the sentinel is asked every second. Milliseconds. */
export const VIEW_LIFETIME = 5000;
/**
 * How long a master is used without a majority's word. The leader announces a promotion within about a second (INFO
 * once a second); if it dies before, nobody else speaks for twice the failover timeout. Milliseconds.
 */
export const CONFIRM_WITHIN = 3000;

const KEEP: Decision = { kind: 'keep' };

/**
 * What to do about one master.
 * - Moves only to an address that a majority of the *configured* sentinels names, the one of highest epoch.
 * - Never back to an older epoch while any sentinel still stands by the current one.
 * - Waits while a majority holds the current master for down, unless it serves all the same; a lone sentinel changes
 *   nothing.
 * - Then, and only then, a promotion that was witnessed is anticipated: its replica is used until a majority names it,
 *   or somebody else, or the present master is up again, or time is over.
 * - A guarded promotion has taken the old master's replicas away for good: the sentinels may give their failover up and find
 *   the old one in reach again, but it can confirm nothing any more, and what it is read from is old. So the new one is left
 *   only when time is over and it does not serve.
 * - Without a majority everything stays as it is.
 * @param configured number of sentinels in the pool's configuration
 * @param serves the current master itself says that it is one and has the replicas its writes wait for, where that means
 * something
 * @param promoted a replica that a sentinel selected and that was seen to turn from replica to master
 * @param guarded promotions take the old master's replicas away first
 */
export function decide(
  current: MasterState,
  views: readonly SentinelView[],
  configured: number,
  now: number,
  promoted: Place | null = null,
  serves = false,
  guarded = false,
): Decision {
  const majority = Math.floor(configured / 2) + 1;
  const fresh = views.filter((view) => !view.tilt && now - view.at < VIEW_LIFETIME);
  const named = namedByMajority(fresh, majority);
  if (current.provisional !== null) {
    const { instead, since } = current.provisional;
    const isOver = now - since >= CONFIRM_WITHIN;
    if (guarded) return reconsider(current, instead, named, isOver && !serves);
    // what a sentinel said before it died, or lost touch, tells nothing about now
    const ups = fresh.filter((view) => !view.down && view.at >= since && samePlace(view, instead)).length;
    return reconsider(current, instead, named, isOver || ups >= majority);
  }
  if (named === null) return KEEP;
  if (!samePlace(named, current)) {
    const defended = fresh.some((view) => view.epoch >= current.epoch && samePlace(view, current));
    return named.epoch < current.epoch && defended ? KEEP : { kind: 'move', ...named };
  }
  if (heldForDown(current, views, configured, now)) {
    if (promoted !== null && !samePlace(promoted, current))
      return { kind: 'anticipate', host: promoted.host, port: promoted.port, since: now };
    if (serves) return current.waiting ? { kind: 'release', epoch: current.epoch } : KEEP;
    return current.waiting ? KEEP : { kind: 'wait' };
  }
  if (current.waiting || named.epoch > current.epoch) return { kind: 'release', epoch: named.epoch };
  return KEEP;
}

/** Whether a majority of the configured sentinels holds this place for down. */
export function heldForDown(
  place: Place,
  views: readonly SentinelView[],
  configured: number,
  now: number,
): boolean {
  const down = views.filter(
    (view) => view.down && !view.tilt && now - view.at < VIEW_LIFETIME && samePlace(view, place),
  );
  return 2 * down.length > configured;
}

/**
 * What becomes of a master that is used ahead of the majority's word.
 * @param instead the one that a majority named until then
 * @param isMistaken nothing speaks for it any longer
 */
function reconsider(
  current: MasterState,
  instead: Place,
  named: (Place & { epoch: number }) | null,
  isMistaken: boolean,
): Decision {
  if (named !== null && samePlace(named, current)) return { kind: 'confirm', epoch: named.epoch };
  if (named !== null && !samePlace(named, instead)) return { kind: 'move', ...named };
  return isMistaken ? { kind: 'undo' } : KEEP;
}

/** The address that at least `majority` views agree on; two such cannot be. Its epoch is the highest among them. */
function namedByMajority(
  views: readonly SentinelView[],
  majority: number,
): (Place & { epoch: number }) | null {
  for (const view of views) {
    const same = views.filter((other) => samePlace(other, view));
    if (same.length < majority) continue;
    return { host: view.host, port: view.port, epoch: Math.max(...same.map((each) => each.epoch)) };
  }
  return null;
}

/** `host:port`, for logs, and as its key. */
export const formatPlace = ({ host, port }: Place): string => `${host}:${port}`;

export function samePlace(a: Place, b: Place): boolean {
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
    case 'move': {
      const { host, port, epoch } = decision;
      return { host, port, epoch, waiting: false, provisional: null };
    }
    case 'anticipate': {
      const { host, port, since } = decision;
      const instead = { host: current.host, port: current.port };
      return { ...current, host, port, waiting: false, provisional: { instead, since } };
    }
    case 'confirm':
      return { ...current, epoch: decision.epoch, provisional: null };
    case 'undo':
      return { ...current, ...current.provisional?.instead, waiting: true, provisional: null };
  }
}
