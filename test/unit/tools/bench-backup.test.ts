import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { costOf } from '../../../tools/bench/backup.ts';
import { backupBenchText } from '../../../tools/bench/backup-text.ts';
import { type Pair, ratioOf } from '../../../tools/bench/pairs.ts';
import type { Slice } from '../../../tools/bench/steady-load.ts';

const slice = (requestsPerSecond: number, p50 = 2, p99 = 8): Slice => ({
  seconds: 5,
  requestsPerSecond,
  p50,
  p99,
});

describe('what a backup costs', () => {
  test('is judged by slices that stood beside each other, so that a machine that changes meanwhile does not matter', () => {
    const pairs: Array<Pair<Slice>> = [
      { without: slice(1000), with: slice(980, 2.2, 10) },
      { without: slice(500, 4, 16), with: slice(480, 4.4, 20) },
      { without: slice(2000, 1, 4), with: slice(1980, 1.1, 5) },
    ];
    const cost = costOf(pairs);
    assert.equal(cost.throughput.median, 0.98);
    assert.equal(cost.p99.median, 1.25);
    const text = backupBenchText({
      stack: 'alpha',
      rateMb: 8,
      backups: 7,
      bytes: 20_000_000,
      seconds: 5.04,
      cpuMs: 61,
      full: cost,
      partly: { ...cost, requestsPerSecond: 700 },
    });
    assert.match(
      text,
      /^what clients of alpha lose .* at most 8mb a second: 7 backups of .*, each 5\.0 s and 61 ms/,
    );
    assert.match(text, /^requests a second +1000 +980 +0\.980 \(0\.960 to 0\.990\)$/m);
    assert.match(text, /^700 requests a second +without/m);
    assert.match(text, /99 % of them \(ms\) +8\.00 +10\.00 +1\.250/);
  });

  test('has an interval that leaves out as many of each end as one in twenty such benches would', () => {
    const pairs = (count: number): Pair[] =>
      Array.from({ length: count }, (_, n) => ({ without: 100, with: n }));
    const within = (count: number): number[] => {
      const { low, high } = ratioOf(pairs(count));
      return [Math.round(low * 100), Math.round(high * 100)];
    };
    // Tables of the sign test: with n pairs its two-sided 5 % points are 0 of 6, 1 of 9, 3 of 16, 9 of 30; the next of each lies inside.
    assert.deepEqual(within(5), [0, 4]);
    assert.deepEqual(within(6), [0, 5]);
    assert.deepEqual(within(9), [1, 7]);
    assert.deepEqual(within(16), [3, 12]);
    assert.deepEqual(within(30), [9, 20]);
  });
});
