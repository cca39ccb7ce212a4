import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { SplitVote } from '../../../sentinel/guard/split-vote.ts';

describe('a sentinel that was not elected', () => {
  test('goes on where no master is to be seen, the first of the file at once and the next ones later', async () => {
    const votes = new SplitVote(async () => true);
    const order: number[] = [];
    await Promise.all(
      [2, 0, 1].map(async (rank) => {
        assert.ok(await votes.shallGoOn(rank));
        order.push(rank);
      }),
    );
    assert.deepEqual(order, [0, 1, 2]);
  });

  test('does not where another one has selected a replica, also while it waited its turn', async () => {
    const votes = new SplitVote(async () => true);
    const second = votes.shallGoOn(1);
    votes.selected();
    assert.equal(await second, false);
    assert.equal(await votes.shallGoOn(0), false);
  });

  test('does not where the master answers: whom the sentinels have lost may be well', async () => {
    assert.equal(await new SplitVote(async () => false).shallGoOn(0), false);
  });
});
