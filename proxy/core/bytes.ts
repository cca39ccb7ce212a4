/** Up to this a byte loop beats the call into native code. */
const LOOP_LIMIT = 16;

/** Unlike `set` it needs no view of the source, whose making costs more than the copying of a request. */
const nativeCopy = Buffer.prototype.copy as (
  this: Uint8Array,
  target: Uint8Array,
  at: number,
  from: number,
  to: number,
) => number;

/** Copies `source[from, to)` to `target` at `at`, where there is room for it. */
export function copyBytes(
  source: Uint8Array,
  from: number,
  to: number,
  target: Uint8Array,
  at: number,
): void {
  if (to - from > LOOP_LIMIT) nativeCopy.call(source, target, at, from, to);
  else while (from < to) target[at++] = source[from++];
}

/** A copy of its own of `source[from, to)`. */
export function ownCopy(source: Uint8Array, from: number, to: number): Uint8Array {
  // not slice(): that of a Buffer copies nothing
  return new Uint8Array(source.subarray(from, to));
}

const ZERO = 48;

/** How many digits `value`, a whole number from 0 on, has. */
export function decimalLength(value: number): number {
  let digits = 1;
  for (let power = 10; power <= value; power *= 10) digits++;
  return digits;
}

/** Writes `value`, a whole number from 0 on, to `target` at `at`. Returns where it ends. */
export function writeDecimal(value: number, target: Uint8Array, at: number): number {
  const end = at + decimalLength(value);
  for (let p = end - 1; p >= at; p--) {
    target[p] = ZERO + (value % 10);
    value = Math.floor(value / 10);
  }
  return end;
}

/** Below this it is cheaper to leave memory to the garbage collector. */
export const WORTH_RELEASING = 16 * 1024;
const transfer = (ArrayBuffer.prototype as { transfer?: (size: number) => ArrayBuffer }).transfer;

/**
 * Gives the memory of a chunk that nobody needs any more back at once, so that the next chunk is read into memory that
 * is still in the processor's cache; the garbage collector would come much later. Nothing happens when the chunk is only a
 * part of its buffer, or the runtime cannot do it. The chunk is empty afterwards.
 */
export function release(chunk: Uint8Array): void {
  const { buffer, byteLength } = chunk;
  if (byteLength < WORTH_RELEASING || byteLength !== buffer.byteLength) return;
  transfer?.call(buffer, 0);
}

/** How many bytes of a chunk are still to be written. */
const unwritten = new WeakMap<Uint8Array, number>();

/** From now on `written` counts what goes out of this chunk. */
export function lease(chunk: Uint8Array): void {
  if (chunk.length >= WORTH_RELEASING) unwritten.set(chunk, chunk.length);
}

/** So many bytes of the chunk went out. With the last of them it is released. */
export function written(chunk: Uint8Array, bytes: number): void {
  const before = unwritten.get(chunk);
  if (before === undefined) return;
  if (before === bytes) release(chunk);
  else unwritten.set(chunk, before - bytes);
}
