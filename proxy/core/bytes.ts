/** Below this a byte loop beats the call into native code. */
const LOOP_LIMIT = 48;

/** Copies `source[from, to)` to `target` at `at`. */
export function copyBytes(
  source: Uint8Array,
  from: number,
  to: number,
  target: Uint8Array,
  at: number,
): void {
  if (to - from <= LOOP_LIMIT) {
    while (from < to) target[at++] = source[from++];
    return;
  }
  target.set(source.subarray(from, to), at);
}

/** A copy of its own of `source[from, to)`. */
export function ownCopy(source: Uint8Array, from: number, to: number): Uint8Array {
  // not slice(): that of a Buffer copies nothing
  return new Uint8Array(source.subarray(from, to));
}
