import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { execaSync } from 'execa';

const ROOMS = [
  'proxy',
  'sentinel',
  'haproxy',
  'scripts',
  'console',
  'stacks',
  'topology',
  'provider',
  'monitoring',
];

/** How a wait looks that goes by the time of day: a moment of it that something is to be over at, or one it is held against. */
const BY_TIME_OF_DAY: readonly RegExp[] = [
  /\b\w*([uU]ntil|[dD]eadline|[eE]nds) = Date\.now\(\)/,
  /[<>]=? Date\.now\(\)|(?<!\+ )Date\.now\(\) [<>]/,
  /\(\(SECONDS (\+|<=?|>=?) ?[$a-zA-Z]/,
  /until=.*EPOCHREALTIME/,
];

/** The time of day is set while programs run, as by NTP: a wait by it has an hour more then, or none. */
test('waits go by a clock that nobody sets', () => {
  const files = execaSync('git', ['ls-files', ...ROOMS]).stdout.split('\n');
  const found = files.flatMap((file) =>
    readFileSync(file, 'utf8')
      .split('\n')
      .flatMap((line, at) =>
        BY_TIME_OF_DAY.some((each) => each.test(line)) && !line.trim().startsWith('#')
          ? [`${file}:${at + 1}: ${line.trim()}`]
          : [],
      ),
  );
  assert.deepEqual(found, []);
});
