import type { ServerConnection } from './connection.ts';

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

  constructor(private readonly open: (protocol: number) => ServerConnection) {}

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
  take(purpose: string, most: number, protocol: number): ServerConnection | null {
    if (this.count(purpose) >= most) return null;
    let connection = this.all.find((each) => !this.purposes.has(each) && each.protocol === protocol);
    if (connection === undefined) {
      connection = this.open(protocol);
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
    const idle = this.all.length - this.purposes.size;
    if (clean && connection.isReady && connection.queue.length === 0 && idle <= MOST_IDLE) return;
    this.all.splice(this.all.indexOf(connection), 1);
    connection.discard();
  }
}
