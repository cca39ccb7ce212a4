import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { execa } from 'execa';
import { loadConfig } from '../../proxy/config/nutcracker-yml.ts';
import { ConfigError } from '../../proxy/config/pool.ts';

/* `-t` of both on the same files: the verdicts must be equal. */
let folder: string;
before(() => {
  folder = mkdtempSync(join(tmpdir(), 'twemstack-conf-'));
});
after(() => rmSync(folder, { recursive: true, force: true }));

const SERVERS = '  servers:\n   - 127.0.0.1:7000:1\n';
const pool = (lines: string, servers = SERVERS, listen = '127.0.0.1:22121'): string =>
  `alpha:\n  listen: ${listen}\n  redis: true\n${lines}${servers}`;
const one = (entry: string): string => pool('', `  servers:\n   - ${entry}\n`);

const FILES: readonly string[] = [
  // shape
  '',
  '\n',
  'alpha',
  'alpha:\n',
  '- a\n',
  'alpha: beta\n',
  pool(''),
  `# comment\n${pool('')}`,
  pool('').replaceAll('\n', '\r\n'),
  `\uFEFF${pool('')}`,
  `---\n${pool('')}`,
  `${pool('')}...\n`,
  `${pool('')}---\n${pool('')}`,
  `%YAML 1.1\n${pool('')}`,
  pool('').replace('  listen', '\tlisten'),
  pool('', ''),
  pool('', '  servers: []\n'),
  pool('', '  servers: [127.0.0.1:7000:1]\n'),
  pool('  hash: &a md5\n'),
  pool('  hash: !!str md5\n'),
  pool('', '  servers:\n  - 127.0.0.1:7000:1\n'),
  pool('', `${SERVERS}  timeout: 5\n`),
  pool('', `${SERVERS}${SERVERS}`),
  pool('', `${SERVERS}  others:\n   - a\n`),
  pool('  timeout: {a: 1}\n'),
  pool('  timeout:\n    a: 1\n'),
  pool('  timeout:\n'),
  pool('  timeout: ""\n'),
  pool('  timeout: "400"\n'),
  pool("  hash: 'md5'\n"),
  pool('', '  servers:\n   - a: b\n'),
  pool('', '  servers:\n   -\n'),
  pool('', '  servers:\n   - - 127.0.0.1:7000:1\n'),
  `alpha:\n  listen: 127.0.0.1:5\n`,
  // keys
  pool('  Timeout: 400\n'),
  pool('  unknown: 1\n'),
  pool('  timeout: 1\n  timeout: 2\n'),
  pool('  reuseport: true\n'),
  pool('').replace('  listen: 127.0.0.1:22121\n', ''),
  `${pool('')}${pool('').replace('22121', '22122')}`,
  `${pool('')}${pool('').replace('alpha', 'beta')}`,
  `${pool('')}${pool('', SERVERS, '127.0.0.1:22122').replace('alpha', 'beta')}`,
  // values
  ...['0', '1', '-1', '0x10', '1.5', '4294967296', '2147483648', '2147483647', '99999999999', 'abc'].map(
    (n) => pool(`  timeout: ${n}\n`),
  ),
  ...['true', 'false', 'yes', 'True', '1'].map((b) => pool(`  preconnect: ${b}\n`)),
  ...['one_at_a_time', 'fnv1a_64', 'MD5', 'sha1'].map((h) => pool(`  hash: ${h}\n`)),
  ...['ketama', 'modula', 'random', 'Ketama', 'x'].map((d) => pool(`  distribution: ${d}\n`)),
  ...['"{}"', '"{"', '"{{}"', '"\u00e9"', '$$'].map((t) => pool(`  hash_tag: ${t}\n`)),
  ...['0', '1', '5'].map((n) => pool(`  server_connections: ${n}\n`)),
  ...['backlog', 'client_connections', 'redis_db', 'server_retry_timeout', 'server_failure_limit'].map((k) =>
    pool(`  ${k}: 3\n`),
  ),
  pool('  redis_auth: secret\n'),
  pool('  redis_auth: secret\n').replace('redis: true', 'redis: false'),
  // listen
  ...[
    '127.0.0.1:0',
    '127.0.0.1:65535',
    '127.0.0.1:65536',
    '127.0.0.1',
    ':22121',
    'localhost:22121',
    '::1:22121',
    '/tmp/x.sock',
    '/tmp/x.sock 0777',
    '/tmp/x.sock 1777',
    '/tmp/x.sock zzz',
    '/tmp/x.sock 8',
    `/${'x'.repeat(106)}`,
    `/${'x'.repeat(107)}`,
    '127.0.0.1:abc',
  ].map((listen) => pool('', SERVERS, listen)),
  // servers
  ...[
    '127.0.0.1:7000:1',
    '127.0.0.1:7000:0',
    '127.0.0.1:7000:-1',
    '127.0.0.1:7000:x',
    '127.0.0.1:7000',
    '127.0.0.1:7000:',
    '127.0.0.1:7000:1 name',
    '127.0.0.1:7000:1 two words',
    '127.0.0.1:7000:1  name',
    '127.0.0.1:7000:1 a:b:c',
    '127.0.0.1:0:1',
    '127.0.0.1:65536:1',
    '::1:6379:1',
    '[::1]:6379:1',
    ':7000:1',
    '/tmp/r.sock:1',
    '/tmp/r.sock:1 name',
    '/tmp/r:s.sock:1',
    '/tmp/r.sock',
    '/tmp/r.sock:0',
    'host:6379:4294967296',
    'host:6379:4294967297',
    'a',
    '"127.0.0.1:7000:1 "',
  ].map(one),
  pool('', '  servers:\n   - 127.0.0.1:7000:1\n   - 127.0.0.1:7000:1\n'),
  pool('', '  servers:\n   - 127.0.0.1:7000:1 a\n   - 127.0.0.1:7000:1 b\n'),
  pool('', '  servers:\n   - 127.0.0.1:7000:1 a\n   - 127.0.0.1:7001:1 a\n'),
  pool('', '  servers:\n   - 127.0.0.1:11211:1\n   - 127.0.0.1:7001:1 127.0.0.1\n'),
];

describe('nutcracker -t', () => {
  test(`${FILES.length} files: the same verdict from both, ours with the reason`, async () => {
    const problems: string[] = [];
    for (const [i, text] of FILES.entries()) {
      const file = join(folder, `${i}.yml`);
      writeFileSync(file, text);
      const { exitCode } = await execa('/usr/sbin/nutcracker', ['-t', '-c', file], { reject: false });
      let reason: string | null = null;
      try {
        await loadConfig(file);
      } catch (error) {
        assert.ok(error instanceof ConfigError, `${JSON.stringify(text)}: ${(error as Error).stack}`);
        reason = error.describe('f');
      }
      if ((reason === null) === (exitCode === 0)) continue;
      // what ours knows besides: documented
      if (text.includes('reuseport')) continue;
      problems.push(
        `${JSON.stringify(text)}: original ${exitCode === 0 ? 'ok' : 'invalid'}, ours ${reason ?? 'ok'}`,
      );
    }
    assert.equal(problems.length, 0, `\n${problems.join('\n')}`);
  });
});
