import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { withoutServiceStarts } from '../../../scripts/prepare/service-policy.ts';

describe('packages may not start services while ours are installed', () => {
  let folder: string;
  let policy: string;
  const asked = (): number | null => spawnSync(policy, ['redis-server', 'start']).status;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'tw-policy-'));
    policy = join(folder, 'policy-rc.d');
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  test('forbidden meanwhile, no trace afterwards', async () => {
    assert.equal(await withoutServiceStarts(async () => asked(), policy), 101);
    assert.ok(!existsSync(policy));
  });

  test('a policy of the machine’s own comes back as it was, also when the work fails', async () => {
    writeFileSync(policy, '#!/bin/sh\nexit 0\n', { mode: 0o755 });
    const failing = withoutServiceStarts(async () => {
      assert.equal(asked(), 101);
      throw new Error('apt failed');
    }, policy);
    await assert.rejects(failing, /apt failed/);
    assert.equal(readFileSync(policy, 'utf8'), '#!/bin/sh\nexit 0\n');
    assert.equal(asked(), 0);
  });

  test('a policy that forbids already is not touched', async () => {
    writeFileSync(policy, '#!/bin/sh\nexit 101 # mine\n', { mode: 0o755 });
    await withoutServiceStarts(async () => assert.match(readFileSync(policy, 'utf8'), /mine/), policy);
    assert.match(readFileSync(policy, 'utf8'), /mine/);
  });

  test('what a killed run left is put right by the next', async () => {
    writeFileSync(policy, '#!/bin/sh\nexit 0 # original\n', { mode: 0o755 });
    void withoutServiceStarts(() => new Promise(() => undefined), policy);
    assert.equal(asked(), 101);
    await withoutServiceStarts(async () => undefined, policy);
    assert.match(readFileSync(policy, 'utf8'), /original/);
    assert.ok(!existsSync(`${policy}.twemstack-saved`));
  });
});
