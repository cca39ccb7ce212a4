import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { together } from '../../../scripts/deploy/together.ts';

describe('works that go on together', () => {
  test('come to what each came to, in their order', async () => {
    assert.deepEqual(await together([turn().then(() => 'a'), Promise.resolve('b')]), ['a', 'b']);
  });

  test('all have ended before one is told to have failed, and it is the first of them', async () => {
    const ended: string[] = [];
    const late = turn()
      .then(turn)
      .then(() => {
        ended.push('late');
        throw new Error('late');
      });
    const early = Promise.reject(new Error('early'));
    await assert.rejects(together([late, early]), /late/);
    assert.deepEqual(ended, ['late']);
  });
});
