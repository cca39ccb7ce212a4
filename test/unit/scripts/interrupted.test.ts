import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { NotSoError } from '../../../scripts/errors.ts';
import { verbContext } from '../../../scripts/verbs/context.ts';

test('a step that is interrupted ends in words with what to do, not as a mistake of the program', () => {
  const folder = mkdtempSync(join(tmpdir(), 'twemstack-interrupted-'));
  const before = process.listeners('SIGTERM');
  try {
    const { signal } = verbContext({ file: join(folder, 'stack.yaml') });
    const own = process.listeners('SIGTERM').filter((listener) => !before.includes(listener));
    for (const listener of own) listener('SIGTERM');
    assert.throws(
      () => signal.throwIfAborted(),
      (error) =>
        error instanceof NotSoError &&
        /interrupted by SIGTERM[\s\S]*the same command again/.test(error.format()),
    );
  } finally {
    for (const name of ['SIGINT', 'SIGTERM'] as const)
      for (const listener of process.listeners(name))
        if (!before.includes(listener)) process.off(name, listener);
    rmSync(folder, { recursive: true, force: true });
  }
});
