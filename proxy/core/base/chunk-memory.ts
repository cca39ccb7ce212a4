/*
 * Chunks that come from sockets are new memory each time. Large ones are given back as soon as nobody needs them, long
 * before the garbage collector would: the next chunk then lies in memory that is still in the processor's cache, and a
 * large value that passes through does not leave its whole size behind.
 */

/** Below this it is cheaper to leave memory to the garbage collector. */
export const WORTH_RELEASING = 16 * 1024;

const { transfer } = ArrayBuffer.prototype as ArrayBuffer & { transfer?: (size: number) => ArrayBuffer };

/**
 * How memory is given back; null in a runtime that cannot do it. Tests put something in its place.
 *
 * Bun's collector runs when as much was allocated since the last time as was alive then, or 8 MB, and does not see that
 * most of it was given back: with values of 64 KiB, once for every 120 of them. The ballast is alive from the first
 * large chunk on, and as nobody ever writes to it, it takes no memory.
 */
export const chunkMemory: { free: ((buffer: ArrayBufferLike) => void) | null; ballast: ArrayBuffer | null } =
  {
    free: transfer === undefined ? null : (buffer) => void transfer.call(buffer as ArrayBuffer, 0),
    ballast: null,
  };
const BALLAST = 24 * 1024 * 1024;

/** Gives a chunk back that nobody needs any more, and that is not a part of something larger. It is empty afterwards. */
export function release(chunk: Uint8Array): void {
  const { buffer, byteLength } = chunk;
  if (chunkMemory.free === null || byteLength < WORTH_RELEASING || byteLength !== buffer.byteLength) return;
  chunkMemory.ballast ??= new ArrayBuffer(BALLAST);
  chunkMemory.free(buffer);
}

/** How many bytes of a chunk have not been written yet. */
const unwritten = new WeakMap<Uint8Array, number>();

/**
 * From now on it is counted what is written of a chunk of replies. Each of its bytes is for one client, so that when all
 * were written nobody can need it; when some are kept, merged or thrown away, that never happens, and it is left to the
 * garbage collector.
 */
export function lease(chunk: Uint8Array): void {
  if (chunk.length >= WORTH_RELEASING) unwritten.set(chunk, chunk.length);
}

/** So many bytes of the chunk were written, or copied to be written. With the last of them it is released. */
export function written(chunk: Uint8Array, bytes: number): void {
  if (chunk.length < WORTH_RELEASING) return;
  const before = unwritten.get(chunk);
  if (before === undefined) return;
  if (before === bytes) release(chunk);
  else unwritten.set(chunk, before - bytes);
}
