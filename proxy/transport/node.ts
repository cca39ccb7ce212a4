import { chmodSync } from 'node:fs';
import { createConnection, createServer, type Server, type Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import type { Address, TlsConnect } from '../config/pool.ts';
import {
  ASK_PEER_AFTER,
  HANDSHAKE_LIMIT,
  type Link,
  type LinkOwner,
  type Listener,
  type ListenOptions,
  NO_OWNER,
  type Transport,
} from './link.ts';
import { remoteOf, renewContext, tlsServer, tlsSocketTo } from './node-tls.ts';
import { handshakeTooLong, tlsReason } from './tls-reason.ts';
import { freeUnixPath, UnixPath } from './unix-path.ts';

/** The portable transport: `node:net`. */
export const nodeTransport: Transport = { name: 'node', listen, connect };

const NOTHING = new Uint8Array(0);
/** Milliseconds between two looks at a paused socket. */
const ASK_EVERY = 1000;
/** How long a socket may take to send what is left when it is closed. Milliseconds. */
const LONGEST_FAREWELL = 10_000;

class NodeLink implements Link {
  private asking: NodeJS.Timeout | null = null;
  private owner: LinkOwner = NO_OWNER;

  constructor(private readonly socket: Socket) {}

  /** Tells `owner` from now on what becomes of the socket. */
  attach(owner: LinkOwner): void {
    const { socket } = this;
    this.owner = owner;
    let code: string | null = null;
    socket.on('data', (chunk) => this.owner.onBytes(chunk));
    socket.on('drain', () => this.owner.onWritable());
    socket.on('end', () => this.owner.onEnd());
    socket.on('error', (error: NodeJS.ErrnoException) => {
      code = error.code ?? 'EIO';
    });
    socket.on('close', () => this.owner.onClosed(code));
  }

  leadTo(owner: LinkOwner): void {
    this.owner = owner;
  }

  get remote(): string {
    return remoteOf(this.socket);
  }

  write(bytes: Uint8Array, from: number, to: number): number {
    const { socket } = this;
    if (socket.destroyed) return -1;
    if (socket.writableNeedDrain) return 0;
    // a copy, because the stream may keep the bytes while the caller reuses them
    socket.write(Uint8Array.prototype.slice.call(bytes, from, to));
    return to - from;
  }

  pause(): void {
    this.socket.pause();
  }

  resume(): void {
    this.socket.resume();
  }

  /** A socket that is paused, or has ended, is not polled, and so does not hear that it was reset: an empty write does. */
  watchPeer(): void {
    const { socket } = this;
    socket.setKeepAlive(true, ASK_PEER_AFTER);
    if (this.asking !== null) return;
    this.asking = setInterval(() => {
      const isDeaf = socket.isPaused() || socket.readableEnded;
      if (isDeaf && !socket.writableNeedDrain && !socket.writableEnded) socket.write(NOTHING);
    }, ASK_EVERY).unref();
    socket.once('close', () => this.stopAsking());
  }

  private stopAsking(): void {
    if (this.asking !== null) clearInterval(this.asking);
    this.asking = null;
  }

  finish(): void {
    this.stopAsking();
    this.socket.destroySoon();
    // what it has not taken by then it will not take
    this.socket.setTimeout(LONGEST_FAREWELL, () => this.socket.destroy());
  }

  close(): void {
    this.stopAsking();
    this.socket.removeAllListeners();
    this.socket.on('error', () => {});
    this.socket.destroy();
  }
}

function listen(options: ListenOptions, accept: (link: Link) => LinkOwner): Promise<Listener> {
  const take = (socket: Socket): void => {
    const link = new NodeLink(socket);
    link.attach(accept(link));
  };
  const { tls, keepAlive } = options;
  if (tls !== undefined) {
    const server = tlsServer(tls, keepAlive, take);
    return listenAt(server, options, () => renewContext(server, tls.config));
  }
  const server = createServer({ allowHalfOpen: true, noDelay: true, keepAlive });
  server.on('connection', take);
  return listenAt(server, options, () => {});
}

async function listenAt(
  server: Server,
  { address, backlog }: ListenOptions,
  renewCertificates: () => void,
): Promise<Listener> {
  if (address.kind === 'unix') await freeUnixPath(address.path);
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    const ready = (): void => {
      server.off('error', reject);
      server.on('error', () => {});
      const path = address.kind === 'unix' ? new UnixPath(address.path) : null;
      const close = (): void => void (path === null ? server.close() : path.leave(() => server.close()));
      resolve({ address: boundTo(server, address), close, renewCertificates });
    };
    if (address.kind === 'unix') {
      server.listen({ path: address.path, backlog }, () => {
        if (address.mode !== 0) chmodSync(address.path, address.mode);
        ready();
      });
    } else server.listen({ host: address.host, port: address.port, backlog }, ready);
  });
}

function boundTo(server: Server, asked: Address): Address {
  const bound = server.address();
  const isTcp = asked.kind === 'tcp' && bound !== null && typeof bound === 'object';
  return isTcp ? { ...asked, port: bound.port } : asked;
}

function connect(
  address: Address,
  owner: LinkOwner,
  opened: (link: Link) => void,
  failed: (code: string, reason?: string) => void,
  tls?: TlsConnect | null,
): () => void {
  if (tls && address.kind === 'tcp') {
    return tlsConnect(tlsSocketTo(address.host, address.port, tls), owner, opened, failed);
  }
  const socket =
    address.kind === 'unix'
      ? createConnection({ path: address.path, allowHalfOpen: true })
      : createConnection({ host: address.host, port: address.port, noDelay: true, allowHalfOpen: true });
  const link = new NodeLink(socket);
  const refuse = (error: NodeJS.ErrnoException): void => {
    link.close();
    failed(error.code ?? 'ECONNREFUSED');
  };
  socket.once('error', refuse);
  socket.once('connect', () => {
    socket.off('error', refuse);
    link.attach(owner);
    opened(link);
  });
  return () => link.close();
}

function tlsConnect(
  socket: TLSSocket,
  owner: LinkOwner,
  opened: (link: Link) => void,
  failed: (code: string, reason?: string) => void,
): () => void {
  const link = new NodeLink(socket);
  let limit: NodeJS.Timeout | undefined;
  const end = (code: string, reason?: string): void => {
    clearTimeout(limit);
    link.close();
    failed(code, reason);
  };
  socket.once('connect', () => {
    const tooLong = (): void => end('ETIMEDOUT', handshakeTooLong(HANDSHAKE_LIMIT));
    limit = setTimeout(tooLong, HANDSHAKE_LIMIT).unref();
  });
  socket.once('error', (error: NodeJS.ErrnoException) => {
    if (limit === undefined) end(error.code ?? 'ECONNREFUSED');
    else end('EPROTO', tlsReason(error));
  });
  socket.once('secureConnect', () => {
    clearTimeout(limit);
    socket.removeAllListeners('error');
    link.attach(owner);
    opened(link);
  });
  return () => {
    clearTimeout(limit);
    link.close();
  };
}
