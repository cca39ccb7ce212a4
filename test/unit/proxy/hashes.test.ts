import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { HASHES, type HashName } from '../../../proxy/hash/hash-kit.ts';

/** Values of the original binary for each key. */
const KEYS = [
  Buffer.from('apple'),
  Buffer.from([0xff, 0x80, 0x61]),
  Buffer.from('key:{42}'),
  Buffer.from('caf\u00e9-0123456789abcdef'),
];
const VECTORS: Record<HashName, readonly number[]> = {
  one_at_a_time: [2297466611, 2522159071, 3794937344, 254812700],
  md5: [3195025439, 1734411421, 3194457012, 41720166],
  crc16: [3662830516, 512927868, 3085066070, 1396190779],
  crc32: [10542, 16623, 10761, 17239],
  crc32a: [2838417488, 1089414266, 2852769737, 1129838040],
  fnv1_64: [473199127, 1813151681, 2919289318, 3209688638],
  fnv1a_64: [1488911807, 1912614833, 392237120, 2542081176],
  fnv1_32: [67176023, 817040641, 2989082150, 3649089662],
  fnv1a_32: [280767167, 2463948209, 53994528, 3661677368],
  hsieh: [3738850110, 2147693961, 2604865631, 583351058],
  murmur: [4142305122, 3843503617, 4221607614, 1222321602],
  jenkins: [1442444624, 3761684733, 1836700245, 1392484209],
};

describe('hashes', () => {
  for (const [name, values] of Object.entries(VECTORS) as [HashName, readonly number[]][]) {
    test(`${name} gives the original's values, wherever the key lies in its buffer`, () => {
      KEYS.forEach((key, i) => {
        assert.equal(HASHES[name](key, 0, key.length), values[i]);
        const inside = Buffer.concat([Buffer.from('xyz'), key, Buffer.from('zyx')]);
        assert.equal(HASHES[name](inside, 3, 3 + key.length), values[i]);
      });
    });
  }
});
