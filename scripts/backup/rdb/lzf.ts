/** Bytes that one packed byte may stand for: three of them repeat 264. */
const MOST_FROM_ONE = 88;

/**
 * Undoes LZF, by which Redis stores long strings (lzf_d.c): a byte below 32 is that many literals less one; else its upper
 * three bits are a length and its lower five with the next byte a distance back.
 *
 * @param length bytes that must come out
 * @throws Error when something else comes out
 */
export function decompressLzf(packed: Buffer, length: number): Buffer {
  if (length > packed.length * MOST_FROM_ONE) throw new Error('a packed string is damaged');
  const plain = Buffer.alloc(length);
  let [from, to] = [0, 0];
  while (from < packed.length) {
    const control = packed[from++];
    if (control < 32) {
      const count = control + 1;
      if (from + count > packed.length || to + count > length) throw new Error('a packed string is damaged');
      packed.copy(plain, to, from, from + count);
      from += count;
      to += count;
      continue;
    }
    let count = control >> 5;
    if (count === 7) count += packed[from++] ?? Number.NaN;
    let back = to - ((control & 31) << 8) - (packed[from++] ?? Number.NaN) - 1;
    count += 2;
    // What was just written may be read again, so byte by byte.
    if (!(back >= 0 && to + count <= length)) throw new Error('a packed string is damaged');
    for (; count > 0; count--) plain[to++] = plain[back++];
  }
  if (to !== length) throw new Error('a packed string is damaged');
  return plain;
}
