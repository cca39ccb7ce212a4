import type { Owner, Receiver } from '../base/receiver.ts';
import type { PushListener } from './push-reader.ts';

/** A connection that a request can be put on. */
export interface HeldConnection {
  send(who: Receiver, tag: number, command: number, bytes: Uint8Array, from: number, to: number): void;
}

/** A client with server connections of its own, on which the server remembers something for it. */
export interface Holder extends PushListener {
  readonly owner: Owner;
  /** Said to the server on every new socket, before anything else; answered with anything but an error. */
  readonly greeting: readonly (string | Uint8Array)[];
  /** `connection` is about to be sent a request of its. */
  onPicked(connection: HeldConnection): void;
  /** A socket is gone, or requests of it are sent again. */
  onLost(): void;
}
