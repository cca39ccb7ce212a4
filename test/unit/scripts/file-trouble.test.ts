import assert from 'node:assert/strict';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { execa } from 'execa';
import { DirectoryStore } from '../../../scripts/backup/store/directory.ts';
import { fileTrouble, InputError } from '../../../scripts/errors.ts';
import { makeFolder } from '../../../scripts/make-folder.ts';
import { CHECKOUT, Home } from '../../../scripts/stack/home.ts';
import { loadAnyPlan } from '../../../scripts/stack/load.ts';
import { inTemporaryFolder } from '../../support/stack-fixture.ts';

const inCheckout = { cwd: CHECKOUT, reject: false, stdin: 'ignore' } as const;

test('a stack file that is a folder: said so, as bad input', async () => {
  await inTemporaryFolder(async (folder) => {
    assert.throws(
      () => loadAnyPlan(folder),
      (error: unknown) =>
        error instanceof InputError && error.where === folder && error.message.includes('it is a folder'),
    );
  });
});

test('a place that cannot be written: a sentence and a way on, exit 3, and no talk of a mistake in twemstack', async () => {
  await inTemporaryFolder(async (folder) => {
    const file = path.join(folder, 'stack.yaml');
    writeFileSync(file, 'name: alpha\nvip: 198.18.0.100\n');
    const words = ['scripts/twemstack.mjs', 'render', '--file', file, '--out', path.join(file, 'out')];
    const { exitCode, stderr } = await execa(process.execPath, words, {
      ...inCheckout,
      env: { TWEMSTACK_HOME: path.join(folder, 'home') },
    });
    assert.equal(exitCode, 3, stderr);
    assert.match(stderr, /a part of its path is a file, and a folder is wanted\n {2}do: /);
    assert.doesNotMatch(stderr, /mistake in twemstack| at /);
  });
});

test('a folder that can be none: told in words, and nobody tries for ever, exit 3', async () => {
  await inTemporaryFolder(async (folder) => {
    const file = path.join(folder, 'stack.yaml');
    writeFileSync(file, 'name: alpha\nvip: 198.18.0.100\n');
    const words = ['scripts/twemstack.mjs', 'render', '--file', file, '--out', '/proc/nowhere/at/all'];
    const { exitCode, stderr } = await execa(process.execPath, words, {
      ...inCheckout,
      env: { TWEMSTACK_HOME: path.join(folder, 'home') },
      // Node's own way of making folders never ends there.
      timeout: 120_000,
    });
    assert.equal(exitCode, 3, stderr);
    assert.match(stderr, /\/proc\/nowhere: its file system takes no new files\n {2}do: /);
    await assert.rejects(new DirectoryStore('/proc/nowhere', 'alpha').begin('20261127T120000Z'), {
      name: 'NotSoError',
      message: 'the backup cannot be written to: its file system takes no new files',
      remedy: 'mend that, or name another folder: --to, or backup.to of stack.yaml',
    });
    assert.throws(() => new Home('/proc/nowhere').privateDir('/proc/nowhere/.twemstack'), {
      code: 'ENOTSUP',
    });
    assert.throws(() => makeFolder(path.join(file, 'below')), { code: 'ENOTDIR' });
    assert.throws(() => makeFolder(file), { code: 'ENOTDIR' });
  });
});

test('folders are made by one piece of code', () => {
  const making = (readdirSync(path.join(CHECKOUT, 'scripts'), { recursive: true }) as string[])
    .filter((name) => name.endsWith('.ts') && name !== 'make-folder.ts')
    .filter((name) => /\bmkdir(Sync)?\(/.test(readFileSync(path.join(CHECKOUT, 'scripts', name), 'utf8')));
  assert.deepEqual(making, []);
});

test('what is no file is none of its business', () => {
  const refused = { code: 'EACCES', syscall: 'connect', address: '/run/x', path: '/run/x' };
  assert.equal(fileTrouble(Object.assign(new Error('x'), refused)), undefined);
  assert.equal(fileTrouble(new TypeError('x')), undefined);
});
