/** The part of Bun's socket API that is used; the project's types are Node's. */

export interface BunSocket<T> {
  data: T;
  readonly remoteAddress: string;
  readonly remotePort?: number;
  write(bytes: Uint8Array, offset: number, length: number): number;
  pause(): void;
  resume(): void;
  end(): void;
  terminate(): void;
  shutdown(): void;
  setKeepAlive(on: boolean, delay: number): void;
}

export interface BunSocketHandlers<T> {
  open(socket: BunSocket<T>): void;
  data(socket: BunSocket<T>, chunk: Uint8Array): void;
  drain(socket: BunSocket<T>): void;
  end(socket: BunSocket<T>): void;
  close(socket: BunSocket<T>, error?: Error): void;
  error?(socket: BunSocket<T>, error: Error): void;
  connectError?(socket: BunSocket<T>, error: Error): void;
}

export interface BunListener {
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
    allowHalfOpen: boolean;
    data: T;
    socket: BunSocketHandlers<T>;
  }): Promise<unknown>;
}

/** Bun's API, or null in another runtime. */
export function bunApi(): BunApi | null {
  return (globalThis as { Bun?: BunApi }).Bun ?? null;
}
