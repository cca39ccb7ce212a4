import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { awaitLeftTerraform } from '../../../scripts/deploy/left-terraform.ts';
import { findProgram } from '../../../scripts/prepare/platform.ts';
import type { Reporter } from '../../../scripts/report/steps.ts';
import { Home } from '../../../scripts/stack/home.ts';
import { defaultPlan, inTemporaryFolder } from '../../support/stack-fixture.ts';
import { waitUntil } from '../../support/wait-until.ts';

/** A process called terraform, at work in the folder of a stack; what the wait for it says, and when it is over. */
async function withTerraformIn(
  stack: string,
  work: (running: { home: Home; end(): Promise<void> }) => Promise<void>,
): Promise<void> {
  await inTemporaryFolder(async (root) => {
    const home = new Home(root);
    const program = join(root, 'terraform');
    copyFileSync(findProgram('sleep') ?? assert.fail('this machine has no sleep'), program);
    mkdirSync(home.terraformDir(stack), { recursive: true });
    const child = spawn(program, ['600'], { cwd: home.terraformDir(stack), stdio: 'ignore' });
    const ended = once(child, 'exit');
    try {
      const isIt = () => readFileSync(`/proc/${child.pid}/comm`, 'utf8') === 'terraform\n';
      await waitUntil('it to run', isIt);
      await work({
        home,
        async end() {
          child.kill('SIGKILL');
          await ended;
        },
      });
    } finally {
      child.kill('SIGKILL');
    }
  });
}

function recorder(): { said: string[]; reporter: Reporter } {
  const said: string[] = [];
  const tell = (sentence: string): void => void said.push(sentence);
  return {
    said,
    reporter: { step: (_name, work) => work({ progress: tell, outcome: tell }), note: tell },
  };
}

const { signal } = new AbortController();

describe('a terraform that a killed run left at work', () => {
  test('is waited for', () =>
    withTerraformIn('alpha-b', async ({ home, end }) => {
      const { said, reporter } = recorder();
      const waited = awaitLeftTerraform({ home, reporter, signal }, defaultPlan());
      await waitUntil('it to be named', () => said.includes('waiting for its end in alpha-b'));
      await end();
      await waited;
      assert.equal(said.at(-1), 'is at its end');
    }));

  test('is left to itself by whoever is interrupted', () =>
    withTerraformIn('alpha-b', async ({ home }) => {
      const interrupt = new AbortController();
      const { reporter } = recorder();
      const waited = awaitLeftTerraform({ home, reporter, signal: interrupt.signal }, defaultPlan());
      interrupt.abort(new Error('interrupted'));
      await assert.rejects(waited, /interrupted/);
    }));

  test('is gone on without when it does not end', () =>
    withTerraformIn('alpha-network', async ({ home }) => {
      const { said, reporter } = recorder();
      await awaitLeftTerraform({ home, reporter, signal }, defaultPlan(), 0);
      assert.equal(said.at(-1), 'still at work in alpha-network');
    }));

  test('of another stack is nobody’s concern', () =>
    withTerraformIn('beta-a', async ({ home }) => {
      const { said, reporter } = recorder();
      await awaitLeftTerraform({ home, reporter, signal }, defaultPlan());
      assert.deepEqual(said, []);
    }));
});
