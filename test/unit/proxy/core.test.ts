import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { fuzzCore } from '../../support/fuzz-core.ts';

describe('the core over an in-memory network', () => {
  test('random pipelines, cut anywhere, clients leaving: every answer is the right one, in order', async () => {
    const until = Date.now() + 8000;
    let answered = 0;
    for (let seed = 1; seed <= 400 && Date.now() < until; seed++) {
      try {
        answered += await fuzzCore(seed, 60);
      } catch (error) {
        throw new Error(`seed ${seed}: ${(error as Error).message}`, { cause: error });
      }
    }
    assert.ok(answered > 10_000, `${answered} requests`);
  });
});
