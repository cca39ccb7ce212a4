import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Difference } from '../differences.ts';
import { inspect, openWorkspace, type Suite, type SuiteOf, sleeper } from '../support/suite.ts';
import { IMAGE } from '../support/test-image.ts';
import type { Resources } from '../support/workspace.ts';

interface Change {
  from?: Record<string, unknown>;
  to: Record<string, unknown>;
  plan: 'replace' | 'update' | 'none';
  /** What the real provider plans, where that differs, and the row that says why. */
  real?: { plan: 'replace' | 'update' | 'none'; difference: Difference };
}

const check = (interval: string): object[] => [{ test: ['CMD', 'true'], interval }];

/** name of the container → one change of one argument. */
const CHANGES: Record<string, Change> = {
  command: { to: { command: ['sleep', '2000000'] }, plan: 'replace' },
  env: { from: { env: ['A=1'] }, to: { env: ['A=2'] }, plan: 'replace' },
  'env-order': { from: { env: ['A=1', 'B=2'] }, to: { env: ['B=2', 'A=1'] }, plan: 'none' },
  label: {
    from: { labels: [{ label: 'a', value: '1' }] },
    to: { labels: [{ label: 'a', value: '2' }] },
    plan: 'replace',
  },
  user: { to: { user: '10001' }, plan: 'replace' },
  hostname: { from: { hostname: 'one' }, to: { hostname: 'two' }, plan: 'replace' },
  'read-only': { to: { read_only: true }, plan: 'replace' },
  'written-default': { to: { read_only: false, must_run: true, privileged: false }, plan: 'none' },
  capabilities: { to: { capabilities: [{ drop: ['ALL'], add: ['CAP_NET_ADMIN'] }] }, plan: 'replace' },
  security: { to: { security_opts: ['no-new-privileges'] }, plan: 'replace' },
  ulimit: { to: { ulimit: [{ name: 'nofile', soft: 512, hard: 512 }] }, plan: 'replace' },
  logging: { to: { log_opts: { 'max-size': '2m' } }, plan: 'replace' },
  stopping: { to: { stop_signal: 'SIGINT', stop_timeout: 3 }, plan: 'replace' },
  volume: { to: { volumes: [{ volume_name: 'tw-provider-v', container_path: '/v' }] }, plan: 'replace' },
  upload: {
    from: { upload: [{ file: '/x', content: 'old' }] },
    to: { upload: [{ file: '/x', content: 'new' }] },
    plan: 'replace',
  },
  'upload-hash': {
    from: { upload: [{ file: '/x', source: 'x', source_hash: '1' }] },
    to: { upload: [{ file: '/x', source: 'x', source_hash: '2' }] },
    plan: 'replace',
  },
  network: {
    from: {
      network_mode: 'bridge',
      networks_advanced: [{ name: 'tw-provider-net', ipv4_address: '198.18.72.10' }],
    },
    to: {
      network_mode: 'bridge',
      networks_advanced: [{ name: 'tw-provider-net', ipv4_address: '198.18.72.11' }],
    },
    plan: 'replace',
  },
  memory: {
    from: { memory: 32, memory_swap: 32 },
    to: { memory: 48, memory_swap: 48 },
    plan: 'update',
  },
  restart: { to: { restart: 'unless-stopped' }, plan: 'update' },
  retries: {
    from: { restart: 'on-failure', max_retry_count: 2 },
    to: { restart: 'on-failure', max_retry_count: 5 },
    plan: 'update',
  },
  shares: { from: { cpu_shares: 512 }, to: { cpu_shares: 256 }, plan: 'update' },
  grace: { to: { destroy_grace_seconds: 1 }, plan: 'update' },
  'wait-timeout': { to: { wait_timeout: 10 }, plan: 'update' },
  healthcheck: {
    from: { healthcheck: check('30s') },
    to: { healthcheck: check('20s') },
    plan: 'replace',
    real: { plan: 'update', difference: 'recorded-only' },
  },
  tmpfs: {
    to: { tmpfs: { '/t': '' } },
    plan: 'replace',
    real: { plan: 'update', difference: 'recorded-only' },
  },
  init: {
    from: { init: false },
    to: { init: true },
    plan: 'replace',
    real: { plan: 'update', difference: 'recorded-only' },
  },
};

function configuration(suite: Suite, side: 'from' | 'to'): Resources {
  const containers: Resources[string] = {};
  for (const [name, change] of Object.entries(CHANGES)) {
    // What the real provider never settles on is planned with the others but not applied.
    const arguments_ = side === 'to' ? change.to : (change.from ?? {});
    containers[name] = sleeper(`change-${name}`, { ...arguments_, depends_on: ['docker_network.net'] });
  }
  assert.ok(suite.provider);
  return {
    docker_network: { net: { name: 'tw-provider-net', ipam_config: [{ subnet: '198.18.72.0/24' }] } },
    docker_volume: { v: { name: 'tw-provider-v' } },
    docker_container: containers,
  };
}

export function changeCases(suiteOf: SuiteOf): void {
  describe('changes', () => {
    test('each is planned and made as it has to be: in place, by replacing, or not at all', async (t) => {
      const suite = suiteOf();
      const workspace = openWorkspace(t, suite);
      workspace.file('x', 'the same');
      await workspace.write(configuration(suite, 'from'));
      assert.deepEqual((await workspace.apply()).errors, []);
      assert.deepEqual((await workspace.plan()).actions, {}, 'nothing to do right after');
      const before = await Promise.all(Object.keys(CHANGES).map((name) => inspect(suite, `change-${name}`)));

      await workspace.write(configuration(suite, 'to'));
      const planned = await workspace.plan();
      const expected = Object.entries(CHANGES).flatMap(([name, { plan, real }]) => {
        const action = real
          ? suite.provider.differs(real.difference, { bundled: plan, real: real.plan })
          : plan;
        return action === 'none' ? [] : [[`docker_container.${name}`, action]];
      });
      assert.deepEqual(planned.actions, Object.fromEntries(expected));

      assert.deepEqual((await workspace.apply()).errors, []);
      for (const found of before) {
        const name = found.Name.replace('/tw-provider-change-', '');
        const now = await inspect(suite, `change-${name}`);
        const replaced = now.Id !== found.Id;
        assert.equal(replaced, planned.actions[`docker_container.${name}`] === 'replace', `${name} replaced`);
      }
      const memory = await inspect(suite, 'change-memory');
      assert.deepEqual(
        [memory.HostConfig.Memory, memory.HostConfig.MemorySwap],
        [48 * 1024 ** 2, 48 * 1024 ** 2],
      );
      assert.equal((await inspect(suite, 'change-shares')).HostConfig.CpuShares, 256);
      assert.deepEqual((await inspect(suite, 'change-retries')).HostConfig.RestartPolicy, {
        Name: 'on-failure',
        MaximumRetryCount: 5,
      });

      // The real provider writes these down without making them, and so plans them again for ever.
      const unsettled = ['healthcheck', 'tmpfs', 'init'].map((name) => [
        `docker_container.${name}`,
        'update',
      ]);
      assert.deepEqual(
        (await workspace.plan()).actions,
        suite.provider.differs('recorded-only', { bundled: {}, real: Object.fromEntries(unsettled) }),
      );
    });

    test('capabilities without their prefix', async (t) => {
      const suite = suiteOf();
      const workspace = openWorkspace(t, suite);
      const capabilities = [{ drop: ['ALL'], add: ['NET_ADMIN'] }];
      await workspace.write({ docker_container: { c: sleeper('prefix', { capabilities }) } });
      assert.deepEqual((await workspace.apply()).errors, []);
      assert.deepEqual(
        (await workspace.plan()).actions,
        suite.provider.differs('capability-prefix', {
          bundled: {},
          real: { 'docker_container.c': 'replace' },
        }),
      );
    });

    test('a network’s new subnet replaces the network and the containers that name it by id', async (t) => {
      const suite = suiteOf();
      const workspace = openWorkspace(t, suite);
      const withSubnet = (third: number): Resources => ({
        docker_network: {
          net: { name: 'tw-provider-net', ipam_config: [{ subnet: `198.18.${third}.0/24` }] },
        },
        docker_container: {
          on: sleeper('on-network', {
            network_mode: 'bridge',
            networks_advanced: [{ name: `\${docker_network.net.id}`, ipv4_address: `198.18.${third}.9` }],
          }),
        },
      });
      await workspace.write(withSubnet(73));
      assert.deepEqual((await workspace.apply()).errors, []);
      await workspace.write(withSubnet(74));
      const { actions } = await workspace.plan();
      assert.deepEqual(actions, { 'docker_network.net': 'replace', 'docker_container.on': 'replace' });
      assert.deepEqual((await workspace.apply()).errors, []);
      const found = await inspect(suite, 'on-network');
      assert.equal(found.NetworkSettings.Networks['tw-provider-net'].IPAddress, '198.18.74.9');
      assert.deepEqual((await workspace.plan()).actions, {});
    });

    test('labels and options of networks and volumes replace them; another image replaces the container', async (t) => {
      const suite = suiteOf();
      const workspace = openWorkspace(t, suite);
      const other = 'tw-provider/other:1';
      const [repo, tag] = other.split(':');
      await suite.docker.getImage(IMAGE).tag({ repo, tag });
      t.after(() => suite.docker.getImage(other).remove());
      const withValue = (value: string, image: string): Resources => ({
        docker_network: {
          net: {
            name: 'tw-provider-net',
            ipam_config: [{ subnet: '198.18.75.0/24' }],
            labels: [{ label: 'l', value }],
          },
        },
        docker_volume: { v: { name: 'tw-provider-v', labels: [{ label: 'l', value }] } },
        docker_container: { c: sleeper('image-change', { image }) },
      });
      await workspace.write(withValue('1', IMAGE));
      assert.deepEqual((await workspace.apply()).errors, []);
      await workspace.write(withValue('2', other));
      assert.deepEqual((await workspace.plan()).actions, {
        'docker_network.net': 'replace',
        'docker_volume.v': 'replace',
        'docker_container.c': 'replace',
      });
      assert.deepEqual((await workspace.apply()).errors, []);
      assert.equal((await inspect(suite, 'image-change')).Config.Image, other);
    });
  });
}
