import assert from 'node:assert/strict';
import { test } from 'node:test';
import { describe, soak } from '../../../tools/fuzz/soak.ts';

/** Generous, so that only a leak breaks it. */
const PROXY_MB = 600;

test('120 clients, listeners and the workers of a queue, servers killed and stopped under them: no reply is wrong, none is missing, no job is lost', async (t) => {
  const result = await soak({ seconds: 12, clients: 120, seed: 1, tell: () => undefined });
  t.diagnostic(describe(result));
  assert.ok(result.answered - result.errors > 5000, `${result.answered} replies, ${result.errors} errors`);
  assert.ok(result.heard > 0 && result.given > 0, `${result.heard} messages, ${result.given} jobs`);
  assert.ok(result.troubles >= 3, `${result.troubles} times`);
  assert.ok(result.proxyMb < PROXY_MB, `${result.proxyMb} MB`);
});
