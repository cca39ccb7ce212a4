import type { ServerConnection } from './connection.ts';
import { type Lane, sharedLane } from './lane.ts';
import type { PassingConnection, PassingRequest } from './passing-request.ts';

/** Large requests that one server gets at once; more of them wait. */
const MOST = 16;

/**
 * The connections of one server that large requests pass through, one at a time each, so that a slow client holds up
 * nobody but itself. Opened when needed; one is kept.
 */
export class LargeConnections {
  readonly all: ServerConnection[] = [];
  private readonly waiting: PassingRequest[] = [];

  constructor(private readonly open: (lane: Lane) => ServerConnection) {}

  /** Gives the request a connection, now or when one is free. */
  take(stream: PassingRequest): void {
    const lane = sharedLane(stream.lane);
    const idle = this.all.filter((connection) => connection.stream === null);
    let connection = idle.find((each) => each.lane === lane);
    if (connection === undefined && this.all.length === MOST && idle.length > 0) this.close(idle[0]);
    if (connection === undefined && this.all.length < MOST) {
      connection = this.open(lane);
      this.all.push(connection);
    }
    if (connection === undefined) this.waiting.push(stream);
    else {
      connection.stream = stream;
      stream.attach(connection);
    }
  }

  /** The request on this connection is over. */
  release(released: PassingConnection): void {
    const connection = this.all.find((each) => each === released);
    if (connection === undefined) return;
    connection.stream = null;
    const next = this.waiting.shift();
    if (next !== undefined) this.take(next);
    else if (!connection.isReady || this.all.some((other) => other !== connection && other.stream === null)) {
      this.close(connection);
    }
  }

  /** The request does not want a connection any more. */
  forget(stream: PassingRequest): void {
    const at = this.waiting.indexOf(stream);
    if (at >= 0) this.waiting.splice(at, 1);
  }

  private close(connection: ServerConnection): void {
    connection.held.stop();
    connection.drop();
    this.all.splice(this.all.indexOf(connection), 1);
  }
}
