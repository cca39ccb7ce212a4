import assert from 'node:assert/strict';
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
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

/** Does a process with these arguments run, in a container or not? */
function runsOnEngine(commandLine: string): boolean {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .some((pid) => {
      try {
        return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim() === commandLine;
      } catch {
        return false;
      }
    });
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
    test('Ctrl-C ends an image build at once', async (t) => {
      const suite = suiteOf();
      const workspace = openWorkspace(t, suite);
      workspace.file(
        'context/Dockerfile',
        'FROM tw-provider/busybox:1\nRUN touch /tmp/started && sleep 100\n',
      );
      await workspace.write({
        docker_image: {
          i: { name: 'tw-provider/endless:1', build: [{ context: 'context', no_cache: true }] },
        },
      });
      const { child, ended } = workspace.startApply();
      await waitUntil('the build step to run', () => runsOnEngine('sleep 100'), { withinMs: 30_000 });
      const since = Date.now();
      process.kill(-(child.pid as number), 'SIGINT');
      const ran = await ended;
      assert.equal(ran.exitCode, 1);
      assert.ok(Date.now() - since < 10_000, `took ${Date.now() - since} ms`);
      await waitUntil('the build step to end', () => !runsOnEngine('sleep 100'), { withinMs: 20_000 });
      assert.equal(await workspace.state('docker_image.i'), undefined);
    });

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

    test('a network that a killed apply left is taken over, containers on it and all', async (t) => {
      const suite = suiteOf();
      const workspace = openWorkspace(t, suite);
      const left = await suite.docker.createNetwork({
        Name: 'tw-provider-left',
        Labels: { 'twemstack.stack': 'tw-provider' },
        IPAM: { Config: [{ Subnet: '198.18.79.0/24' }] },
      });
      const ipam = [{ subnet: '198.18.79.0/24' }];
      await workspace.write({
        docker_network: { n: { name: 'tw-provider-left', ipam_config: ipam, labels: OWNED } },
      });
      const applied = await workspace.apply();
      if (suite.provider.differs('kill-9', { bundled: true, real: false })) {
        assert.deepEqual(applied.errors, []);
        assert.match(applied.warnings[0].summary, /Took over network tw-provider-left/);
        assert.equal((await workspace.values('docker_network.n')).id, left.id);
        assert.deepEqual((await workspace.plan()).actions, {});
      } else {
        assert.match(applied.text, /overlaps with|already exists/);
        await left.remove();
      }
    });
  });
}
