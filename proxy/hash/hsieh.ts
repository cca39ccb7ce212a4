/**
 * Paul Hsieh's SuperFastHash with initial value 0 (not the length), as twemproxy has it.
 * The third byte of a 3-byte tail is sign-extended; the byte of a 1-byte tail is not. Empty key: 0.
 */
export function hsieh(bytes: Uint8Array, from: number, to: number): number {
  const length = to - from;
  if (length <= 0) return 0;
  let h = 0;
  let i = from;
  for (let blocks = length >>> 2; blocks > 0; blocks--, i += 4) {
    h = (h + (bytes[i] | (bytes[i + 1] << 8))) | 0;
    const mixed = ((bytes[i + 2] | (bytes[i + 3] << 8)) << 11) ^ h;
    h = (h << 16) ^ mixed;
    h = (h + (h >>> 11)) | 0;
  }
  switch (length & 3) {
    case 3:
      h = (h + (bytes[i] | (bytes[i + 1] << 8))) | 0;
      h ^= h << 16;
      h ^= ((bytes[i + 2] << 24) >> 24) << 18;
      h = (h + (h >>> 11)) | 0;
      break;
    case 2:
      h = (h + (bytes[i] | (bytes[i + 1] << 8))) | 0;
      h ^= h << 11;
      h = (h + (h >>> 17)) | 0;
      break;
    case 1:
      h = (h + bytes[i]) | 0;
      h ^= h << 10;
      h = (h + (h >>> 1)) | 0;
      break;
  }
  h ^= h << 3;
  h = (h + (h >>> 5)) | 0;
  h ^= h << 4;
  h = (h + (h >>> 17)) | 0;
  h ^= h << 25;
  h = (h + (h >>> 6)) | 0;
  return h >>> 0;
}
