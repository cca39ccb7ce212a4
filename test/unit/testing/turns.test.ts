import assert from 'node:assert/strict';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { GROUPS, type Group } from '../../../tools/testing/groups.ts';
import { runTurn, turnsOf } from '../../../tools/testing/turns.ts';
import { inTemporaryFolder } from '../../support/stack-fixture.ts';

const check = (name: string, flag: string, beside?: string): Group => ({
  name,
  about: `about ${name}`,
  kind: 'check',
  command: ['esbuild', flag],
  limitMinutes: 1,
  beside,
});

const namesOf = (turns: readonly Group[][]): string[][] => turns.map((turn) => turn.map(({ name }) => name));

describe('groups of tests', () => {
  test('every one has its turn, and is beside another only where that is in front of it', () => {
    const turns = namesOf(turnsOf(GROUPS));
    assert.deepEqual(
      turns.flat(),
      GROUPS.map(({ name }) => name),
    );
    assert.deepEqual(
      turns.filter((turn) => turn.length > 1),
      [['unit', 'provider']],
    );
    const [, ...chosen] = GROUPS.filter(({ name }) => ['unit', 'provider', 'stack'].includes(name));
    assert.deepEqual(namesOf(turnsOf(chosen)), [['provider'], ['stack']]);
  });

  test('of those that go on at once each is told with all that it printed, and how it came out', () =>
    inTemporaryFolder(async (folder) => {
      const file = join(folder, 'printed');
      const output = openSync(file, 'w');
      const turn = [check('one', '--version'), check('two', '--no-such-flag', 'one')];
      const results = await runTurn(turn, new AbortController().signal, output);
      closeSync(output);
      assert.deepEqual(
        results.map(({ group, counts }) => [group, counts.passed, counts.failed]),
        [
          ['one', 1, 0],
          ['two', 0, 1],
        ],
      );
      const printed = readFileSync(file, 'utf8');
      const order =
        /^\n== one: about one\n\d+\.\d+\.\d+\n== one: good .*\n\n== two, beside one: about two\n[\s\S]*no-such-flag[\s\S]*== two: esbuild --no-such-flag ended with 1 /;
      assert.match(printed, order);
    }));
});
