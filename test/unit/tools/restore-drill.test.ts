import assert from 'node:assert/strict';
import { test } from 'node:test';
import { execa } from 'execa';
import { judgeRestore, restoreText } from '../../../tools/drills/restore.ts';

const SEEN = {
  keys: 1000,
  restored: 990,
  expired: 10,
  found: { missing: 0, changed: 0 },
  steps: { backup: 3000, up: 60_000, restore: 6000 },
  withoutMs: 90_000,
};

test('the restore drill passes when every key of the backup is back in time', () => {
  const drill = judgeRestore(SEEN);
  assert.equal(drill.passed, true);
  assert.match(restoreText(drill), /^\nrestore: passed, 1000 keys in the backup; .*up 1\.0 min/);
});

for (const [what, change, line] of [
  ['one was not restored', { restored: 989 }, /keys of the backup lost +none +1 +BROKEN/],
  ['one is not found', { found: { missing: 1, changed: 0 } }, /keys of the backup lost +none +1 +BROKEN/],
  ['one has another value', { found: { missing: 0, changed: 1 } }, /came back another +none +1 +BROKEN/],
  ['it took too long', { withoutMs: 700_000 }, /with every key +<= 10\.0 min +11\.7 min +BROKEN/],
] as const)
  test(`and does not when ${what}`, () => {
    const drill = judgeRestore({ ...SEEN, ...change });
    assert.equal(drill.passed, false);
    assert.match(restoreText(drill), line);
    assert.match(restoreText(drill), /^\nrestore: MISSED/);
  });

test('what npm run drill:own and drill:all are given wrongly is said before anything is started, exit 2', async () => {
  const run = (...args: string[]) => execa(process.execPath, args, { reject: false, stdin: 'ignore' });
  const own = await run('--import=tsx', 'tools/drills/main.ts', '--keys', '0');
  assert.equal(own.exitCode, 2);
  assert.match(own.stderr, /--keys "0" is not a whole number from 1 to 1000000/);
  const all = await run('tools/drills/all.mjs', '--rounds', 'few');
  assert.equal(all.exitCode, 2);
  assert.match(all.stderr, /--rounds "few" is not a whole number/);
});
