import { isIP } from 'node:net';
import {
  type ConnectionOptions,
  createServer,
  type SecureContextOptions,
  type Server,
  type TLSSocket,
  connect as tlsConnect,
} from 'node:tls';
import type { Credentials, TlsConnect, TlsListen } from '../config/pool.ts';
import { HANDSHAKE_LIMIT, type TlsListener } from './link.ts';
import { handshakeTooLong, tlsReason } from './tls-reason.ts';

/** A TLS server that gives each client to `accept` once its handshake is done. */
export function tlsServer(
  { config, onRefused }: TlsListener,
  keepAlive: boolean,
  accept: (socket: TLSSocket) => void,
): Server {
  const server = createServer({
    ...material(config.credentials),
    requestCert: config.clients !== 'no',
    rejectUnauthorized: config.clients === 'yes',
    handshakeTimeout: HANDSHAKE_LIMIT,
    allowHalfOpen: true,
    noDelay: true,
    keepAlive,
  });
  server.on('secureConnection', (socket) => {
    const reason = refusalOf(config, socket);
    if (reason === null) {
      accept(socket);
      return;
    }
    onRefused(remoteOf(socket), reason);
    socket.on('error', () => {});
    socket.destroy();
  });
  server.on('tlsClientError', (error: NodeJS.ErrnoException, socket) => {
    const late = error.code === 'ERR_TLS_HANDSHAKE_TIMEOUT';
    // whoever leaves before the handshake has not been refused
    if (error.code !== 'ECONNRESET') {
      onRefused(remoteOf(socket), late ? handshakeTooLong(HANDSHAKE_LIMIT) : tlsReason(error));
    }
    socket.destroy();
  });
  return server;
}

/** Whoever connects from now on is shown what is in `config` now. */
export function renewContext(server: Server, { credentials }: TlsListen): void {
  server.setSecureContext(material(credentials));
}

/** Begins to connect; the socket says `secureConnect` when the handshake is done and the server is who it should be. */
export function tlsSocketTo(host: string, port: number, { name, credentials }: TlsConnect): TLSSocket {
  const options: ConnectionOptions & { allowHalfOpen: boolean } = {
    ...material(credentials),
    host,
    port,
    // an address is no server name (RFC 6066), and is then checked itself
    servername: name ?? (isIP(host) ? '' : host),
    rejectUnauthorized: true,
    allowHalfOpen: true,
  };
  return tlsConnect(options).setNoDelay(true);
}

function refusalOf({ clients }: TlsListen, socket: TLSSocket): string | null {
  if (clients !== 'optional' || socket.authorized) return null;
  const presented = socket.getPeerCertificate().subject !== undefined;
  return presented ? String(socket.authorizationError) : null;
}

/** `address:port` of the other end. */
export function remoteOf(socket: { remoteAddress?: string; remotePort?: number }): string {
  return socket.remoteAddress === undefined ? 'unix:0' : `${socket.remoteAddress}:${socket.remotePort}`;
}

function material({ cert, key, ca }: Credentials): SecureContextOptions {
  return { cert: cert ?? undefined, key: key ?? undefined, ca: ca ?? undefined };
}
