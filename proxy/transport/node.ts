import { chmodSync, rmSync } from 'node:fs';
import { createConnection, createServer, type Server, type Socket } from 'node:net';
import type { Address } from '../config/pool.ts';
import type { Link, LinkOwner, Listener, ListenOptions, Transport } from './link.ts';

/** The portable transport: `node:net`. */
export const nodeTransport: Transport = { name: 'node', listen, connect };

class NodeLink implements Link {
  constructor(private readonly socket: Socket) {}

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

  finish(): void {
    this.socket.destroySoon();
  }

  close(): void {
    this.socket.removeAllListeners();
    this.socket.on('error', () => {});
    this.socket.destroy();
  }
}

function attach(socket: Socket, owner: LinkOwner): void {
  let code: string | null = null;
  socket.on('data', (chunk) => owner.onBytes(chunk));
  socket.on('drain', () => owner.onWritable());
  socket.on('end', () => owner.onEnd());
  socket.on('error', (error: NodeJS.ErrnoException) => {
    code = error.code ?? 'EIO';
  });
  socket.on('close', () => owner.onClosed(code));
}

function listen(
  options: ListenOptions,
  accept: (link: Link, remote: string) => LinkOwner,
): Promise<Listener> {
  const server = createServer({ allowHalfOpen: true, noDelay: true, keepAlive: options.keepAlive });
  server.on('connection', (socket) => {
    const remote =
      socket.remoteAddress === undefined ? 'unix:0' : `${socket.remoteAddress}:${socket.remotePort}`;
    attach(socket, accept(new NodeLink(socket), remote));
  });
  const { address, backlog } = options;
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    const ready = (): void => {
      server.off('error', reject);
      server.on('error', () => {});
      resolve(listenerOf(server, address));
    };
    if (address.kind === 'unix') {
      rmSync(address.path, { force: true });
      server.listen({ path: address.path, backlog }, () => {
        if (address.mode !== 0) chmodSync(address.path, address.mode);
        ready();
      });
    } else server.listen({ host: address.host, port: address.port, backlog }, ready);
  });
}

function listenerOf(server: Server, asked: Address): Listener {
  const bound = server.address();
  const address: Address =
    asked.kind === 'tcp' && bound !== null && typeof bound === 'object'
      ? { ...asked, port: bound.port }
      : asked;
  return { address, close: () => server.close() };
}

function connect(
  address: Address,
  owner: LinkOwner,
  opened: (link: Link) => void,
  failed: (code: string) => void,
): () => void {
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
    attach(socket, owner);
    opened(link);
  });
  return () => link.close();
}
