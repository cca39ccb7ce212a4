import { chmodSync, rmSync } from 'node:fs';
import type { Address } from '../config/pool.ts';
import { type BunApi, type BunSocket, type BunSocketHandlers, rethrowDefect } from './bun-api.ts';
import { setBacklog } from './bun-backlog.ts';
import { connectTls, tlsAcceptor } from './bun-tls.ts';
import type { Link, LinkOwner, Listener, ListenOptions, Transport } from './link.ts';

const KEEP_ALIVE_DELAY = 60_000;

/** The shipped transport. Bun's `write` has no queue of its own: it says what the kernel took, like ours. */
export function bunTransport(bun: BunApi): Transport {
  return {
    name: 'bun',
    listen: (options, accept) => listen(bun, options, accept),
    connect: (address, owner, opened, failed, tls) =>
      tls && address.kind === 'tcp'
        ? connectTls(bun, address, tls, owner, opened, failed)
        : connect(bun, address, owner, opened, failed),
  };
}

/** One socket with its owner. */
class BunLink implements Link {
  owner: LinkOwner | null = null;
  socket: BunSocket<BunLink> | null = null;

  /** Asked for when it is needed, which is hardly ever: thousands of addresses would be megabytes. */
  get remote(): string {
    const { socket } = this;
    return socket?.remotePort ? `${socket.remoteAddress}:${socket.remotePort}` : 'unix:0';
  }

  write(bytes: Uint8Array, from: number, to: number): number {
    const { socket } = this;
    return socket === null ? -1 : socket.write(bytes, from, to - from);
  }

  pause(): void {
    this.socket?.pause();
  }

  resume(): void {
    this.socket?.resume();
  }

  finish(): void {
    this.owner = null;
    this.socket?.end();
    this.socket = null;
  }

  close(): void {
    this.owner = null;
    this.socket?.terminate();
    this.socket = null;
  }

  closed(error: Error | undefined): void {
    this.socket = null;
    const { owner } = this;
    this.owner = null;
    owner?.onClosed(error ? ((error as NodeJS.ErrnoException).code ?? 'ECONNRESET') : null);
  }
}

/** Two sets of the same handlers, so that each sees one kind of owner only and stays fast. */
function handlers(open: (socket: BunSocket<BunLink>) => void): BunSocketHandlers<BunLink> {
  return {
    open,
    data: (socket, chunk) => socket.data.owner?.onBytes(chunk),
    drain: (socket) => socket.data.owner?.onWritable(),
    end: (socket) => socket.data.owner?.onEnd(),
    close: (socket, error) => socket.data.closed(error),
    error: (_socket, error) => rethrowDefect(error),
  };
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
    const link = new BunLink();
    link.socket = opened;
    opened.data = link;
    if (keepAlive) opened.setKeepAlive(true, KEEP_ALIVE_DELAY);
    link.owner = accept(link);
  });
  return listenAt(bun, options, socket);
}

async function listenAt<T>(
  bun: BunApi,
  options: ListenOptions,
  socket: BunSocketHandlers<T>,
): Promise<Listener> {
  const { address, reusePort, backlog } = options;
  if (address.kind === 'unix') rmSync(address.path, { force: true });
  const listener = bun.listen({
    ...(address.kind === 'unix'
      ? { unix: address.path }
      : { hostname: address.host, port: address.port, reusePort }),
    allowHalfOpen: true,
    socket,
  });
  try {
    if (address.kind === 'unix' && address.mode !== 0) chmodSync(address.path, address.mode);
    await setBacklog(listener, backlog);
  } catch (error) {
    listener.stop(true);
    throw error;
  }
  return {
    address: address.kind === 'unix' ? address : { ...address, port: listener.port },
    close: () => listener.stop(false),
    // every TLS handshake begins with what the configuration says then
    renewCertificates: () => {},
  };
}

function connect(
  bun: BunApi,
  address: Address,
  owner: LinkOwner,
  opened: (link: Link) => void,
  failed: (code: string) => void,
): () => void {
  const link = new BunLink();
  let settled = false;
  const fail = (error: unknown): void => {
    if (settled) return;
    settled = true;
    failed((error as NodeJS.ErrnoException | null)?.code ?? 'ECONNREFUSED');
  };
  const socket: BunSocketHandlers<BunLink> = {
    ...handlers((raw) => {
      // given up while it was being made: Bun cannot cancel a connect
      if (settled) {
        raw.terminate();
        return;
      }
      settled = true;
      link.socket = raw;
      link.owner = owner;
      opened(link);
    }),
    connectError: (_socket, error) => fail(error),
  };
  const place =
    address.kind === 'unix' ? { unix: address.path } : { hostname: address.host, port: address.port };
  bun.connect({ ...place, allowHalfOpen: true, data: link, socket }).catch(fail);
  return () => {
    settled = true;
    link.close();
  };
}
