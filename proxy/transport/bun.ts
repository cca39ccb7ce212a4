import { chmodSync, writevSync } from 'node:fs';
import { type BunApi, type BunSocket, type BunSocketHandlers, rethrowDefect } from './bun-api.ts';
import { setListenerOptions } from './bun-listener-options.ts';
import { connectTls, tlsAcceptor } from './bun-tls.ts';
import { connectByName } from './by-name.ts';
import {
  ASK_PEER_AFTER,
  type Link,
  type LinkOwner,
  type Listener,
  type ListenOptions,
  NO_OWNER,
  type Transport,
} from './link.ts';
import { freeUnixPath, UnixPath } from './unix-path.ts';

const KEEP_ALIVE_DELAY = 60_000;

/** The shipped transport. Bun's `write` has no queue of its own: it says what the kernel took, like ours. */
export function bunTransport(bun: BunApi): Transport {
  return {
    name: 'bun',
    listen: (options, accept) => listen(bun, options, accept),
    connect: (address, owner, opened, failed, tls) => {
      if (address.kind === 'unix') return connect(bun, { unix: address.path }, owner, opened, failed);
      const { host, port } = address;
      const attempt: Parameters<typeof connectByName>[1] = tls
        ? (hostname, ...done) => connectTls(bun, { hostname, port }, host, tls, owner, ...done)
        : (hostname, ...done) => connect(bun, { hostname, port }, owner, ...done);
      return connectByName(host, attempt, opened, failed);
    },
  };
}

/**
 * What an owner does with its socket. The other way round the socket leads to its owner directly: with hundreds of
 * connections, each object between them is one more that is not in the processor's cache.
 */
class BunLink implements Link {
  constructor(private socket: BunSocket<LinkOwner> | null) {}

  /** Asked for when it is needed, which is hardly ever: thousands of addresses would be megabytes. */
  get remote(): string {
    const { socket } = this;
    return socket?.remotePort ? `${socket.remoteAddress}:${socket.remotePort}` : 'unix:0';
  }

  write(bytes: Uint8Array, from: number, to: number): number {
    const { socket } = this;
    return socket === null ? -1 : socket.write(bytes, from, to - from);
  }

  /** Bun's sockets have no such call, but say which descriptor is theirs: -1 when there is none any more. */
  writeMany(pieces: readonly Uint8Array[]): number {
    const { socket } = this;
    if (socket === null) return 0;
    try {
      return writevSync(socket.fd, pieces);
    } catch (error) {
      // full, or gone: `write` will tell
      if ((error as NodeJS.ErrnoException).code === undefined) throw error;
      return 0;
    }
  }

  pause(): void {
    this.socket?.pause();
  }

  resume(): void {
    this.socket?.resume();
  }

  leadTo(owner: LinkOwner): void {
    if (this.socket !== null) this.socket.data = owner;
  }

  watchPeer(): void {
    this.socket?.setKeepAlive(true, ASK_PEER_AFTER);
  }

  finish(): void {
    this.letGo()?.end();
  }

  close(): void {
    this.letGo()?.terminate();
  }

  private letGo(): BunSocket<LinkOwner> | null {
    const { socket } = this;
    this.socket = null;
    if (socket !== null) socket.data = NO_OWNER;
    return socket;
  }
}

/** The same for every socket: thousands of connections would have a set of each otherwise. */
const HANDLERS: Omit<BunSocketHandlers<LinkOwner>, 'open'> = {
  data: (socket, chunk) => socket.data.onBytes(chunk),
  drain: (socket) => socket.data.onWritable(),
  end: (socket) => socket.data.onEnd(),
  close: (socket, error) => {
    const owner = socket.data;
    socket.data = NO_OWNER;
    owner.onClosed(error ? ((error as NodeJS.ErrnoException).code ?? 'ECONNRESET') : null);
  },
  error: (_socket, error) => rethrowDefect(error),
};

function handlers(open: (socket: BunSocket<LinkOwner>) => void): BunSocketHandlers<LinkOwner> {
  return { ...HANDLERS, open };
}

async function listen(
  bun: BunApi,
  options: ListenOptions,
  accept: (link: Link) => LinkOwner,
): Promise<Listener> {
  const { tls, keepAlive } = options;
  if (tls !== undefined) {
    const keep = (socket: BunSocket<unknown>): void => {
      if (keepAlive) socket.setKeepAlive(true, KEEP_ALIVE_DELAY);
    };
    return listenAt(bun, options, tlsAcceptor(tls, keep, accept));
  }
  const socket = handlers((opened) => {
    if (keepAlive) opened.setKeepAlive(true, KEEP_ALIVE_DELAY);
    opened.data = accept(new BunLink(opened));
  });
  return listenAt(bun, options, socket);
}

async function listenAt<T>(
  bun: BunApi,
  options: ListenOptions,
  socket: BunSocketHandlers<T>,
): Promise<Listener> {
  const { address, reusePort, backlog, takeTimeout } = options;
  if (address.kind === 'unix') await freeUnixPath(address.path);
  const listener = bun.listen({
    ...(address.kind === 'unix'
      ? { unix: address.path }
      : { hostname: address.host, port: address.port, reusePort }),
    allowHalfOpen: true,
    socket,
  });
  const path = address.kind === 'unix' ? new UnixPath(address.path) : null;
  try {
    if (address.kind === 'unix' && address.mode !== 0) chmodSync(address.path, address.mode);
    await setListenerOptions(listener, { backlog, takeTimeout: address.kind === 'tcp' ? takeTimeout : 0 });
  } catch (error) {
    listener.stop(true);
    throw error;
  }
  return {
    address: address.kind === 'unix' ? address : { ...address, port: listener.port },
    close: () => (path === null ? listener.stop(false) : path.leave(() => listener.stop(false))),
    // every TLS handshake begins with what the configuration says then
    renewCertificates: () => {},
  };
}

function connect(
  bun: BunApi,
  place: { unix: string } | { hostname: string; port: number },
  owner: LinkOwner,
  opened: (link: Link) => void,
  failed: (code: string) => void,
): () => void {
  let link: BunLink | null = null;
  let settled = false;
  const fail = (error: unknown): void => {
    if (settled) return;
    settled = true;
    failed((error as NodeJS.ErrnoException | null)?.code ?? 'ECONNREFUSED');
  };
  const socket: BunSocketHandlers<LinkOwner> = {
    ...handlers((raw) => {
      // given up while it was being made: Bun cannot cancel a connect
      if (settled) {
        raw.data = NO_OWNER;
        raw.terminate();
        return;
      }
      settled = true;
      link = new BunLink(raw);
      opened(link);
    }),
    connectError: (_socket, error) => fail(error),
  };
  bun.connect({ ...place, allowHalfOpen: true, data: owner, socket }).catch(fail);
  return () => {
    settled = true;
    link?.close();
  };
}
