/** A server connection that is not read for the sake of one client. */
export interface Stoppable {
  /** `owner` has read what it has, or left. */
  readOn(owner: Owner): void;
}

/** Replies that a client leaves unread: above, it is not read from, and servers are not read for it alone. */
export const UNREAD = 1024 * 1024;

/** The client behind a request. */
export interface Owner {
  /** It left: replies to it are thrown away. */
  readonly gone: boolean;
  /** Bytes of replies that it has not read. */
  readonly unread: number;
  /** How many these may be while others wait for replies behind its own. */
  readonly patience: number;
  /** `connection` is not read until the client has read; then, its `readOn` is called. */
  stop(connection: Stoppable): void;
  /** Others have waited behind it for too long. */
  tooSlow(server: string, milliseconds: number): void;
}

/** The owner of requests that the proxy makes itself. */
export const NOBODY: Owner = { gone: false, unread: 0, patience: 0, stop: () => {}, tooSlow: () => {} };

/** What goes to a server as one and is answered with several replies: a transaction, from MULTI to EXEC. */
export interface Batch {
  /** How many replies the server gives to it. The last one is the reply, and its receiver gets it as any other. */
  readonly replies: number;
  /** One of the replies before the last, numbered from 0. A batch that is sent again begins at 0 again. */
  before(number: number, chunk: Uint8Array, from: number, to: number): void;
  /** Why nothing of it was carried out, as an error reply, when the last reply is `error`; null when it is not known. */
  refusal(error: Uint8Array): Uint8Array | null;
}

/**
 * Who a server's reply is for: a client, or one part of a split request. `tag` is the receiver's own number for
 * the request.
 */
export interface Receiver {
  readonly owner: Owner;
  /** True for requests of the server connection's own: they mean nothing on another socket and are not repeated. */
  readonly local?: boolean;
  /**
   * There only for what means nothing on another socket than the one it was queued for, as EXEC after WATCH: called
   * instead of sending it again, or of `fail`, when that socket is gone.
   * @param wasSent true when the server may have carried it out
   * @param why what became of the socket
   */
  lost?(tag: number, wasSent: boolean, why: string): void;
  /** There only for what is answered with several replies. */
  readonly batch?: Batch;
  /** A whole reply in one piece. The bytes stay as they are until the end of the turn, and longer by reference. */
  reply(tag: number, chunk: Uint8Array, from: number, to: number): void;
  /** A whole reply in several chunks. */
  replyInParts(tag: number, parts: Uint8Array[]): void;
  /** So many bytes of an unfinished reply are kept for it; negative when they are given to it or let go. */
  arriving(tag: number, bytes: number): void;
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

/** In the place of whoever asked for something that is not sent any more, for its client has left. */
export const LEFT_OUT: Receiver = {
  owner: { ...NOBODY, gone: true },
  local: true,
  reply: () => {},
  replyInParts: () => {},
  arriving: () => {},
  canStream: () => false,
  stream: () => {},
  streamed: () => {},
  fail: () => {},
  abort: () => {},
};
