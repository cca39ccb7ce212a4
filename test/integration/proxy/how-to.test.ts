import assert from 'node:assert/strict';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { after, before, test } from 'node:test';
import { execa } from 'execa';
import { buildProxy } from '../../../proxy/build.ts';
import { type Daemon, spawnDaemon } from '../../support/spawn-daemon.ts';
import { waitUntil } from '../../support/wait-until.ts';

/*
 * The how-to as written, in a network namespace of its own: its ports are fixed, and on this machine they may be taken.
 */
let folder: string;
let namespace: Daemon;
const servers: Daemon[] = [];

const inside = (program: string, ...args: string[]): [string, string[]] => [
  'nsenter',
  ['-t', String(namespace.pid), '-n', program, ...args],
];

async function run(program: string, ...args: string[]) {
  const [command, words] = inside(program, ...args);
  return await execa(command, words, { cwd: folder, reject: false, stdin: 'ignore' });
}

before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'twemstack-how-to-'));
  cpSync('examples/how-to/conf', join(folder, 'conf'), { recursive: true });
  mkdirSync(join(folder, 'run'));
  buildProxy(resolve('dist/nutcracker'));
  namespace = await spawnDaemon(
    'unshare',
    ['-n', 'sh', '-c', 'ip link set lo up && echo up && exec sleep infinity'],
    { ready: (output) => output.includes('up') },
  );
  for (const port of ['7000', '7001']) {
    const [command, words] = inside('redis-server', '--port', port, '--save', '');
    const ready = (output: string): boolean => output.includes('Ready to accept connections');
    servers.push(await spawnDaemon(command, words, { cwd: folder, ready }));
  }
});

after(async () => {
  for (const server of servers) await server.stop();
  await namespace?.stop();
  rmSync(folder, { recursive: true, force: true });
});

test('nutcracker -t says that the file is ok', async () => {
  const { exitCode, stderr, stdout } = await run(resolve('dist/nutcracker'), '-t');
  assert.equal(stderr, "nutcracker: configuration file 'conf/nutcracker.yml' syntax is ok");
  assert.equal(stdout, '');
  assert.equal(exitCode, 0);
});

test('the start line works, and the keys land where the original puts them', async () => {
  const start = '-d -c conf/nutcracker.yml -p run/redisproxy.pid -o run/redisproxy.log'.split(' ');
  symlinkSync(resolve('dist/nutcracker'), join(folder, 'nutcracker'));
  const started = await run('./nutcracker', ...start);
  assert.equal(started.exitCode, 0, started.stderr);
  const pid = Number(readFileSync(join(folder, 'run/redisproxy.pid'), 'utf8'));
  const typed = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
  assert.deepEqual(
    typed.slice(0, 3),
    ['./nutcracker', '-d', '-c'],
    'pgrep -f finds the line as it was typed',
  );
  try {
    const cli = async (port: string, ...words: string[]) =>
      (await run('redis-cli', '-p', port, ...words)).stdout;
    assert.equal(await cli('22121', 'SET', 'name', 'linux48'), 'OK');
    assert.equal(await cli('22121', 'SET', 'name2', 'linux482'), 'OK');
    assert.equal(await cli('7000', 'GET', 'name'), 'linux48');
    assert.equal(await cli('7001', 'GET', 'name'), '');
    assert.equal(await cli('7001', 'GET', 'name2'), 'linux482');
    assert.equal(await cli('7000', 'GET', 'name2'), '');
    assert.equal(await cli('22121', 'GET', 'name2'), 'linux482');
    assert.match(readFileSync(join(folder, 'run/redisproxy.log'), 'utf8'), /started on pid \d+/);
  } finally {
    process.kill(pid, 'SIGTERM');
  }
  await waitUntil('the pid file to go', () => !existsSync(join(folder, 'run/redisproxy.pid')));
});
