import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { ContainerInspectInfo } from 'dockerode';
import { inspect, openWorkspace, type SuiteOf, sleeper } from '../support/suite.ts';

/** As many options as fit in one container, in the provider's spelling. */
const OPTIONS = {
  command: ['1000000'],
  entrypoint: ['sleep'],
  env: ['A=1', 'B=2'],
  user: 'worker',
  working_dir: '/tmp',
  hostname: 'host',
  domainname: 'domain',
  stop_signal: 'SIGINT',
  stop_timeout: 7,
  tty: true,
  stdin_open: true,
  init: true,
  group_add: ['10'],
  restart: 'on-failure',
  max_retry_count: 4,
  sysctls: { 'net.ipv4.tcp_syncookies': '1' },
  ipc_mode: 'private',
  pid_mode: 'host',
  dns: ['198.18.0.53'],
  dns_opts: ['ndots:2'],
  dns_search: ['example'],
  shm_size: 16,
  cpu_shares: 300,
  cpu_set: '0',
  cpu_period: 50000,
  cpu_quota: 20000,
  host: [{ host: 'other', ip: '198.18.0.9' }],
  ulimit: [{ name: 'nofile', soft: 500, hard: 600 }],
  devices: [{ host_path: '/dev/null', container_path: '/dev/nothing', permissions: 'rw' }],
  mounts: [
    { type: 'tmpfs', target: '/scratch', tmpfs_options: [{ size_bytes: 1048576, mode: 0o700 }] },
    { type: 'bind', target: '/etc/host-passwd', source: '/etc/passwd', read_only: true },
  ],
  volumes: [
    { host_path: '/tmp', container_path: '/host-tmp', read_only: true },
    { container_path: '/anonymous' },
  ],
} as const;

/** The client's types leave two fields out. */
type Configured = ContainerInspectInfo['Config'] & { StopSignal?: string; StopTimeout?: number };

export function optionCases(suiteOf: SuiteOf): void {
  describe('options', () => {
    test('each reaches the engine, and none is drift afterwards', async (t) => {
      const suite = suiteOf();
      const workspace = openWorkspace(t, suite);
      await workspace.write({ docker_container: { all: sleeper('all', OPTIONS) } });
      assert.deepEqual((await workspace.apply()).errors, []);
      const { Config, HostConfig: host, Mounts: mounts } = await inspect(suite, 'all');
      const config: Configured = Config;
      const found = {
        command: config.Cmd,
        entrypoint: config.Entrypoint,
        env: config.Env?.filter((one) => /^[AB]=/.test(one)).sort(),
        user: config.User,
        working_dir: config.WorkingDir,
        hostname: config.Hostname,
        domainname: config.Domainname,
        stop_signal: config.StopSignal,
        stop_timeout: config.StopTimeout,
        tty: config.Tty,
        stdin_open: config.OpenStdin,
        init: host.Init,
        group_add: host.GroupAdd,
        restart: host.RestartPolicy?.Name,
        max_retry_count: host.RestartPolicy?.MaximumRetryCount,
        sysctls: host.Sysctls,
        ipc_mode: host.IpcMode,
        pid_mode: host.PidMode,
        dns: host.Dns,
        dns_opts: host.DnsOptions,
        dns_search: host.DnsSearch,
        shm_size: (host.ShmSize ?? 0) / 1024 ** 2,
        cpu_shares: host.CpuShares,
        cpu_set: host.CpusetCpus,
        cpu_period: host.CpuPeriod,
        cpu_quota: host.CpuQuota,
      };
      const {
        host: _host,
        ulimit: _ulimit,
        devices: _devices,
        mounts: _mounts,
        volumes: _volumes,
        ...plain
      } = OPTIONS;
      assert.deepEqual(found, plain);
      assert.deepEqual(host.ExtraHosts, ['other:198.18.0.9']);
      assert.deepEqual(host.Ulimits, [{ Name: 'nofile', Soft: 500, Hard: 600 }]);
      assert.deepEqual(host.Devices, [
        { PathOnHost: '/dev/null', PathInContainer: '/dev/nothing', CgroupPermissions: 'rw' },
      ]);
      assert.deepEqual(
        mounts.map(({ Type, Destination, RW }) => `${Type} ${Destination} ${RW ? 'rw' : 'ro'}`).sort(),
        ['bind /etc/host-passwd ro', 'bind /host-tmp ro', 'tmpfs /scratch rw', 'volume /anonymous rw'],
      );
      assert.deepEqual((await workspace.plan()).actions, {});
    });

    test('left out ones are the image’s and the engine’s, and no drift either', async (t) => {
      const suite = suiteOf();
      const workspace = openWorkspace(t, suite);
      workspace.file(
        'context/Dockerfile',
        [
          'FROM tw-provider/busybox:1',
          'USER 10001',
          'WORKDIR /tmp',
          'ENV A=1',
          'STOPSIGNAL SIGINT',
          'VOLUME /data',
          'HEALTHCHECK --interval=1s CMD true',
          'ENTRYPOINT ["sleep"]',
          'CMD ["1000000"]',
          '',
        ].join('\n'),
      );
      await workspace.write({
        docker_image: { i: { name: 'tw-provider/defaults:1', build: [{ context: 'context' }] } },
        docker_container: {
          c: {
            name: 'tw-provider-defaults',
            image: `\${docker_image.i.image_id}`,
            network_mode: 'none',
            wait: true,
          },
        },
      });
      assert.deepEqual((await workspace.apply()).errors, []);
      const { Config } = await inspect(suite, 'defaults');
      const config: Configured = Config;
      assert.deepEqual([config.User, config.WorkingDir, config.StopSignal], ['10001', '/tmp', 'SIGINT']);
      assert.deepEqual((await workspace.plan()).actions, {});
    });
  });
}
