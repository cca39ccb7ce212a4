import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { before, describe, test } from 'node:test';
import { execa } from 'execa';
import { buildProxy } from '../../proxy/build.ts';
import { type ProxyKind, startProxy } from '../support/proxy.ts';
import { waitUntil } from '../support/wait-until.ts';

/* Flags: the same texts on stderr, the same exit codes, nothing on stdout. Signals: the same lines in the log. */
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
    .filter((line) => !/^ +(-o|-c|-p), |^ +--(drain-timeout|slow-log|buffer-limit|workers)/.test(line))
    .join('\n');
}

/** What a proxy of this kind logs when it is sent these signals, without the source lines that only the original has. */
async function loggedBy(
  kind: ProxyKind,
  verbosity: string,
  signals: readonly NodeJS.Signals[],
): Promise<string[]> {
  const folder = mkdtempSync(join(tmpdir(), 'twemstack-signals-'));
  const file = join(folder, 'log');
  const conf = ([port]: readonly number[]): string =>
    `a:\n  listen: 127.0.0.1:${port}\n  redis: true\n  servers:\n   - 127.0.0.1:1:1\n`;
  const proxy = await startProxy(kind, 1, conf, ['-o', file, '-v', verbosity]);
  try {
    for (const [i, signal] of signals.entries()) {
      proxy.daemon.signal(signal);
      const heard = (): number => readFileSync(file, 'utf8').split(' received, ').length - 1;
      await waitUntil(signal, () => heard() > i);
    }
    // a line may follow the one that says what was received
    proxy.daemon.signal('SIGHUP');
    await waitUntil('the last', () =>
      readFileSync(file, 'utf8').endsWith('SIGHUP) received, reopening log file\n'),
    );
    return readFileSync(file, 'utf8')
      .split('\n')
      .filter((line) => !/when at last the work is done/.test(line))
      .map((line) => line.replace(/^\[\d.*?\] (nc\.c:\d+ )?/, '').replace(/pid \d+/, 'pid N'));
  } finally {
    await proxy.stop();
    rmSync(folder, { recursive: true, force: true });
  }
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

  for (const [verbosity, signals] of [
    ['10', ['SIGTTIN', 'SIGTTIN', 'SIGTTOU']],
    ['1', ['SIGTTOU', 'SIGTTOU', 'SIGTTIN']],
  ] satisfies [string, NodeJS.Signals[]][]) {
    test(`the log of -v ${verbosity}, then ${signals.join(', ')}`, async () => {
      const [theirs, mine] = await Promise.all([
        loggedBy('original', verbosity, signals),
        loggedBy('executable', verbosity, signals),
      ]);
      assert.deepEqual(mine, theirs);
    });
  }
});
