import { type Chance, oneOf } from '../../scripts/chance.ts';

const PIECES = [
  '\r\n',
  '\n',
  '\0',
  '*',
  '$',
  '*-1\r\n',
  '*0\r\n',
  '$-1\r\n',
  '$9999999999\r\n',
  '*3\r\n',
  ' ',
];

/** A copy with a few random wrongs: bytes changed, dropped, doubled or put in, or the end cut off. */
export function mutated(bytes: Uint8Array, chance: Chance): Buffer {
  let result = Buffer.from(bytes);
  for (let i = chance(3); i >= 0; i--) result = mutatedOnce(result, chance);
  return result;
}

function mutatedOnce(bytes: Buffer, chance: Chance): Buffer<ArrayBuffer> {
  // the last bytes are worth a try of their own: they close what is open
  const at = chance(8) === 0 ? Math.max(0, bytes.length - 1 - chance(4)) : chance(bytes.length + 1);
  const before = bytes.subarray(0, at);
  switch (chance(5)) {
    case 0:
      return Buffer.concat([before, Buffer.from([chance(256)]), bytes.subarray(at + 1)]);
    case 1:
      return Buffer.concat([before, bytes.subarray(at + 1 + chance(4))]);
    case 2:
      return Buffer.concat([before, bytes.subarray(at, at + chance(20)), bytes.subarray(at)]);
    case 3:
      return Buffer.concat([before, Buffer.from(oneOf(chance, PIECES)), bytes.subarray(at)]);
    default:
      return Buffer.from(before);
  }
}
