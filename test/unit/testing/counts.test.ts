import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { readTapSummary, verdict } from '../../../tools/testing/counts.ts';

const tap = (pass: number, fail: number, cancelled = 0, skipped = 0, todo = 0): string =>
  `ok 1 - x\n# pass 99 in a test's own output\n1..1\n# tests 1\n# suites 0\n# pass ${pass}\n# fail ${fail}\n# cancelled ${cancelled}\n# skipped ${skipped}\n# todo ${todo}\n# duration_ms 1.5\n`;

describe('figures of a test run', () => {
  test('are the runner’s own; a cancelled test has failed', () => {
    assert.deepEqual(readTapSummary(tap(12, 1, 2)), { passed: 12, failed: 3, skipped: 0 });
    assert.deepEqual(readTapSummary(tap(1, 0, 0, 2, 1)), { passed: 1, failed: 0, skipped: 3 });
  });

  test('are not made up when the runner broke off', () => {
    assert.equal(readTapSummary('TAP version 13\n# Subtest: x\n'), undefined);
  });

  const verdicts: ReadonlyArray<[string, string, number, RegExp | undefined]> = [
    ['all passed', tap(3, 0), 0, undefined],
    ['one failed', tap(3, 1), 1, /1 failed/],
    ['nothing ran', tap(0, 0), 0, /no test/],
    ['one was skipped', tap(3, 0, 0, 1), 0, /1 skipped/],
    ['one is still to do', tap(3, 0, 0, 0, 1), 0, /to do/],
    ['all passed but the runner failed', tap(3, 0), 7, /ended with 7/],
    ['no summary', '', 1, /no summary/],
  ];
  for (const [what, text, exitCode, expected] of verdicts) {
    test(`${what}: ${expected === undefined ? 'good' : 'not good'}`, () => {
      const complaint = verdict(readTapSummary(text), exitCode);
      if (expected === undefined) assert.equal(complaint, undefined);
      else assert.match(complaint ?? '', expected);
    });
  }
});
