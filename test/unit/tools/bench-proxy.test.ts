import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { interleavedRounds, type Sample } from '../../../tools/bench/proxy/rounds.ts';
import { judge, summarize } from '../../../tools/bench/proxy/verdict.ts';

function sample(cpu: number, foreign = 0): Sample {
  const rest = { userShare: 0.5, requestsPerSecond: 1000, p50: 1, p99: 2, proxyIdle: 0, generatorIdle: 0 };
  return { cpu, foreign, ...rest };
}

/** Runs rounds of A and B; `foreign` tells of each run in turn how much CPU time others took. */
async function rounds(wanted: number, foreign: readonly number[]) {
  const order: string[] = [];
  const result = await interleavedRounds(['A', 'B'], { wanted, most: wanted * 3 }, async (label) => {
    order.push(label);
    return sample(order.length, foreign[order.length - 1] ?? 0);
  });
  return { order: order.join(' '), ...result };
}

describe('rounds of bench proxy', () => {
  test('alternate their order, so that what changes slowly meets both alike', async () => {
    const { order, samples, dropped, disturbed } = await rounds(3, []);
    assert.equal(order, 'A B B A A B');
    assert.deepEqual(
      samples.A.map((each) => each.cpu),
      [1, 4, 5],
    );
    assert.deepEqual(
      samples.B.map((each) => each.cpu),
      [2, 3, 6],
    );
    assert.deepEqual([dropped, disturbed], [0, false]);
  });

  test('are dropped as a whole and repeated when others took more than 5 % of a CPU', async () => {
    const { samples, dropped, disturbed } = await rounds(2, [0, 0.06, 0, 0, 0.05, 0]);
    assert.deepEqual(
      samples.A.map((each) => each.cpu),
      [4, 5],
    );
    assert.deepEqual([dropped, disturbed], [1, false]);
  });

  test('end at the bound; then the least disturbed have to do, and the result says so', async () => {
    const { order, samples, dropped, disturbed } = await rounds(
      2,
      [0.9, 0, 0.2, 0.1, 0.3, 0.3, 0, 0, 0.5, 0, 0.6, 0],
    );
    assert.equal(order.split(' ').length, 12);
    assert.deepEqual(
      samples.A.map((each) => each.cpu),
      [8, 4],
    );
    assert.deepEqual([dropped, disturbed], [4, true]);
  });
});

describe('verdict of bench proxy', () => {
  const verdicts: [ratio: number, spread: number, disturbed: boolean, verdict: string][] = [
    [1.2, 0.1, false, 'met'],
    [1.19, 0.1, false, 'missed'],
    [9, 0.16, false, 'too noisy'],
    [9, 0.1, true, 'disturbed'],
  ];
  for (const [ratio, spread, disturbed, verdict] of verdicts) {
    test(`ratio ${ratio} of at least 1.2, spread ${spread}${disturbed ? ', disturbed' : ''}: ${verdict}`, () => {
      assert.equal(judge(ratio, { atLeast: 1.2 }, spread, disturbed), verdict);
    });
  }

  test('a figure that must not be exceeded, and one without a goal', () => {
    assert.equal(judge(1.05, { atMost: 1.05 }, 0, false), 'met');
    assert.equal(judge(1.06, { atMost: 1.05 }, 0, false), 'missed');
    assert.equal(judge(1, {}, 0, false), 'no goal');
  });

  test('comes from medians', () => {
    const { cpu, cpuMin, cpuMax, user } = summarize([sample(3), sample(1), sample(20)]);
    assert.deepEqual([cpu, cpuMin, cpuMax, user], [3, 1, 20, 1.5]);
  });
});
