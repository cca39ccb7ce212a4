import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { crc64 } from '../../../scripts/backup/rdb/crc64.ts';
import { decompressLzf } from '../../../scripts/backup/rdb/lzf.ts';
import { RdbReader } from '../../../scripts/backup/rdb/reader.ts';

/** An RDB file from its parts: numbers are bytes, texts are strings with a length of one byte before them. */
const rdb = (...parts: (number | string | Buffer)[]): Buffer =>
  Buffer.concat([
    Buffer.from('REDIS0010'),
    ...parts.map((part) => {
      if (typeof part === 'number') return Buffer.of(part);
      return typeof part === 'string' ? Buffer.concat([Buffer.of(part.length), Buffer.from(part)]) : part;
    }),
  ]);
const END = [0xff, Buffer.alloc(8)];
const read = (file: Buffer) => {
  const reader = new RdbReader({ keys: true });
  const keys = reader.feed(file);
  return { keys, contents: reader.end() };
};

describe('an RDB file', () => {
  test('has the checksum that Redis gives', () => {
    // crc64.c, its own test
    assert.equal(crc64(Buffer.from('123456789')).readBigUInt64LE(), 0xe9c6d914c4b8d9can);
    assert.deepEqual(crc64(Buffer.from('1234'), Buffer.from('56789')), crc64(Buffer.from('123456789')));
  });

  test('gives each key with its database, expiry and payload', () => {
    const expiry = Buffer.alloc(8);
    expiry.writeBigInt64LE(1_900_000_000_123n);
    const { keys, contents } = read(
      rdb(
        0xfa,
        'redis-ver',
        '7.0.15',
        0xfe,
        0,
        0xfb,
        1,
        0,
        0,
        'k',
        'v',
        0xfe,
        3,
        0xfc,
        expiry,
        0,
        'x',
        'y',
        ...END,
      ),
    );
    assert.deepEqual(
      keys.map(({ database, key, expiresAt }) => [database, key.toString(), expiresAt]),
      [
        [0, 'k', undefined],
        [3, 'x', 1_900_000_000_123],
      ],
    );
    assert.equal(keys[0].payload.subarray(0, -8).toString('latin1'), '\x00\x01v\x0a\x00');
    assert.deepEqual(
      [...contents.databases],
      [
        [0, { keys: 1, expires: 0 }],
        [3, { keys: 1, expires: 1 }],
      ],
    );
  });

  test('that ends early, goes on behind its end or is something else is refused', () => {
    const whole = rdb(0xfe, 0, 0, 'key', 'value', ...END);
    for (const length of [0, 5, 12, 18, whole.length - 1])
      assert.throws(() => read(whole.subarray(0, length)), /ends after \d+ bytes in the middle/);
    assert.throws(() => read(Buffer.concat([whole, Buffer.of(0)])), /1 bytes follow the end/);
    assert.throws(() => read(Buffer.from('PK\x03\x04 something else')), /does not begin like an RDB file/);
  });

  test('with a type that nobody here can skip is refused by its number', () => {
    assert.throws(() => read(rdb(0xfe, 0, 7, 'key', ...END)), /type 7, which is a module's/);
  });

  test('with a packed string that promises more than it can hold takes no memory for it', () => {
    assert.throws(() => decompressLzf(Buffer.from([0, 65]), 2 ** 40), /damaged/);
    assert.throws(() => decompressLzf(Buffer.from([0x20, 0x40]), 10), /damaged/);
    // one literal, then the byte before repeated
    assert.equal(decompressLzf(Buffer.from([0, 65, 0x20, 0]), 4).toString(), 'AAAA');
  });
});
