import type { Receiver } from '../base/receiver.ts';
import type { Lane } from './lane.ts';
import type { RequestQueue } from './request-queue.ts';
import type { Segment } from './segment.ts';

/** What a large request on its way through the proxy needs of the connection that is its alone. */
export interface PassingConnection {
  readonly queue: RequestQueue;
  sendStream(who: Receiver, command: number, segment: Segment): void;
  /** More of the request is there. */
  streamGrew(bytes: number): void;
  /** No more of it will come. */
  abandonStream(): void;
  touch(): void;
}

/** A large request that is sent while it comes in, as the servers' side sees it. */
export interface PassingRequest {
  /** Of the connections that are of use to its client. */
  readonly lane: Lane;
  /** A connection for this request alone. */
  attach(connection: PassingConnection): void;
  /** Bytes went out. */
  onWritten(): void;
  /** True when its client has sent nothing for too long while the server waits for the rest. It is turned away then. */
  turnedAway(now: number): boolean;
  /** True while the server cannot go on because the client has not sent more. */
  readonly waitsForClient: boolean;
}
