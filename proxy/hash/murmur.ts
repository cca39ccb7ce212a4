const M = 0x5bd1e995;

/** MurmurHash2 with the seed of libmemcached: 0xdeadbeef times the length. */
export function murmur(bytes: Uint8Array, from: number, to: number): number {
  let length = to - from;
  let h = Math.imul(0xdeadbeef, length) ^ length;
  let i = from;
  for (; length >= 4; length -= 4, i += 4) {
    let k = bytes[i] | (bytes[i + 1] << 8) | (bytes[i + 2] << 16) | (bytes[i + 3] << 24);
    k = Math.imul(k, M);
    k ^= k >>> 24;
    h = Math.imul(h, M) ^ Math.imul(k, M);
  }
  if (length === 3) h ^= bytes[i + 2] << 16;
  if (length >= 2) h ^= bytes[i + 1] << 8;
  if (length >= 1) h = Math.imul(h ^ bytes[i], M);
  h ^= h >>> 13;
  h = Math.imul(h, M);
  return (h ^ (h >>> 15)) >>> 0;
}
