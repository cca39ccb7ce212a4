import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { waitUntil } from '../../support/wait-until.ts';
import { inspect, openWorkspace, type SuiteOf, sleeper } from '../support/suite.ts';

export function driftCases(suiteOf: SuiteOf): void {
  describe('drift', () => {
    test('a removed container is made again, a stopped one is started in place, an edited one is put back', async (t) => {
      const suite = suiteOf();
      const workspace = openWorkspace(t, suite);
      const limits = { memory: 32, memory_swap: 32, restart: 'unless-stopped' };
      await workspace.write({
        docker_container: {
          removed: sleeper('removed', limits),
          stopped: sleeper('stopped', limits),
          edited: sleeper('edited', limits),
          killed: sleeper('killed', { ...limits, restart: 'no' }),
          untouched: sleeper('untouched', limits),
        },
      });
      assert.deepEqual((await workspace.apply()).errors, []);
      const before = {
        removed: (await inspect(suite, 'removed')).Id,
        stopped: (await inspect(suite, 'stopped')).Id,
        edited: (await inspect(suite, 'edited')).Id,
      };

      await suite.docker.getContainer('tw-provider-removed').remove({ force: true });
      await suite.docker.getContainer('tw-provider-stopped').stop({ t: 0 });
      await suite.docker.getContainer('tw-provider-killed').kill();
      await waitUntil(
        'the killed one to be gone',
        async () => !(await inspect(suite, 'killed')).State.Running,
      );
      const edit = { Memory: 64 * 1024 ** 2, MemorySwap: 64 * 1024 ** 2, RestartPolicy: { Name: 'no' } };
      await suite.docker.getContainer('tw-provider-edited').update(edit);

      assert.deepEqual((await workspace.plan()).actions, {
        'docker_container.removed': 'create',
        'docker_container.stopped': 'update',
        'docker_container.killed': 'update',
        'docker_container.edited': 'update',
      });
      assert.deepEqual((await workspace.apply()).errors, []);

      assert.notEqual((await inspect(suite, 'removed')).Id, before.removed);
      const stopped = await inspect(suite, 'stopped');
      assert.deepEqual([stopped.Id, stopped.State.Running], [before.stopped, true]);
      const edited = await inspect(suite, 'edited');
      assert.deepEqual(
        [edited.Id, edited.HostConfig.Memory, edited.HostConfig.RestartPolicy?.Name],
        [before.edited, 32 * 1024 ** 2, 'unless-stopped'],
      );
      assert.deepEqual((await workspace.plan()).actions, {});
    });

    test('docker restart of a container is no change, also with a port the engine chose', async (t) => {
      const suite = suiteOf();
      const workspace = openWorkspace(t, suite);
      await workspace.write({
        docker_network: { net: { name: 'tw-provider-net', ipam_config: [{ subnet: '198.18.76.0/24' }] } },
        docker_container: {
          port: sleeper('port', {
            network_mode: 'bridge',
            networks_advanced: [{ name: `\${docker_network.net.id}` }],
            ports: [{ internal: 80 }, { internal: 81, external: 18081, ip: '127.0.0.1' }],
          }),
        },
      });
      assert.deepEqual((await workspace.apply()).errors, []);
      assert.deepEqual((await workspace.plan()).actions, {});
      await suite.docker.getContainer('tw-provider-port').restart({ t: 0 });
      assert.deepEqual((await workspace.plan()).actions, {});
      await suite.docker.getContainer('tw-provider-port').stop({ t: 0 });
      assert.deepEqual(
        (await workspace.plan()).actions,
        suite.provider.differs('stopped-with-ports', {
          bundled: { 'docker_container.port': 'update' },
          real: { 'docker_container.port': 'replace' },
        }),
      );
      assert.deepEqual((await workspace.apply()).errors, []);
      const bindings = (await inspect(suite, 'port')).NetworkSettings.Ports['80/tcp'];
      const { ports } = await workspace.values('docker_container.port');
      assert.equal(String((ports as { external: number }[])[0].external), bindings?.[0].HostPort);
      assert.deepEqual((await workspace.plan()).actions, {});
    });

    test('a removed volume, a removed network and a removed image are made again', async (t) => {
      const suite = suiteOf();
      const workspace = openWorkspace(t, suite);
      workspace.file('context/Dockerfile', 'FROM tw-provider/busybox:1\nRUN echo hello > /hello\n');
      await workspace.write({
        docker_volume: { v: { name: 'tw-provider-v' } },
        docker_network: { n: { name: 'tw-provider-n', ipam_config: [{ subnet: '198.18.77.0/24' }] } },
        docker_image: { i: { name: 'tw-provider/built:1', build: [{ context: 'context' }] } },
      });
      assert.deepEqual((await workspace.apply()).errors, []);
      await suite.docker.getVolume('tw-provider-v').remove();
      await suite.docker.getNetwork('tw-provider-n').remove();
      await suite.docker.getImage('tw-provider/built:1').remove();
      assert.deepEqual((await workspace.plan()).actions, {
        'docker_volume.v': 'create',
        'docker_network.n': 'create',
        'docker_image.i': 'create',
      });
      assert.deepEqual((await workspace.apply()).errors, []);
      assert.deepEqual((await workspace.plan()).actions, {});
    });

    test('a container that is not to be started, or need not run, is left as it is', async (t) => {
      const suite = suiteOf();
      const workspace = openWorkspace(t, suite);
      await workspace.write({
        docker_container: {
          idle: sleeper('idle', { start: false, must_run: false }),
          done: sleeper('done', { command: ['true'], must_run: false }),
        },
      });
      assert.deepEqual((await workspace.apply()).errors, []);
      await waitUntil(
        'the short one to end',
        async () => (await inspect(suite, 'done')).State.Status === 'exited',
      );
      assert.equal((await inspect(suite, 'idle')).State.Status, 'created');
      assert.deepEqual((await workspace.plan()).actions, {});
    });
  });
}
