import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { fuzzReplyChunks, fuzzRequestChunks } from '../../../tools/fuzz/chunks.ts';
import { fuzzCore } from '../../../tools/fuzz/core.ts';

/* The same seeds every time; `npm run fuzz` goes on from there. */
async function seeds(
  count: number,
  limitMs: number,
  run: (seed: number) => Promise<number>,
): Promise<number> {
  const until = Date.now() + limitMs;
  let checked = 0;
  for (let seed = 1; seed <= count && Date.now() < until; seed++) {
    try {
      checked += await run(seed);
    } catch (error) {
      throw new Error(`seed ${seed}: ${(error as Error).message}`, { cause: error });
    }
  }
  return checked;
}

/* How much is tried within the time is the machine's affair; that next to nothing is would be a defect. */
describe('the core over an in-memory network', () => {
  test('random pipelines cut anywhere, servers that crash, hang and talk nonsense: no answer is wrong or missing', async () => {
    const answered = await seeds(160, 30_000, (seed) => fuzzCore(seed, 60));
    assert.ok(answered > 5000, `${answered} requests`);
  });

  test('what requests are answered does not depend on the pieces in which they come', async () => {
    const compared = await seeds(300, 15_000, fuzzRequestChunks);
    assert.ok(compared > 500, `${compared} ways of cutting`);
  });

  test('nor does what clients are told depend on the pieces in which replies come', async () => {
    const compared = await seeds(200, 15_000, fuzzReplyChunks);
    assert.ok(compared > 100, `${compared} ways of cutting`);
  });
});
