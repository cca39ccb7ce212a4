import type { ServerConnection } from './connection.ts';
import type { Holder } from './holder.ts';
import { holderOf, type Lane } from './lane.ts';

/** Milliseconds after which a connection is closed whose holder has left, although the server still owes answers. */
const LONGEST_FAREWELL = 10_000;
const LOOK_EVERY = 200;

interface Held {
  readonly holder: Holder;
  /** One for each lane. */
  readonly connections: Map<Lane, ServerConnection>;
}

/** Connections of one server that one client each has to itself for as long as it wants. They are opened when they are used. */
export class OwnConnections {
  private readonly held = new Map<number, Held>();
  private readonly leaving = new Map<ServerConnection, number>();
  private timer: NodeJS.Timeout | null = null;

  constructor(private readonly open: (lane: Lane) => ServerConnection) {}

  /**
   * @param number of the holder, see `ownLane`
   * @param most holders; returns false when there are so many
   */
  admit(number: number, holder: Holder, most: number): boolean {
    if (this.held.size >= most) return false;
    this.held.set(number, { holder, connections: new Map() });
    return true;
  }

  /** The connection of a lane, whose holder is told; undefined when it has left. */
  pick(lane: Lane): ServerConnection | undefined {
    const held = this.held.get(holderOf(lane));
    if (held === undefined) return undefined;
    let connection = held.connections.get(lane);
    if (connection === undefined) {
      connection = this.open(lane);
      connection.hold(held.holder);
      held.connections.set(lane, connection);
    }
    held.holder.onPicked(connection);
    return connection;
  }

  get isEmpty(): boolean {
    return this.held.size + this.leaving.size === 0;
  }

  get all(): ServerConnection[] {
    return [
      ...[...this.held.values()].flatMap(({ connections }) => [...connections.values()]),
      ...this.leaving.keys(),
    ];
  }

  /** Closes the connections of a holder as soon as everything is answered. */
  leave(number: number): void {
    const held = this.held.get(number);
    this.held.delete(number);
    for (const connection of held?.connections.values() ?? [])
      this.leaving.set(connection, performance.now() + LONGEST_FAREWELL);
    this.look();
  }

  private look(): void {
    const now = performance.now();
    for (const [connection, until] of this.leaving) {
      if (connection.queue.length > 0 && now < until) continue;
      this.leaving.delete(connection);
      connection.discard();
    }
    if (this.timer !== null) clearTimeout(this.timer);
    this.timer = this.leaving.size === 0 ? null : setTimeout(() => this.look(), LOOK_EVERY).unref();
  }

  stop(): void {
    if (this.timer !== null) clearTimeout(this.timer);
    this.timer = null;
    this.held.clear();
    this.leaving.clear();
  }
}
