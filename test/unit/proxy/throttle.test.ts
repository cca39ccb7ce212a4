import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Throttle } from '../../../proxy/core/base/throttle.ts';
import { tlsReason } from '../../../proxy/transport/tls-reason.ts';

test('what strangers can cause is said once a second, and how often it was not', () => {
  const said: string[] = [];
  let now = 0;
  const { warn } = new Throttle(
    (text) => void said.push(text),
    () => now,
  );
  for (const at of [0, 1, 999, 1000, 1500, 5000]) {
    now = at;
    warn(`at ${at}`);
  }
  assert.deepEqual(said, ['at 0', 'at 1000 (and 2 like it before)', 'at 5000 (and 1 like it before)']);
});

test('why a handshake failed, in the words of either library', () => {
  const boring = 'error:100000f7:SSL routines:OPENSSL_internal:WRONG_VERSION_NUMBER';
  const open = 'C0:error:0A00010B:SSL routines:ssl3_get_record:wrong version number:../deps/ssl.c:355:';
  for (const text of [boring, open]) {
    assert.equal(tlsReason(new Error(text)), 'wrong version number (no TLS at the other end?)');
  }
  assert.equal(tlsReason(new Error('certificate has expired')), 'certificate has expired');
  assert.equal(tlsReason(null), 'closed during the handshake');
});
