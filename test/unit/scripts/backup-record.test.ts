import assert from 'node:assert/strict';
import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { formatAge } from '../../../scripts/backup/age.ts';
import { judgeBackups, noteFailure, noteGood, readBackupRecord } from '../../../scripts/backup/record.ts';
import { Home } from '../../../scripts/stack/home.ts';
import { inTemporaryFolder } from '../../support/stack-fixture.ts';

const HOUR = 3_600_000;
const NOW = 1_800_000_000_000;
const hourly = { everyMs: HOUR };

describe('how the last backups went', () => {
  test('is noted down, the good and the bad beside each other, and outlives a damaged file as nothing', () =>
    inTemporaryFolder((root) => {
      const home = new Home(root);
      assert.deepEqual(readBackupRecord(home, 'alpha'), {});
      noteGood(home, 'alpha', NOW - HOUR);
      const both = noteFailure(home, 'alpha', NOW, 'no room\n  where: /mnt');
      assert.deepEqual(both, { lastGood: NOW - HOUR, lastFailure: { at: NOW, why: 'no room' } });
      assert.deepEqual(readBackupRecord(home, 'alpha'), both);
      const [file] = readdirSync(home.stack('alpha'));
      writeFileSync(join(home.stack('alpha'), file), '{ "half');
      assert.deepEqual(readBackupRecord(home, 'alpha'), {});
    }));

  test('is judged by how often stack.yaml wants one', () => {
    const kindOf = (everyMs: number, record: Parameters<typeof judgeBackups>[1]): string =>
      judgeBackups({ everyMs }, record, NOW).kind;
    assert.equal(kindOf(0, {}), 'none');
    assert.equal(kindOf(HOUR, {}), 'never');
    assert.equal(kindOf(0, { lastGood: NOW - 1000 * HOUR }), 'good');
    assert.equal(kindOf(HOUR, { lastGood: NOW - 2 * HOUR }), 'good');
    assert.equal(kindOf(HOUR, { lastGood: NOW - 2 * HOUR - 1 }), 'stale');
    const lastFailure = { at: NOW - HOUR, why: 'no room' };
    assert.equal(kindOf(0, { lastFailure }), 'failed');
    assert.equal(kindOf(0, { lastFailure, lastGood: NOW - HOUR + 1 }), 'good');
    assert.equal(
      judgeBackups(hourly, { lastFailure, lastGood: NOW - 50 * HOUR }, NOW).text,
      'the last one failed 1 h ago, the newest is 2 d 2 h old: no room',
    );
  });

  test('ages are told in their two largest parts', () => {
    for (const [ms, text] of [
      [-5, '0 s'],
      [999, '0 s'],
      [61_000, '1 m 1 s'],
      [3_600_000, '1 h'],
      [3_601_000, '1 h'],
      [90_061_000, '1 d 1 h'],
    ] as const)
      assert.equal(formatAge(ms), text);
  });
});
