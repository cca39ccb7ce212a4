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
