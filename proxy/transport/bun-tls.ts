import type { TlsConnect, TlsListen } from '../config/pool.ts';
import {
  type BunApi,
  type BunSocket,
  type BunSocketHandlers,
  type BunTls,
  rethrowDefect,
} from './bun-api.ts';
import { ASK_PEER_AFTER, HANDSHAKE_LIMIT, type Link, type LinkOwner, type TlsListener } from './link.ts';
import { handshakeTooLong, tlsReason } from './tls-reason.ts';

/** No connection: an errno name, and where it was TLS that failed, the reason in words. */
type Failed = (code: string, reason?: string) => void;

/** The peer went before the handshake was done. */
const PEER_LEFT = 'ECONNRESET';

/**
 * Connections that may be turned away in words at once: these can only be read after the handshake, and until then each
 * holds a descriptor. Others are closed without a word.
 */
const MOST_FAREWELLS = 32;
let farewells = 0;

/**
 * One TLS socket with its owner. Nothing is sent until the handshake is done: one write is kept until then, further ones
 * are not taken, and `onWritable` follows.
 */
export class BunTlsLink implements Link {
  owner: LinkOwner | null = null;
  remote = '';
  socket: BunSocket<BunTlsLink> | null = null;
  private secure = false;
  private fault: string | null = null;
  private limit: NodeJS.Timeout | null = null;
  /** Written before the handshake was done. */
  private early: Uint8Array | null = null;
  /** To be closed as soon as what was written can be sent. */
  private farewell = false;

  /**
   * @param check looks at the peer once the handshake is done; returns why it will not do
   * @param done the handshake is over, and all is well
   * @param failed it is not, and the socket is closed
   */
  constructor(
    private readonly check: (socket: BunSocket<BunTlsLink>, error: Error | null) => string | null,
    private readonly done: () => void,
    private readonly failed: Failed,
  ) {}

  /** The socket is there, the handshake begins. */
  begin(socket: BunSocket<BunTlsLink>): void {
    this.socket = socket;
    const tooLong = (): void => this.giveUp('ETIMEDOUT', handshakeTooLong(HANDSHAKE_LIMIT));
    this.limit = setTimeout(tooLong, HANDSHAKE_LIMIT);
    this.limit.unref();
  }

  write(bytes: Uint8Array, from: number, to: number): number {
    const { socket } = this;
    if (socket === null) return -1;
    if (this.secure) return socket.write(bytes, from, to - from);
    if (this.early !== null) return 0;
    this.early = bytes.slice(from, to);
    return to - from;
  }

  pause(): void {
    this.socket?.pause();
  }

  resume(): void {
    this.socket?.resume();
  }

  leadTo(owner: LinkOwner): void {
    if (this.socket !== null) this.owner = owner;
  }

  watchPeer(): void {
    this.socket?.setKeepAlive(true, ASK_PEER_AFTER);
  }

  finish(): void {
    this.owner = null;
    if (!this.secure && this.socket !== null && farewells < MOST_FAREWELLS) {
      this.farewell = true;
      farewells++;
      return;
    }
    this.endHandshake();
    this.socket?.end();
    this.socket = null;
  }

  close(): void {
    this.endHandshake();
    this.owner = null;
    const { socket } = this;
    // first, because `terminate` says `close` before it returns
    this.socket = null;
    socket?.terminate();
  }

  shaken(success: boolean, error: Error | null): void {
    const { socket } = this;
    if (socket === null || this.secure) return;
    if (!success) {
      const left = (error as NodeJS.ErrnoException | null)?.code === PEER_LEFT;
      if (left) this.giveUp(PEER_LEFT, tlsReason(null));
      else this.giveUp('EPROTO', tlsReason(error));
      return;
    }
    const reason = this.check(socket, error);
    if (reason !== null) {
      this.giveUp('EPROTO', reason);
      return;
    }
    const { farewell } = this;
    this.endHandshake();
    this.secure = true;
    // a fresh socket takes a line
    if (this.early !== null) socket.write(this.early, 0, this.early.length);
    this.early = null;
    if (farewell) this.finish();
    else this.done();
  }

  writable(): void {
    if (this.secure) this.owner?.onWritable();
  }

  ended(): void {
    if (this.secure) this.owner?.onEnd();
    else this.giveUp(PEER_LEFT, tlsReason(null));
  }

  failing(error: Error): void {
    this.fault = (error as NodeJS.ErrnoException).code ?? 'EPROTO';
  }

  closed(error: Error | undefined): void {
    if (error !== undefined) this.failing(error);
    if (!this.secure) {
      this.giveUp(this.fault ?? PEER_LEFT, tlsReason(error ?? null));
      return;
    }
    this.socket = null;
    const { owner } = this;
    this.owner = null;
    owner?.onClosed(this.fault);
  }

  /** The handshake is over, one way or the other. */
  private endHandshake(): void {
    if (this.farewell) farewells--;
    this.farewell = false;
    if (this.limit !== null) clearTimeout(this.limit);
    this.limit = null;
  }

  /** Ends a handshake that cannot succeed; does nothing when it has ended already. */
  private giveUp(code: string, reason: string): void {
    const { owner, socket } = this;
    if (socket === null) return;
    this.close();
    this.failed(code, reason);
    owner?.onClosed(code === PEER_LEFT ? null : code);
  }
}

const HANDLERS: BunSocketHandlers<BunTlsLink> = {
  open: () => {},
  data: (socket, chunk) => socket.data.owner?.onBytes(chunk),
  drain: (socket) => socket.data.writable(),
  end: (socket) => socket.data.ended(),
  close: (socket, error) => socket.data.closed(error),
  error: (socket, error) => {
    rethrowDefect(error);
    socket.data.failing(error);
  },
  handshake: (socket, success, error) => socket.data.shaken(success, error),
};

/** Of the plain socket under a TLS one: only what an accepting listener throws is of interest. */
const IGNORED: Omit<BunSocketHandlers<unknown>, 'open'> = {
  data: () => {},
  drain: () => {},
  end: () => {},
  close: () => {},
  error: (_socket, error) => rethrowDefect(error),
};

/**
 * Handlers for a plain listener whose every connection becomes a TLS one at once. Bun's own TLS listeners cannot change
 * their certificates.
 */
export function tlsAcceptor(
  tls: TlsListener,
  keepAlive: (socket: BunSocket<unknown>) => void,
  accept: (link: Link) => LinkOwner,
): BunSocketHandlers<unknown> {
  const { config } = tls;
  const check = (socket: BunSocket<BunTlsLink>, error: Error | null): string | null =>
    refusalOf(config, socket, error);
  const open = (raw: BunSocket<unknown>): void => {
    keepAlive(raw);
    const remote = `${raw.remoteAddress}:${raw.remotePort ?? 0}`;
    const link: BunTlsLink = new BunTlsLink(
      check,
      () => link.owner?.onWritable(),
      (code, reason = code) => {
        // whoever leaves before the handshake, such as a load balancer that looks whether we listen, was not refused
        if (code !== PEER_LEFT) tls.onRefused(remote, reason);
      },
    );
    const [, socket] = raw.upgradeTLS({ data: link, tls: listenOptions(config), socket: HANDLERS });
    link.begin(socket);
    link.remote = remote;
    link.owner = accept(link);
  };
  return { open, ...IGNORED };
}

function listenOptions({ clients, credentials }: TlsListen): BunTls {
  return {
    ...given(credentials),
    requestCert: clients !== 'no',
    rejectUnauthorized: clients === 'yes',
  };
}

/** Bun reports a certificate that nobody asked for as missing, so what is reported counts by what was asked for. */
function refusalOf({ clients }: TlsListen, socket: BunSocket<unknown>, error: Error | null): string | null {
  if (error === null || clients === 'no') return null;
  const presented = socket.getPeerCertificate?.()?.subject !== undefined;
  return presented || clients === 'yes' ? tlsReason(error) : null;
}

/**
 * Connects with TLS; as `Transport.connect`.
 * @param place a numeric address
 * @param host the server's name, or again its address: what the certificate must be good for, unless `name` says otherwise
 */
export function connectTls(
  bun: BunApi,
  place: { hostname: string; port: number },
  host: string,
  { name, credentials }: TlsConnect,
  owner: LinkOwner,
  opened: (link: Link) => void,
  failed: Failed,
): () => void {
  let cancelled = false;
  const link: BunTlsLink = new BunTlsLink(
    (_socket, error) => (error === null ? null : tlsReason(error)),
    () => {
      link.owner = owner;
      opened(link);
    },
    failed,
  );
  const refuse = (error: unknown): void => {
    if (cancelled) return;
    cancelled = true;
    link.close();
    failed((error as NodeJS.ErrnoException).code ?? 'ECONNREFUSED');
  };
  const tls: BunTls = {
    ...given(credentials),
    serverName: name ?? host,
    rejectUnauthorized: true,
  };
  const open = (socket: BunSocket<BunTlsLink>): void => {
    // given up while it was being made: Bun cannot cancel a connect
    if (cancelled) socket.terminate();
    else link.begin(socket);
  };
  const socket = { ...HANDLERS, open, connectError: (_: unknown, error: Error) => refuse(error) };
  bun.connect({ ...place, tls, allowHalfOpen: true, data: link, socket }).catch(refuse);
  return () => {
    cancelled = true;
    link.close();
  };
}

/** What there is of the PEM texts. */
function given({ cert, key, ca }: TlsConnect['credentials']): BunTls {
  return { ...(cert !== null && { cert }), ...(key !== null && { key }), ...(ca !== null && { ca }) };
}
