/*
 * The FNV family as twemproxy computes it. The 64-bit variants keep only the low word: the state of fnv1a_64
 * is a uint32_t there, and the low word of fnv1_64 does not depend on the high one (the prime is 2^40 + 0x1b3).
 * Bytes >= 0x80 are sign-extended, as C `char` is on x86.
 */
const BASIS_64_LOW = 0x84222325 | 0;
const PRIME_64_LOW = 0x1b3;
const BASIS_32 = 2166136261 | 0;
const PRIME_32 = 16777619;

export function fnv1x64(bytes: Uint8Array, from: number, to: number): number {
  let h = BASIS_64_LOW;
  for (let i = from; i < to; i++) h = Math.imul(h, PRIME_64_LOW) ^ ((bytes[i] << 24) >> 24);
  return h >>> 0;
}

export function fnv1ax64(bytes: Uint8Array, from: number, to: number): number {
  let h = BASIS_64_LOW;
  for (let i = from; i < to; i++) h = Math.imul(h ^ ((bytes[i] << 24) >> 24), PRIME_64_LOW);
  return h >>> 0;
}

export function fnv1x32(bytes: Uint8Array, from: number, to: number): number {
  let h = BASIS_32;
  for (let i = from; i < to; i++) h = Math.imul(h, PRIME_32) ^ ((bytes[i] << 24) >> 24);
  return h >>> 0;
}

export function fnv1ax32(bytes: Uint8Array, from: number, to: number): number {
  let h = BASIS_32;
  for (let i = from; i < to; i++) h = Math.imul(h ^ ((bytes[i] << 24) >> 24), PRIME_32);
  return h >>> 0;
}
