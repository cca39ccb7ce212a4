/** The part of Bun's socket API that is used; the project's types are Node's. */

export interface BunSocket<T> {
  data: T;
  /** -1 when it is closed. */
  readonly fd: number;
  readonly remoteAddress: string;
  readonly remotePort?: number;
  write(bytes: Uint8Array, offset: number, length: number): number;
  pause(): void;
  resume(): void;
  end(): void;
  terminate(): void;
  shutdown(): void;
  setKeepAlive(on: boolean, delay: number): void;
  /** Only of TLS sockets: what the other end has presented, if anything. */
  getPeerCertificate?(): { subject?: object } | undefined;
  /** TLS over this socket, whose own handlers go on to see the encrypted bytes. */
  upgradeTLS<U>(options: {
    data: U;
    tls: BunTls;
    socket: BunSocketHandlers<U>;
  }): [raw: unknown, tls: BunSocket<U>];
}

export interface BunSocketHandlers<T> {
  open(socket: BunSocket<T>): void;
  data(socket: BunSocket<T>, chunk: Uint8Array): void;
  drain(socket: BunSocket<T>): void;
  end(socket: BunSocket<T>): void;
  close(socket: BunSocket<T>, error?: Error): void;
  /** The socket failed, or one of these handlers threw. */
  error?(socket: BunSocket<T>, error: Error): void;
  connectError?(socket: BunSocket<T>, error: Error): void;
  /** Only with TLS. `error` is set when the other end's certificate, asked for or not, is missing or no good. */
  handshake?(socket: BunSocket<T>, success: boolean, error: Error | null): void;
}

/** TLS options, named as in Node. */
export interface BunTls {
  cert?: string;
  key?: string;
  ca?: string;
  serverName?: string;
  requestCert?: boolean;
  rejectUnauthorized?: boolean;
}

export interface BunListener {
  readonly fd: number;
  readonly port: number;
  stop(closeConnections?: boolean): void;
}

export interface BunApi {
  listen<T>(options: {
    hostname?: string;
    port?: number;
    unix?: string;
    reusePort?: boolean;
    allowHalfOpen: boolean;
    socket: BunSocketHandlers<T>;
  }): BunListener;
  connect<T>(options: {
    hostname?: string;
    port?: number;
    unix?: string;
    tls?: BunTls;
    allowHalfOpen: boolean;
    data: T;
    socket: BunSocketHandlers<T>;
  }): Promise<unknown>;
}

/** Bun's API, or null in another runtime. */
export function bunApi(): BunApi | null {
  return (globalThis as { Bun?: BunApi }).Bun ?? null;
}

/** Throws on what was no failure of the socket: Bun gives to the `error` handler what the other handlers threw. */
export function rethrowDefect(error: Error): void {
  const { code, errno } = error as NodeJS.ErrnoException;
  if (code === undefined && errno === undefined) throw error;
}
