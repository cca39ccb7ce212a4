import assert from 'node:assert/strict';
import { resolve } from 'node:path';
import { before, describe, test } from 'node:test';
import { execa } from 'execa';
import { buildProxy } from '../../proxy/build.ts';

/* Flags: the same texts on stderr, the same exit codes, nothing on stdout. */
const LINES: readonly string[] = [
  '-V',
  '--version',
  '--vers',
  '-tV',
  '-D',
  '--describe-stats',
  '-x',
  '-c',
  '-o',
  '-p',
  '-a',
  '-s abc',
  '-s 0',
  '-s 70000',
  '-s -1',
  '-m 0',
  '-m x',
  '-m 100',
  '-m 99999999',
  '-v x',
  '-i x',
  '--conf-file',
  '--stats-port=x',
  '--stats-i=x',
  '--daemonize=3',
  '-t -c /nonexistent.yml',
];

/** The usage as both print it, but for the defaults that Debian patches and the flags that are ours. */
function comparable(stderr: string): string {
  return stderr
    .split('\n')
    .filter((line) => !/^ +(-o|-c|-p), |^ +--(drain-timeout|slow-log|buffer-limit)/.test(line))
    .join('\n');
}

describe('command line', () => {
  before(() => {
    buildProxy(resolve('dist/nutcracker'));
  });

  for (const line of [...LINES, '-h', '--help']) {
    test(`nutcracker ${line}`, async () => {
      const run = (program: string) =>
        execa(program, line.split(' '), { reject: false, stdin: 'ignore', stripFinalNewline: false });
      const [theirs, mine] = await Promise.all([
        run('/usr/sbin/nutcracker'),
        run(resolve('dist/nutcracker')),
      ]);
      assert.equal(mine.exitCode, theirs.exitCode);
      assert.equal(mine.stdout, '');
      // the reason is ours; the original says that the file is invalid, and says it twice
      if (line.startsWith('-t -c')) assert.ok(mine.stderr.includes(theirs.stderr.split('\n')[0]));
      else assert.equal(comparable(mine.stderr), comparable(theirs.stderr));
    });
  }
});
