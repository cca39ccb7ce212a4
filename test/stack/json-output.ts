import assert from 'node:assert/strict';

/** The one JSON document a verb printed on stdout; anything else there fails the test. */
export function parse<T>(stdout: string): T {
  try {
    return JSON.parse(stdout) as T;
  } catch {
    return assert.fail(`not one JSON document: ${stdout.slice(0, 500)}`);
  }
}
