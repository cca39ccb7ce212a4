const INITIAL_VALUE = 13;

function rotate(x: number, k: number): number {
  return (x << k) | (x >>> (32 - k));
}

/** Little-endian word of up to four bytes; what lies beyond `to` counts as zero. */
function word(bytes: Uint8Array, at: number, to: number): number {
  let w = 0;
  for (let k = 0; k < 4 && at + k < to; k++) w |= bytes[at + k] << (8 * k);
  return w;
}

/** Bob Jenkins' lookup3 `hashlittle`, initial value 13. */
export function jenkins(bytes: Uint8Array, from: number, to: number): number {
  let a = (0xdeadbeef + (to - from) + INITIAL_VALUE) | 0;
  let b = a;
  let c = a;
  let i = from;
  for (; to - i > 12; i += 12) {
    a = (a + word(bytes, i, to)) | 0;
    b = (b + word(bytes, i + 4, to)) | 0;
    c = (c + word(bytes, i + 8, to)) | 0;
    a = ((a - c) ^ rotate(c, 4)) | 0;
    c = (c + b) | 0;
    b = ((b - a) ^ rotate(a, 6)) | 0;
    a = (a + c) | 0;
    c = ((c - b) ^ rotate(b, 8)) | 0;
    b = (b + a) | 0;
    a = ((a - c) ^ rotate(c, 16)) | 0;
    c = (c + b) | 0;
    b = ((b - a) ^ rotate(a, 19)) | 0;
    a = (a + c) | 0;
    c = ((c - b) ^ rotate(b, 4)) | 0;
    b = (b + a) | 0;
  }
  if (i === to) return c >>> 0;
  a = (a + word(bytes, i, to)) | 0;
  b = (b + word(bytes, i + 4, to)) | 0;
  c = (c + word(bytes, i + 8, to)) | 0;
  c = ((c ^ b) - rotate(b, 14)) | 0;
  a = ((a ^ c) - rotate(c, 11)) | 0;
  b = ((b ^ a) - rotate(a, 25)) | 0;
  c = ((c ^ b) - rotate(b, 16)) | 0;
  a = ((a ^ c) - rotate(c, 4)) | 0;
  b = ((b ^ a) - rotate(a, 14)) | 0;
  c = ((c ^ b) - rotate(b, 24)) | 0;
  return c >>> 0;
}
