/**
 * Who a server's reply is for: a client, or one part of a split request. `tag` is the receiver's own number for
 * the request.
 */
export interface Receiver {
  /** The client behind it; replies to a client that left are thrown away. */
  readonly owner: { readonly gone: boolean };
  /** True for requests of the server connection's own: they mean nothing on another socket and are not repeated. */
  readonly local?: boolean;
  /** A whole reply in one piece. The bytes stay as they are until the end of the turn, and longer by reference. */
  reply(tag: number, chunk: Uint8Array, from: number, to: number): void;
  /** A whole reply in several chunks. */
  replyInParts(tag: number, parts: Uint8Array[]): void;
  /** True when bytes of an unfinished reply may already be passed on. */
  canStream(tag: number): boolean;
  /** A piece of an unfinished reply, after `canStream` said yes. */
  stream(chunk: Uint8Array, from: number, to: number): void;
  /** The piece given last was the end of the reply. */
  streamed(tag: number): void;
  /** No reply will come. `text` is a complete error reply. */
  fail(tag: number, text: Uint8Array): void;
  /** The reply broke off after pieces of it were passed on. */
  abort(): void;
}
