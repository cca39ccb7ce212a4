import type { ServerConnection } from './connection.ts';
import { type Lane, sharedLane } from './lane.ts';

/** Connections that nobody holds and that are kept for the next holder. */
const MOST_IDLE = 4;

/**
 * Connections of one server that one client each has to itself for a while, because the server remembers something for
 * it: what it watches, or that it waits. A bounded set for each purpose; nobody waits for one.
 */
export class PinnedConnections {
  /** Held ones and idle ones. */
  readonly all: ServerConnection[] = [];
  private readonly purposes = new Map<ServerConnection, string>();

  constructor(private readonly open: (lane: Lane) => ServerConnection) {}

  /** How many are held for this purpose. */
  count(purpose: string): number {
    let count = 0;
    for (const each of this.purposes.values()) if (each === purpose) count++;
    return count;
  }

  /**
   * A connection with nothing under way, to be given back with `release`.
   * @param most held ones for this purpose
   * @returns null when there are so many
   */
  take(purpose: string, most: number, lane: Lane): ServerConnection | null {
    if (this.count(purpose) >= most) return null;
    const shared = sharedLane(lane);
    let connection = this.all.find((each) => !this.purposes.has(each) && each.lane === shared);
    if (connection === undefined) {
      connection = this.open(shared);
      this.all.push(connection);
    }
    this.purposes.set(connection, purpose);
    return connection;
  }

  /**
   * @param clean the server remembers nothing of the holder, and has answered it; otherwise the socket is closed, and who
   *     waits for a reply on it is told nothing
   */
  release(connection: ServerConnection, clean: boolean): void {
    if (!this.purposes.delete(connection)) return;
    this.all.splice(this.all.indexOf(connection), 1);
    if (!clean || !connection.isReady || connection.queue.length > 0) {
      connection.discard();
      return;
    }
    this.all.push(connection);
    const idle = this.all.filter((each) => !this.purposes.has(each));
    // the one that was not held for longest: whoever needs them now is in another database, perhaps
    if (idle.length > MOST_IDLE) this.close(idle[0]);
  }

  private close(connection: ServerConnection): void {
    this.all.splice(this.all.indexOf(connection), 1);
    connection.discard();
  }
}
