const crc16Table = buildCrc16();
const crc32Table = buildCrc32();

/** CCITT CRC-16, but with the 32-bit register of the original, whose high half is never masked off. */
export function crc16(bytes: Uint8Array, from: number, to: number): number {
  let crc = 0;
  for (let i = from; i < to; i++) crc = (crc << 8) ^ crc16Table[((crc >>> 8) ^ bytes[i]) & 0xff];
  return crc >>> 0;
}

/** Bits 16..30 of the standard CRC-32: libmemcached's historical 15-bit variant. */
export function crc32(bytes: Uint8Array, from: number, to: number): number {
  return (crc32a(bytes, from, to) >>> 16) & 0x7fff;
}

/** Standard CRC-32, all 32 bits. */
export function crc32a(bytes: Uint8Array, from: number, to: number): number {
  let crc = -1;
  for (let i = from; i < to; i++) crc = (crc >>> 8) ^ crc32Table[(crc ^ bytes[i]) & 0xff];
  return ~crc >>> 0;
}

function buildCrc16(): Int32Array {
  const table = new Int32Array(256);
  for (let n = 0; n < 256; n++) {
    let c = n << 8;
    for (let k = 0; k < 8; k++) c = c & 0x8000 ? (c << 1) ^ 0x1021 : c << 1;
    table[n] = c & 0xffff;
  }
  return table;
}

function buildCrc32(): Int32Array {
  const table = new Int32Array(256);
  for (let n = 0; n < 256; n++) {
    let c = n;
    for (let k = 0; k < 8; k++) c = c & 1 ? (c >>> 1) ^ 0xedb88320 : c >>> 1;
    table[n] = c;
  }
  return table;
}
