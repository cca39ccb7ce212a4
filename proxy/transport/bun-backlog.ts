import type { BunListener } from './bun-api.ts';

/** What Bun asks the kernel for. */
const BUN_BACKLOG = 512;

/** The C library of every Linux that the executable runs on (glibc). */
const LIBRARY = 'libc.so.6';

interface ForeignFunctions {
  dlopen(
    library: string,
    symbols: { listen: { args: ['i32', 'i32']; returns: 'i32' } },
  ): { symbols: { listen(fd: number, backlog: number): number }; close(): void };
}

/**
 * Gives a listener another backlog than Bun's 512: listen(2) may be called again on a socket that listens, and the last
 * word counts.
 * @throws Error when it cannot be done
 */
export async function setBacklog(listener: BunListener, backlog: number): Promise<void> {
  if (backlog === BUN_BACKLOG) return;
  const name = 'bun:ffi';
  const { dlopen } = (await import(name)) as ForeignFunctions;
  const library = dlopen(LIBRARY, { listen: { args: ['i32', 'i32'], returns: 'i32' } });
  try {
    if (library.symbols.listen(listener.fd, backlog) !== 0) throw new Error(`backlog ${backlog} was refused`);
  } finally {
    library.close();
  }
}
