import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { parseSentinel } from '../../../proxy/config/addresses.ts';

describe('an entry of sentinels', () => {
  for (const entry of ['10.0.0.1:26379', '10.0.0.1:26379:1', '10.0.0.1:26379:1 sentinel1']) {
    test(`${entry} is host and port`, () => {
      assert.deepEqual(parseSentinel(entry), { ok: { kind: 'tcp', host: '10.0.0.1', port: 26379 } });
    });
  }
  for (const entry of [
    '10.0.0.1',
    '10.0.0.1:26379 sentinel1',
    '10.0.0.1:26379:1 two words',
    '10.0.0.1:0:1 a',
  ]) {
    test(`${entry} is none`, () => {
      assert.deepEqual(parseSentinel(entry), { wrong: 'expected host:port or host:port:weight [name]' });
    });
  }
});
