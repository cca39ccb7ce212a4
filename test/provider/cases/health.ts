import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { exists, inspect, openWorkspace, type SuiteOf, sleeper } from '../support/suite.ts';

const failing = [
  { test: ['CMD-SHELL', 'echo no master yet; exit 3'], interval: '300ms', timeout: '1s', retries: 1 },
];

export function healthCases(suiteOf: SuiteOf): void {
  describe('health', () => {
    test('wait returns when the container is healthy, not before', async (t) => {
      const suite = suiteOf();
      const workspace = openWorkspace(t, suite);
      await workspace.write({
        docker_container: {
          slow: sleeper('slow', {
            command: ['sh', '-c', 'sleep 2; touch /ready; exec sleep 1000000'],
            healthcheck: [{ test: ['CMD', 'test', '-e', '/ready'], interval: '300ms', retries: 100 }],
            wait: true,
          }),
        },
      });
      assert.deepEqual((await workspace.apply()).errors, []);
      assert.equal((await inspect(suite, 'slow')).State.Health?.Status, 'healthy');
    });

    test('a time-out tells the last check’s output and leaves a tainted container that is replaced next', async (t) => {
      const suite = suiteOf();
      const workspace = openWorkspace(t, suite);
      // Room for one check at least, however busy the machine.
      const sick = { healthcheck: failing, wait: true, wait_timeout: 4 };
      await workspace.write({ docker_container: { sick: sleeper('sick', sick) } });
      const applied = await workspace.apply();
      assert.equal(applied.exitCode, 1);
      assert.match(
        applied.text,
        suite.provider.differs('health-words', {
          bundled:
            /container tw-provider-sick failed to be in healthy state within 4 s .*The last health check exited with 3: no master yet/,
          real: /^container failed to be in healthy state/,
        }),
      );
      assert.equal((await workspace.state('docker_container.sick'))?.tainted, true);
      const { Id } = await inspect(suite, 'sick');

      const well = {
        healthcheck: [{ test: ['CMD', 'true'], interval: '300ms' }],
        wait: true,
        wait_timeout: 60,
      };
      await workspace.write({ docker_container: { sick: sleeper('sick', well) } });
      assert.deepEqual((await workspace.plan()).actions, { 'docker_container.sick': 'replace' });
      assert.deepEqual((await workspace.apply()).errors, []);
      assert.notEqual((await inspect(suite, 'sick')).Id, Id);
      assert.deepEqual((await workspace.plan()).actions, {});
    });

    test('wait without a healthcheck is an error that says so', async (t) => {
      const suite = suiteOf();
      const workspace = openWorkspace(t, suite);
      await workspace.write({ docker_container: { plain: sleeper('plain', { wait: true }) } });
      const applied = await workspace.apply();
      assert.match(applied.text, /does not have a healthcheck/);
      assert.ok(await exists(suite, 'plain'));
    });

    test('a container that ends at once', async (t) => {
      const suite = suiteOf();
      const workspace = openWorkspace(t, suite);
      const command = ['sh', '-c', 'echo cannot read /etc/x.conf; exit 7'];
      await workspace.write({ docker_container: { dead: sleeper('dead', { command }) } });
      const applied = await workspace.apply();
      assert.match(
        applied.text,
        suite.provider.differs('ends-at-once', {
          bundled:
            /container tw-provider-dead exited at once with code 7 .*cannot read \/etc\/x\.conf.*must_run = false/,
          real: /^$/,
        }),
      );
      assert.deepEqual(
        (await workspace.plan()).actions,
        suite.provider.differs('ends-at-once', {
          bundled: { 'docker_container.dead': 'replace' },
          real: { 'docker_container.dead': 'update' },
        }),
      );
    });

    test('a container that ends while it is waited for', async (t) => {
      const suite = suiteOf();
      const workspace = openWorkspace(t, suite);
      const command = ['sh', '-c', 'sleep 1; echo out of luck; exit 4'];
      await workspace.write({
        docker_container: {
          dead: sleeper('dying', { command, healthcheck: failing, wait: true, wait_timeout: 5 }),
        },
      });
      assert.match(
        (await workspace.apply()).text,
        suite.provider.differs('ends-while-waiting', {
          bundled: /container tw-provider-dying exited before it was healthy with code 4 .*out of luck/,
          real: /^container failed to be in healthy state/,
        }),
      );
      assert.equal((await workspace.state('docker_container.dead'))?.tainted, true);
    });
  });
}
