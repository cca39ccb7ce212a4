import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Actions, allowedActions } from '../../../console/actions.ts';
import type { ActionLine } from '../../../console/document.ts';
import { defaultPlan, hostsPlanOf, THREE_HOSTS } from '../../support/stack-fixture.ts';
import { waitUntil } from '../../support/wait-until.ts';

/** Stands in for `twemstack`: prints what it was called with, on both outputs, and ends with 3. */
const PRINTS =
  'console.log(process.argv.slice(1).join(" ")); console.error("step two"); process.exitCode = 3';
const HANGS = 'console.log("begun"); setInterval(() => {}, 1000)';

function desk(code: string, allowed: readonly string[] = allowedActions(defaultPlan())) {
  const told: ActionLine[] = [];
  const stop = new AbortController();
  const program = { file: process.execPath, arguments: ['-e', code, '--'], stackFile: '/s/stack.yaml' };
  const actions = new Actions(program, allowed, (line) => void told.push(line), stop.signal);
  const ended = (): boolean => told.at(-1)?.exitCode !== undefined;
  return { actions, told, stop, ended };
}

describe('an action of the console', () => {
  test('is the verb of the command line, with the stack file of the console; its lines and its end are told', async () => {
    for (const action of ['switchover shard-1', 'upgrade --dry-run', 'backup', 'drill kill-master']) {
      const { actions, told, ended } = desk(PRINTS);
      assert.equal(actions.begin(action), undefined);
      await waitUntil('its end', ended);
      assert.deepEqual(
        told.map(({ line }) => line ?? '').sort(),
        ['', `${action} --file /s/stack.yaml`, 'step two'].sort(),
      );
      assert.deepEqual(told.at(-1), { action, exitCode: 3 });
    }
  });

  test('is nothing else than what is offered, and nothing at all without --allow-actions', () => {
    const { actions } = desk(PRINTS);
    for (const other of [
      'down --volumes',
      'switchover shard-9',
      'switchover shard-1 --force',
      'drill --all',
      '',
    ])
      assert.match(actions.begin(other) ?? '', /nothing that can be done from here/, other);
    assert.match(desk(PRINTS, []).actions.begin('backup') ?? '', /without --allow-actions/);
  });

  test('on several hosts is no drill of a member, which those refuse', () => {
    const offered = allowedActions(hostsPlanOf(THREE_HOSTS));
    assert.deepEqual(
      offered.filter((action) => !action.startsWith('switchover')),
      ['upgrade --dry-run', 'backup'],
    );
  });

  test('is one at a time, and ends with the console', async () => {
    const { actions, told, stop, ended } = desk(HANGS);
    assert.equal(actions.begin('backup'), undefined);
    assert.match(actions.begin('upgrade --dry-run') ?? '', /"backup" is still running; one at a time/);
    await waitUntil('its first line', () => told.some(({ line }) => line === 'begun'));
    stop.abort();
    await waitUntil('its end', ended);
    assert.notEqual(told.at(-1)?.exitCode, 0);
  });
});
