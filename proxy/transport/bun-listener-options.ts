import type { BunListener } from './bun-api.ts';

/** What Bun asks the kernel for. */
const BUN_BACKLOG = 512;

/** The C library of every Linux that the executable runs on (glibc). */
const LIBRARY = 'libc.so.6';

/** From Linux' headers. */
const IPPROTO_TCP = 6;
const TCP_USER_TIMEOUT = 18;
const SIZE_OF_INT = 4;

const SYMBOLS = {
  listen: { args: ['i32', 'i32'], returns: 'i32' },
  setsockopt: { args: ['i32', 'i32', 'i32', 'ptr', 'u32'], returns: 'i32' },
} as const;

interface ForeignFunctions {
  dlopen(
    library: string,
    symbols: typeof SYMBOLS,
  ): {
    symbols: {
      listen(fd: number, backlog: number): number;
      setsockopt(fd: number, level: number, option: number, value: Int32Array, size: number): number;
    };
    close(): void;
  };
}

/** What Bun's `listen` cannot be told. */
export interface KernelOptions {
  /** listen(2) may be called again on a socket that listens, and the last word counts. */
  backlog: number;
  /**
   * Milliseconds that an accepted connection may take over what it is sent, 0 = the kernel's own limit (a quarter of an
   * hour, none for a peer that answers and takes nothing). Accepted sockets inherit TCP_USER_TIMEOUT.
   */
  takeTimeout: number;
}

/**
 * Tells the kernel about a listener what Bun does not.
 * @throws Error when it cannot be done
 */
export async function setListenerOptions(
  { fd }: BunListener,
  { backlog, takeTimeout }: KernelOptions,
): Promise<void> {
  if (backlog === BUN_BACKLOG && takeTimeout === 0) return;
  const name = 'bun:ffi';
  const { dlopen } = (await import(name)) as ForeignFunctions;
  const library = dlopen(LIBRARY, SYMBOLS);
  const { listen, setsockopt } = library.symbols;
  try {
    if (backlog !== BUN_BACKLOG && listen(fd, backlog) !== 0)
      throw new Error(`backlog ${backlog} was refused`);
    if (takeTimeout === 0) return;
    const value = Int32Array.of(takeTimeout);
    if (setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, value, SIZE_OF_INT) !== 0)
      throw new Error(`a TCP user timeout of ${takeTimeout} ms was refused`);
  } finally {
    library.close();
  }
}
