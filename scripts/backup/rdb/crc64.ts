/** Redis' CRC-64 (crc64.c: "Jones", reflected): the checksum of what DUMP gives and RESTORE takes. */

const POLYNOMIAL = 0x95ac9329ac4bc9b5n;
/** Lower and upper halves of the table: numbers of 64 bits would cost an allocation for each byte. */
const LOW = new Uint32Array(256);
const HIGH = new Uint32Array(256);
for (let byte = 0; byte < 256; byte++) {
  let value = BigInt(byte);
  for (let bit = 0; bit < 8; bit++) value = value & 1n ? (value >> 1n) ^ POLYNOMIAL : value >> 1n;
  LOW[byte] = Number(value & 0xffffffffn);
  HIGH[byte] = Number(value >> 32n);
}

/** The checksum of the pieces in their order, as the 8 bytes that Redis writes. */
export function crc64(...pieces: readonly Buffer[]): Buffer {
  let [low, high] = [0, 0];
  for (const piece of pieces) {
    for (let i = 0; i < piece.length; i++) {
      const row = (low ^ piece[i]) & 0xff;
      low = ((low >>> 8) | (high << 24)) ^ LOW[row];
      high = (high >>> 8) ^ HIGH[row];
    }
  }
  const sum = Buffer.alloc(8);
  sum.writeUInt32LE(low >>> 0, 0);
  sum.writeUInt32LE(high >>> 0, 4);
  return sum;
}
