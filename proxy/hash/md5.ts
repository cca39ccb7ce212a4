import { createHash } from 'node:crypto';

/** MD5 as twemproxy uses it: the first four digest bytes, little-endian. */
export function md5(bytes: Uint8Array, from: number, to: number): number {
  return createHash('md5').update(bytes.subarray(from, to)).digest().readUInt32LE(0);
}
