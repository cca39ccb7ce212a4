import assert from 'node:assert/strict';
import { readdirSync, readlinkSync } from 'node:fs';
import { describe, test } from 'node:test';
import { waitUntil } from '../../support/wait-until.ts';
import { exists, inspect, openWorkspace, type Suite, type SuiteOf, sleeper } from '../support/suite.ts';
import type { Workspace } from '../support/workspace.ts';

const OWNED = [{ label: 'twemstack.stack', value: 'tw-provider' }];
const never = { healthcheck: [{ test: ['CMD', 'false'], interval: '300ms' }], wait: true, wait_timeout: 120 };

/** Processes that run in the workspace: terraform and its plugins. */
function processesIn(folder: string): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => {
      try {
        return readlinkSync(`/proc/${pid}/cwd`) === folder;
      } catch {
        return false;
      }
    })
    .map(Number);
}

/** Starts an apply that waits for a container's health for ever, and returns once it does. */
async function startWaiting(
  suite: Suite,
  workspace: Workspace,
): Promise<ReturnType<Workspace['startApply']>> {
  await workspace.write({ docker_container: { c: sleeper('waited-for', { ...never, labels: OWNED }) } });
  const apply = workspace.startApply();
  await waitUntil(
    'the container to run',
    async () => (await exists(suite, 'waited-for')) && (await inspect(suite, 'waited-for')).State.Running,
    { withinMs: 20_000 },
  );
  return apply;
}

export function interruptCases(suiteOf: SuiteOf): void {
  describe('interruption', () => {
    test('Ctrl-C ends a health wait at once, the container is tainted, the next apply completes', async (t) => {
      const suite = suiteOf();
      const workspace = openWorkspace(t, suite);
      const { child, ended } = await startWaiting(suite, workspace);
      const since = Date.now();
      process.kill(-(child.pid as number), 'SIGINT');
      const ran = await ended;
      assert.equal(ran.exitCode, 1);
      assert.ok(Date.now() - since < 10_000, `took ${Date.now() - since} ms`);
      assert.match(
        ran.text,
        suite.provider.differs('interrupt-words', {
          bundled: /Interrupted while waiting for container tw-provider-waited-for to be healthy/,
          real: /failed to be in healthy state|execution halted|interrupt/i,
        }),
      );
      assert.equal((await workspace.state('docker_container.c'))?.tainted, true);

      await workspace.write({ docker_container: { c: sleeper('waited-for', { labels: OWNED }) } });
      assert.deepEqual((await workspace.apply()).errors, []);
      assert.deepEqual((await workspace.plan()).actions, {});
    });

    test('kill -9 of terraform leaves no plugin behind, and the next apply gets over the container it left', async (t) => {
      const suite = suiteOf();
      const workspace = openWorkspace(t, suite);
      const { child, ended } = await startWaiting(suite, workspace);
      process.kill(child.pid as number, 'SIGKILL');
      await ended;
      const left = (): number[] => processesIn(workspace.folder);
      if (suite.provider.differs('kill-9', { bundled: true, real: false })) {
        await waitUntil('the plugin to end', () => left().length === 0);
      } else {
        for (const pid of left()) {
          process.kill(pid, 'SIGKILL');
        }
      }
      assert.equal(await workspace.state('docker_container.c'), undefined, 'terraform knows nothing of it');
      const { Id } = await inspect(suite, 'waited-for');

      await workspace.write({ docker_container: { c: sleeper('waited-for', { labels: OWNED }) } });
      const applied = await workspace.apply();
      if (suite.provider.differs('kill-9', { bundled: true, real: false })) {
        assert.deepEqual(applied.errors, []);
        assert.match(applied.warnings[0].summary, /Replaced container tw-provider-waited-for, left over/);
        assert.notEqual((await inspect(suite, 'waited-for')).Id, Id);
      } else {
        assert.match(applied.text, /is already in use/);
        await suite.docker.getContainer(Id).remove({ force: true });
      }
    });
  });
}
