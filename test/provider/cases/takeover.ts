import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { inspect, openWorkspace, type SuiteOf, sleeper } from '../support/suite.ts';
import { IMAGE } from '../support/test-image.ts';
import { type Resources, Workspace } from '../support/workspace.ts';

const MEMBER: Resources = {
  docker_image: { base: { name: IMAGE, keep_locally: true } },
  docker_network: {
    net: {
      name: 'tw-provider-net',
      driver: 'bridge',
      ipam_config: [
        { subnet: '198.18.91.0/24', gateway: '198.18.91.1', aux_address: { vip: '198.18.91.100' } },
      ],
      labels: [{ label: 'twemstack.stack', value: 'tw-provider' }],
    },
  },
  docker_volume: {
    data: { name: 'tw-provider-data', labels: [{ label: 'twemstack.stack', value: 'tw-provider' }] },
  },
  docker_container: {
    member: sleeper('member', {
      image: `\${docker_image.base.image_id}`,
      network_mode: 'bridge',
      user: '10001',
      restart: 'unless-stopped',
      memory: 64,
      memory_swap: 64,
      security_opts: ['no-new-privileges'],
      capabilities: [{ drop: ['ALL'] }],
      tmpfs: { '/run': 'mode=1777,size=1m' },
      networks_advanced: [{ name: `\${docker_network.net.id}`, ipv4_address: '198.18.91.10' }],
      volumes: [{ volume_name: `\${docker_volume.data.name}`, container_path: '/data' }],
      upload: [{ file: '/data/seed', content: 'x', permissions: '0444' }],
      healthcheck: [{ test: ['CMD', 'true'], interval: '1s', timeout: '1s', retries: 3 }],
      wait: true,
      labels: [{ label: 'twemstack.stack', value: 'tw-provider' }],
    }),
  },
};

/** A stack deployed by one provider is handed to the other, as an operator does when a registry comes into reach. */
export function takeoverCases(from: SuiteOf, to: SuiteOf): void {
  describe(`state made by the ${from().provider.name} provider`, () => {
    test(`is taken over by the ${to().provider.name} one without a change`, async (t) => {
      const workspace = openWorkspace(t, from());
      await workspace.write(MEMBER);
      assert.deepEqual((await workspace.apply()).errors, []);
      const { Id } = await inspect(from(), 'member');

      const next = new Workspace(to().provider, to().dockerHost, workspace.folder);
      await workspace.replaceProvider(to().provider);
      await next.write(MEMBER);
      assert.deepEqual((await next.plan()).actions, {});
      assert.equal((await inspect(to(), 'member')).Id, Id);
      assert.deepEqual((await next.destroy()).errors, []);
    });
  });
}
