import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';

/**
 * Compares generated text with test/golden/<path>, byte for byte. `UPDATE_GOLDEN=1` writes it instead, for a person to
 * read the difference before committing it.
 */
export function assertGolden(path: string, actual: string): void {
  const file = resolve(join('test/golden', path));
  if (process.env.UPDATE_GOLDEN === '1') {
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, actual);
    return;
  }
  let expected: string;
  try {
    expected = readFileSync(file, 'utf8');
  } catch {
    throw new Error(`${file} is missing; UPDATE_GOLDEN=1 writes it`);
  }
  assert.equal(actual, expected, `differs from ${file}; UPDATE_GOLDEN=1 writes it anew`);
}
