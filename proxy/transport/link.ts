import type { Address, TlsConnect, TlsListen } from '../config/pool.ts';

/**
 * One connection as the core sees it. Bytes that `write` took are the link's own business: the caller may reuse its
 * buffer at once. What it did not take is the caller's to offer again after `onWritable`.
 */
export interface Link {
  /** Address of the other end, for people; known while the connection lives. */
  readonly remote: string;
  /** Bytes taken of `bytes[from, to)`: 0 when full, -1 when the connection is gone. */
  write(bytes: Uint8Array, from: number, to: number): number;
  /**
   * Bytes taken of these pieces, one after the other, in one call to the kernel. Less than all of them, or 0, says only
   * that `write` is to be asked what is the matter. Absent where it would not be faster.
   */
  writeMany?(pieces: readonly Uint8Array[]): number;
  pause(): void;
  resume(): void;
  /** Whatever comes from now on is told to this one, in place of whoever `accept` named. */
  leadTo(owner: LinkOwner): void;
  /**
   * Nothing may be read or written here for long: from now on the kernel asks from time to time whether the other end is
   * still there. When it is not, `onClosed` follows, also while reading is paused.
   */
  watchPeer(): void;
  /** Sends FIN once what was written is out, then closes. */
  finish(): void;
  /** Closes at once. No event follows. */
  close(): void;
}

/** What a link tells its owner. Chunks given to `onBytes` belong to the owner and are never reused. */
export interface LinkOwner {
  onBytes(chunk: Uint8Array): void;
  onWritable(): void;
  /** The peer sent FIN; writing is still possible. */
  onEnd(): void;
  /** The connection is gone. `code` is an errno name such as ECONNRESET, or null for an orderly end. */
  onClosed(code: string | null): void;
}

/** Owner of links of which nothing that may still come is of interest. */
export const NO_OWNER: LinkOwner = {
  onBytes: () => {},
  onWritable: () => {},
  onEnd: () => {},
  onClosed: () => {},
};

export interface ListenOptions {
  address: Address;
  backlog: number;
  reusePort: boolean;
  keepAlive: boolean;
  /**
   * Milliseconds within which the other end of an accepted connection must take what it is sent; 0 = no limit but the
   * kernel's. As far as the transport can tell the kernel so.
   */
  takeTimeout: number;
  /** Absent = plain. */
  tls?: TlsListener;
}

export interface TlsListener {
  readonly config: TlsListen;
  /** Somebody did not get through the handshake. */
  onRefused(remote: string, reason: string): void;
}

/** Whoever has not finished the TLS handshake by then is given up, on either side. Milliseconds. */
export const HANDSHAKE_LIMIT = 5000;

export interface Listener {
  /** Where it listens; the port is the real one when 0 was asked for. */
  readonly address: Address;
  close(): void;
  /** Whoever connects from now on is shown what is in the TLS configuration now. */
  renewCertificates(): void;
}

/** The other end is asked whether it is there after so many milliseconds of silence. */
export const ASK_PEER_AFTER = 5000;

/** Makes connections. The three implementations are equal to the core: Bun, node:net, memory. */
export interface Transport {
  readonly name: string;
  /** @throws an Error with `code` when the address cannot be had */
  listen(options: ListenOptions, accept: (link: Link) => LinkOwner): Promise<Listener>;
  /**
   * Connects; exactly one of `opened` and `failed` follows, unless the returned function is called before:
   * then neither does. `failed` is given an errno name, and with TLS the reason in words.
   * @param tls absent or null = plain
   */
  connect(
    address: Address,
    owner: LinkOwner,
    opened: (link: Link) => void,
    failed: (code: string, reason?: string) => void,
    tls?: TlsConnect | null,
  ): () => void;
}
