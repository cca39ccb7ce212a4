import { crc16, crc32, crc32a } from './crc.ts';
import { fnv1ax32, fnv1ax64, fnv1x32, fnv1x64 } from './fnv.ts';
import { hsieh } from './hsieh.ts';
import { jenkins } from './jenkins.ts';
import { md5 } from './md5.ts';
import { murmur } from './murmur.ts';
import { oneAtATime } from './one-at-a-time.ts';

/** Hashes `bytes[from, to)` to an unsigned 32-bit number. */
export type HashFunction = (bytes: Uint8Array, from: number, to: number) => number;

/** The hashes of nutcracker.yml by their (case-sensitive) configuration names. */
export const HASHES = {
  one_at_a_time: oneAtATime,
  md5,
  crc16,
  crc32,
  crc32a,
  fnv1_64: fnv1x64,
  fnv1a_64: fnv1ax64,
  fnv1_32: fnv1x32,
  fnv1a_32: fnv1ax32,
  hsieh,
  murmur,
  jenkins,
} satisfies Record<string, HashFunction>;

export type HashName = keyof typeof HASHES;
