import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { backupBenchText, judgeRounds } from '../../../tools/bench/backup.ts';

describe('what a backup costs', () => {
  test('is judged by turns that stood beside each other, so that a machine that changes meanwhile does not matter', () => {
    const rounds = [
      { without: 1000, with: 980 },
      { without: 500, with: 480 },
      { without: 2000, with: 1980 },
    ];
    const { ratio, spread } = judgeRounds(rounds);
    assert.equal(ratio, 0.98);
    assert.ok(Math.abs(spread - 0.03 / 0.98) < 1e-9);
    const text = backupBenchText({
      stack: 'alpha',
      rateMb: 8,
      rounds,
      backups: 7,
      bytes: 20_000_000,
      ratio,
      spread,
    });
    assert.match(text, /^requests a second through the VIP of alpha, .* at most 8mb a second$/m);
    assert.match(text, /^2 +500 +480 +0\.960$/m);
    assert.match(text, /median 0\.980, spread 3 %; 7 backups of /);
  });
});
