import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readlinkSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, beforeEach, describe, test } from 'node:test';
import { transform } from 'esbuild';
import { CHECKOUT } from '../../../scripts/stack/home.ts';

const FILES = [
  'bootstrap.mjs',
  'process-lock.mjs',
  'closed-output.mjs',
  'link-commands.mjs',
  'node-version.mjs',
  'twemstack.mjs',
];

/** A clone with a tiny lock file, and an npm on PATH that counts its calls and does what it is told. */
describe('bootstrap of a fresh clone', () => {
  const root = mkdtempSync(join(tmpdir(), 'tw-bootstrap-'));
  const clone = join(root, 'clone');
  const bin = join(root, 'bin');
  const npmLog = join(root, 'npm.log');
  const lockFile = (version: string): string =>
    JSON.stringify({ packages: { '': {}, 'node_modules/a': { version, integrity: `sha-${version}` } } });

  beforeEach(() => {
    rmSync(root, { recursive: true, force: true });
    mkdirSync(join(clone, 'scripts'), { recursive: true });
    mkdirSync(bin);
    for (const name of FILES) {
      cpSync(join(CHECKOUT, 'scripts', name), join(clone, 'scripts', name));
    }
    writeFileSync(join(clone, 'package.json'), '{"type":"module"}');
    writeFileSync(join(clone, 'package-lock.json'), lockFile('1.0.0'));
    fakeNpm('mkdir -p node_modules/a');
  });
  after(() => rmSync(root, { recursive: true, force: true }));

  function fakeNpm(script: string): void {
    const lines = ['#!/bin/sh', `echo "$@" >> ${npmLog}`, script, ''];
    writeFileSync(join(bin, 'npm'), lines.join('\n'));
    chmodSync(join(bin, 'npm'), 0o755);
  }
  const npmCalls = (): string[] =>
    existsSync(npmLog) ? readFileSync(npmLog, 'utf8').trimEnd().split('\n') : [];

  /** Runs `ensurePackages` of the clone in a process of its own. */
  function bootstrap(): Promise<{ code: number | null; stdout: string; stderr: string }> {
    const code = `import { ensurePackages } from './scripts/bootstrap.mjs'; console.log(await ensurePackages());`;
    const env = { ...process.env, PATH: `${bin}:${process.env.PATH}` };
    const child = spawn(process.execPath, ['--input-type=module', '-e', code], { cwd: clone, env });
    let [stdout, stderr] = ['', ''];
    child.stdout.on('data', (chunk) => {
      stdout += chunk;
    });
    child.stderr.on('data', (chunk) => {
      stderr += chunk;
    });
    return new Promise((resolve) => child.once('close', (exit) => resolve({ code: exit, stdout, stderr })));
  }

  test('installs once, with development packages, then never again', async () => {
    const first = await bootstrap();
    assert.equal(first.stdout, 'true\n');
    assert.match(first.stderr, /npm ci/);
    const second = await bootstrap();
    assert.deepEqual([second.stdout, second.stderr], ['false\n', '']);
    assert.equal(npmCalls().length, 1);
    assert.match(npmCalls()[0], /^ci --include=dev/);
  });

  test('makes the commands findable for npx', async () => {
    await bootstrap();
    for (const name of ['twemstack', 'nutcracker']) {
      assert.equal(readlinkSync(join(clone, 'node_modules/.bin', name)), `../../scripts/${name}.mjs`);
    }
  });

  test('npx finds the commands straight after an `npm ci` by hand', async () => {
    const { scripts } = JSON.parse(readFileSync(join(CHECKOUT, 'package.json'), 'utf8'));
    const project = { name: 'clone', version: '1.0.0', type: 'module', scripts };
    writeFileSync(join(clone, 'package.json'), JSON.stringify(project));
    const packages = { '': { name: project.name, version: project.version } };
    writeFileSync(
      join(clone, 'package-lock.json'),
      JSON.stringify({ name: project.name, version: project.version, lockfileVersion: 3, packages }),
    );
    const script = join(clone, 'scripts/twemstack.mjs');
    writeFileSync(script, '#!/usr/bin/env node\nconsole.log("here", process.argv[2]);\n', { mode: 0o755 });
    const run = (...command: string[]) =>
      spawnSync(command[0], command.slice(1), { cwd: clone, encoding: 'utf8', stdio: 'pipe' });
    const installed = run('npm', 'ci', '--offline', '--no-audit', '--no-fund');
    assert.equal(installed.status, 0, installed.stderr);
    const found = run('npx', '--no-install', 'twemstack', 'up');
    assert.equal(found.stdout, 'here up\n', found.stderr);
  });

  test('installs again when the lock file changed', async () => {
    await bootstrap();
    writeFileSync(join(clone, 'package-lock.json'), lockFile('2.0.0'));
    assert.equal((await bootstrap()).stdout, 'true\n');
    assert.equal(npmCalls().length, 2);
  });

  test('installs again when the first time was interrupted', async () => {
    fakeNpm('mkdir -p node_modules/half; exit 1');
    const failed = await bootstrap();
    assert.equal(failed.code, 3);
    assert.match(failed.stderr, /error: the packages could not be installed: npm ci ended with exit code 1/);
    fakeNpm('true');
    assert.equal((await bootstrap()).stdout, 'true\n');
  });

  test('takes what npm itself has installed from the same lock file', async () => {
    mkdirSync(join(clone, 'node_modules'));
    writeFileSync(join(clone, 'node_modules/.package-lock.json'), lockFile('1.0.0'));
    assert.equal((await bootstrap()).stdout, 'false\n');
    assert.deepEqual(npmCalls(), []);
  });

  test('does not take what npm installed from another lock file', async () => {
    mkdirSync(join(clone, 'node_modules'));
    writeFileSync(join(clone, 'node_modules/.package-lock.json'), lockFile('0.9.0'));
    assert.equal((await bootstrap()).stdout, 'true\n');
  });

  test('two at once install once, and both go on', async () => {
    fakeNpm('sleep 0.5; mkdir -p node_modules/a');
    const both = await Promise.all([bootstrap(), bootstrap()]);
    assert.deepEqual(both.map(({ stdout }) => stdout).sort(), ['false\n', 'true\n']);
    assert.deepEqual(
      both.map(({ code }) => code),
      [0, 0],
    );
    assert.equal(npmCalls().length, 1);
  });

  test('a Node that is too old is told so before anything is loaded, exit 3', () => {
    const old = "Object.defineProperty(process.versions,'node',{value:'18.20.1'})";
    const load = `--import=data:text/javascript,${encodeURIComponent(old)}`;
    writeFileSync(join(clone, 'scripts/bootstrap.mjs'), 'this is nothing that an old Node can read');
    for (const file of ['twemstack.mjs', 'link-commands.mjs']) {
      const { status, stderr } = spawnSync(process.execPath, [load, join(clone, 'scripts', file)], {
        encoding: 'utf8',
      });
      assert.equal(status, 3, stderr);
      assert.match(stderr, /^error: Node 18\.20\.1 is too old, 20\.9 or newer is needed\n/);
    }
  });

  test('what is read before that, Node 12 can read', async () => {
    const entries = ['scripts/node-version.mjs', 'scripts/twemstack.mjs', 'scripts/link-commands.mjs'];
    for (const file of [...entries, 'tools/run-tests.mjs', 'tools/bench.mjs']) {
      const text = readFileSync(join(CHECKOUT, file), 'utf8');
      const [as12, asNow] = await Promise.all(
        ['node12.20', 'esnext'].map((target) => transform(text, { target, format: 'esm' })),
      );
      assert.equal(as12.code, asNow.code, file);
    }
  });
});
