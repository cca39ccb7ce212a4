import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { copyBytes, writeDecimal } from '../../../proxy/core/base/bytes.ts';

describe('bytes', () => {
  test('copies any length from anywhere to anywhere, and nothing besides', () => {
    const source = Uint8Array.from({ length: 300 }, (_, i) => i % 251);
    for (const length of [0, 1, 15, 16, 17, 18, 100, 256]) {
      const target = new Uint8Array(300).fill(255);
      copyBytes(source, 7, 7 + length, target, 11);
      assert.deepEqual(target.subarray(11, 11 + length), source.subarray(7, 7 + length), `${length} bytes`);
      assert.ok(target.subarray(0, 11).every((byte) => byte === 255));
      assert.ok(target.subarray(11 + length).every((byte) => byte === 255));
    }
  });

  test('writes numbers in decimal', () => {
    for (const value of [0, 1, 9, 10, 11, 99, 100, 1000, 65_536, 1_048_577]) {
      const target = new Uint8Array(20);
      const end = writeDecimal(value, target, 3);
      assert.equal(Buffer.from(target.subarray(3, end)).toString(), String(value));
    }
  });
});
