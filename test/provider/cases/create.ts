import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { describe, test } from 'node:test';
import type { ProviderUnderTest } from '../support/provider-under-test.ts';
import { exists, inspect, openWorkspace, type SuiteOf, sleeper } from '../support/suite.ts';
import { IMAGE } from '../support/test-image.ts';

/** With uploads into a volume. */
const readOnlyRoot = (provider: ProviderUnderTest): boolean =>
  provider.differs('upload-into-volume', { bundled: true, real: false });

/** A member as the stacks deploy it: own address, seed volume, read-only root, health gate. */
function member(provider: ProviderUnderTest): Record<string, Record<string, Record<string, unknown>>> {
  return {
    docker_image: { base: { name: IMAGE, keep_locally: true } },
    docker_network: {
      net: {
        name: 'tw-provider-net',
        driver: 'bridge',
        options: { 'com.docker.network.bridge.name': 'twprov0' },
        ipam_config: [
          { subnet: '198.18.71.0/24', gateway: '198.18.71.1', aux_address: { vip: '198.18.71.100' } },
        ],
        labels: [{ label: 'twemstack.stack', value: 'tw-provider' }],
      },
    },
    docker_volume: {
      seed: { name: 'tw-provider-seed' },
      data: { name: 'tw-provider-data', labels: [{ label: 'role', value: 'data' }] },
    },
    docker_container: {
      member: sleeper('member', {
        image: `\${docker_image.base.image_id}`,
        network_mode: 'bridge',
        command: ['sh', '-c', 'cat /etc/seed/redis.conf; exec sleep 1000000'],
        user: '10001',
        hostname: 'member',
        restart: 'unless-stopped',
        init: true,
        memory: 64,
        memory_swap: 64,
        read_only: readOnlyRoot(provider),
        stop_signal: 'SIGTERM',
        stop_timeout: 5,
        destroy_grace_seconds: 5,
        security_opts: ['no-new-privileges'],
        capabilities: [{ drop: ['ALL'] }],
        tmpfs: { '/run': 'mode=1777,size=1m', '/tmp': 'mode=1777,size=1m' },
        networks_advanced: [
          { name: `\${docker_network.net.id}`, ipv4_address: '198.18.71.10', aliases: ['alias-of-member'] },
        ],
        volumes: [
          { volume_name: `\${docker_volume.seed.name}`, container_path: '/etc/seed' },
          { volume_name: `\${docker_volume.data.name}`, container_path: '/data' },
        ],
        upload: [
          { file: '/etc/seed/redis.conf', content: 'port 6379\n', permissions: '0444' },
          { file: '/etc/seed/run', source: 'seed/run', source_hash: 'abc', executable: true },
          { file: '/etc/seed/binary', content_base64: 'AAEC/w==' },
        ],
        healthcheck: [
          { test: ['CMD', 'test', '-r', '/etc/seed/redis.conf'], interval: '1s', timeout: '1s', retries: 3 },
        ],
        wait: true,
        labels: [
          { label: 'twemstack.stack', value: 'tw-provider' },
          { label: 'twemstack.member', value: 'member' },
        ],
      }),
    },
  };
}

/** Runs a command in the member and returns what it prints. */
async function inMember(suite: ReturnType<SuiteOf>, command: string[]): Promise<string> {
  const container = suite.docker.getContainer('tw-provider-member');
  const exec = await container.exec({ Cmd: command, AttachStdout: true, Tty: true });
  const stream = await exec.start({ Tty: true });
  let printed = '';
  for await (const chunk of stream) {
    printed += String(chunk);
  }
  return printed.trim();
}

export function createCases(suiteOf: SuiteOf): void {
  describe('create', () => {
    test('a whole member comes up as asked, a second plan has no changes, destroy leaves nothing', async (t) => {
      const suite = suiteOf();
      const workspace = openWorkspace(t, suite);
      workspace.file('seed/run', '#!/bin/sh\n');
      await workspace.write(member(suite.provider));

      const applied = await workspace.apply();
      assert.deepEqual(applied.errors, []);
      if (suite.provider.name === 'bundled') {
        const compiled = readdirSync(suite.provider.mirror).filter((name) => name.endsWith('.cache'));
        assert.equal(compiled.length, 1, 'the next start need not compile');
      }

      const found = await inspect(suite, 'member');
      assert.equal(found.State.Health?.Status, 'healthy');
      assert.equal(found.NetworkSettings.Networks['tw-provider-net'].IPAddress, '198.18.71.10');
      assert.deepEqual(Object.keys(found.NetworkSettings.Networks), ['tw-provider-net']);
      assert.ok(found.NetworkSettings.Networks['tw-provider-net'].Aliases?.includes('alias-of-member'));
      assert.equal(found.HostConfig.ReadonlyRootfs, readOnlyRoot(suite.provider));
      assert.equal(found.HostConfig.Memory, 64 * 1024 * 1024);
      assert.equal(found.HostConfig.MemorySwap, 64 * 1024 * 1024);
      assert.deepEqual(found.HostConfig.CapDrop, ['ALL']);
      assert.deepEqual(found.HostConfig.SecurityOpt, ['no-new-privileges']);
      assert.deepEqual(found.HostConfig.LogConfig, { Type: 'json-file', Config: { 'max-size': '1m' } });
      assert.equal(found.Config.User, '10001');
      assert.equal(found.Config.Labels['twemstack.member'], 'member');
      assert.match(await inMember(suite, ['ls', '-ln', '/etc/seed/redis.conf']), /^-r--r--r-- +1 0 +0 /);
      assert.match(await inMember(suite, ['ls', '-ln', '/etc/seed/run']), /^-rwxr--r-- +1 0 +0 /);
      assert.equal(await inMember(suite, ['od', '-An', '-tx1', '/etc/seed/binary']), '00 01 02 ff');

      const { network_data: data } = await workspace.values('docker_container.member');
      assert.equal((data as { ip_address: string }[])[0].ip_address, '198.18.71.10');

      assert.deepEqual((await workspace.plan()).actions, {});

      const destroyed = await workspace.destroy();
      assert.deepEqual(destroyed.errors, []);
      assert.equal(await exists(suite, 'member'), false);
      const volumes = (await suite.docker.listVolumes()).Volumes ?? [];
      assert.deepEqual(
        volumes.map((volume) => volume.Name).filter((name) => name.startsWith('tw-provider-')),
        [],
      );
      const networks = (await suite.docker.listNetworks()).map((network) => network.Name);
      assert.ok(!networks.includes('tw-provider-net'));
      assert.ok(await suite.docker.getImage(IMAGE).inspect(), 'keep_locally keeps the image');
    });

    test('a macvlan network on a device of the machine, with a container that has an address there', async (t) => {
      const suite = suiteOf();
      const workspace = openWorkspace(t, suite);
      await workspace.write({
        docker_network: {
          lan: {
            name: 'tw-provider-lan',
            driver: 'macvlan',
            options: { parent: suite.device },
            ipam_config: [{ subnet: '198.18.72.0/24', gateway: '198.18.72.1', ip_range: '198.18.72.32/28' }],
            labels: [{ label: 'twemstack.stack', value: 'tw-provider' }],
          },
        },
        docker_container: {
          one: sleeper('on-lan', {
            network_mode: undefined,
            networks_advanced: [{ name: 'tw-provider-lan', ipv4_address: '198.18.72.35' }],
            depends_on: ['docker_network.lan'],
          }),
        },
      });
      const applied = await workspace.apply();
      assert.equal(applied.exitCode, 0, applied.text);
      const network = await suite.docker.getNetwork('tw-provider-lan').inspect();
      assert.deepEqual([network.Driver, network.Options], ['macvlan', { parent: suite.device }]);
      assert.deepEqual(network.IPAM?.Config, [
        { Subnet: '198.18.72.0/24', IPRange: '198.18.72.32/28', Gateway: '198.18.72.1' },
      ]);
      const found = await inspect(suite, 'on-lan');
      assert.equal(found.NetworkSettings.Networks['tw-provider-lan'].IPAddress, '198.18.72.35');
      assert.deepEqual((await workspace.plan()).actions, {});
      assert.deepEqual((await workspace.destroy()).errors, []);
    });

    test('a volume filled by a second container, never started, serves one with a read-only root', async (t) => {
      const suite = suiteOf();
      const workspace = openWorkspace(t, suite);
      const volumes = [{ volume_name: `\${docker_volume.seed.name}`, container_path: '/etc/seed' }];
      await workspace.write({
        docker_volume: { seed: { name: 'tw-provider-seed' } },
        docker_container: {
          seeder: sleeper('seeder', {
            start: false,
            must_run: false,
            volumes,
            upload: [{ file: '/etc/seed/redis.conf', content: 'port 6379\n', permissions: '0444' }],
          }),
          member: sleeper('member', { read_only: true, volumes, depends_on: ['docker_container.seeder'] }),
        },
      });
      assert.deepEqual((await workspace.apply()).errors, []);
      assert.equal(await inMember(suite, ['cat', '/etc/seed/redis.conf']), 'port 6379');
      assert.equal((await inspect(suite, 'seeder')).State.Status, 'created');
      assert.deepEqual((await workspace.plan()).actions, {});
    });

    test('a file beyond gRPC’s usual limit of 4 MB is uploaded whole', async (t) => {
      const suite = suiteOf();
      const workspace = openWorkspace(t, suite);
      const content = 'x'.repeat(4.2 * 1000 * 1000);
      await workspace.write({
        docker_container: {
          big: sleeper('member', { upload: [{ file: '/big/file', content }] }),
        },
      });
      assert.deepEqual((await workspace.apply()).errors, []);
      assert.match(await inMember(suite, ['wc', '-c', '/big/file']), /^4200000 /);
    });
  });
}
