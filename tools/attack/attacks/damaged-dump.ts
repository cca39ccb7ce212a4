import { register } from '../attack.ts';
import { brief, isError } from '../wire.ts';

/** CRC-64 (Jones), as Redis ends its dumps with: reflected, polynomial 0xad93d23594c935a9. */
function crc64(bytes: Buffer): Buffer {
  let crc = 0n;
  for (const byte of bytes) {
    crc ^= BigInt(byte);
    for (let bit = 0; bit < 8; bit++) crc = (crc & 1n) === 1n ? (crc >> 1n) ^ 0x95ac9329ac4bc9b5n : crc >> 1n;
  }
  const out = Buffer.alloc(8);
  out.writeBigUInt64LE(crc);
  return out;
}

/** RDB types whose content is one string in a format of its own: intset, listpacks of hash, sorted set and set. */
const TYPES = [11, 16, 17, 18, 12, 13, 10, 14];

register({
  name: 'damaged-dump',
  tries: 'RESTOREs damaged values with good checksums, and uses them: a server must not fall over them',
  as: ['application'],
  seconds: 20,
  async run(attacker) {
    const wire = await attacker.enter();
    const key = attacker.key('dump');
    let taken = 0;
    let tried = 0;
    let last: string | undefined;
    for (const type of TYPES) {
      for (let n = 0; n < 40 && attacker.timeLeft > 3000; n++) {
        const length = 10 + (n % 30);
        const content = Buffer.from(Array.from({ length }, (_, at) => (at * 31 + n * 17 + type * 7) % 256));
        // The header says as much as there is, so that only what is inside is wrong.
        content.writeUInt32LE(length, 0);
        content.writeUInt16LE(1 + (n % 5), 4);
        content[length - 1] = 0xff;
        const body = Buffer.concat([Buffer.from([type, length]), content, Buffer.from([10, 0])]);
        const payload = Buffer.concat([body, crc64(body)]);
        tried += 1;
        last = await wire.ask('RESTORE', key, '0', payload, 'REPLACE');
        if (isError(last)) continue;
        taken += 1;
        for (const words of [
          ['HGETALL', key],
          ['ZRANGE', key, '0', '-1'],
          ['SMEMBERS', key],
          ['LRANGE', key, '0', '-1'],
          ['HSET', key, 'a', 'b'],
          ['DEL', key],
        ])
          await wire.ask(...words);
      }
    }
    wire.close();
    return { did: `${taken} of ${tried} taken; ${brief(last)}`, got: [] };
  },
});
