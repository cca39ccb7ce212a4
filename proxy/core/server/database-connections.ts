import type { Loop } from '../base/loop.ts';
import type { ServerConnection } from './connection.ts';
import type { Lane } from './lane.ts';

/** What nobody has used for so long is closed. Milliseconds. */
export const IDLE_AFTER = 20_000;
const LOOK_EVERY = 5000;
/** Lanes that are open at a server; for one more, the one that is idle for longest is closed. */
export const MOST_LANES = 64;

interface Open {
  readonly connections: ServerConnection[];
  usedAt: number;
}

/**
 * The connections of one server in other databases than the pool's first: opened where a client uses them, closed when
 * nobody does, and so few that a client which tries them all takes no server's connections from others.
 */
export class DatabaseConnections {
  private readonly open = new Map<Lane, Open>();
  private timer: NodeJS.Timeout | null = null;

  constructor(private readonly loop: Loop) {}

  /** Those of a lane, to be filled by the caller. They count as used now. */
  of(lane: Lane): ServerConnection[] {
    let found = this.open.get(lane);
    if (found === undefined) {
      if (this.open.size >= MOST_LANES) this.closeLongestIdle();
      found = { connections: [], usedAt: 0 };
      this.open.set(lane, found);
      this.lookLater();
    }
    found.usedAt = this.loop.now();
    return found.connections;
  }

  get isEmpty(): boolean {
    return this.open.size === 0;
  }

  get all(): ServerConnection[] {
    return [...this.open.values()].flatMap(({ connections }) => connections);
  }

  /** Closes what was idle for IDLE_AFTER at `now`. */
  look(now: number): void {
    for (const [lane, { connections, usedAt }] of this.open)
      if (isIdle(connections) && now - usedAt >= IDLE_AFTER) this.close(lane, connections);
  }

  stop(): void {
    if (this.timer !== null) clearTimeout(this.timer);
    this.timer = null;
    this.open.clear();
  }

  private lookLater(): void {
    this.timer ??= setTimeout(() => {
      this.timer = null;
      this.look(this.loop.now());
      if (this.open.size > 0) this.lookLater();
    }, LOOK_EVERY).unref();
  }

  private closeLongestIdle(): void {
    let longest: [Lane, Open] | null = null;
    for (const entry of this.open)
      if (isIdle(entry[1].connections) && (longest === null || entry[1].usedAt < longest[1].usedAt))
        longest = entry;
    if (longest !== null) this.close(longest[0], longest[1].connections);
  }

  private close(lane: Lane, connections: readonly ServerConnection[]): void {
    this.open.delete(lane);
    for (const connection of connections) connection.discard();
  }
}

function isIdle(connections: readonly ServerConnection[]): boolean {
  return connections.every(({ queue }) => queue.length === 0);
}
