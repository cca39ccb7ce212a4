import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { readBlocks, writeBlocks } from '../../../provider/docker/container-blocks.ts';
import { demultiplex } from '../../../provider/docker/container-health.ts';
import {
  type ContainerParts,
  type EngineJson,
  readOptions,
  updateRequest,
  writeOptions,
} from '../../../provider/docker/container-options.ts';
import { containerSchema } from '../../../provider/docker/container-schema.ts';
import { uploadBase } from '../../../provider/docker/container-upload.ts';
import { formatDuration, parseDuration } from '../../../provider/docker/go-duration.ts';
import { isOwnLeftover } from '../../../provider/docker/labels.ts';
import { conform } from '../../../provider/protocol/conform.ts';
import { planChange } from '../../../provider/protocol/planner.ts';
import type { ObjectValue } from '../../../provider/protocol/values.ts';

/** A planned container of the given arguments. */
function planned(config: ObjectValue): ObjectValue {
  const whole = conform({ name: 'c', image: 'i', ...config }, containerSchema.block);
  return planChange(containerSchema.block, null, whole).planned;
}

function written(config: ObjectValue): ContainerParts {
  const parts: ContainerParts = { config: {}, hostConfig: {} };
  writeOptions(planned(config), parts);
  writeBlocks(planned(config), parts);
  return parts;
}

const EVERYTHING: ObjectValue = {
  command: ['redis-server'],
  entrypoint: ['tini'],
  user: '10001',
  working_dir: '/data',
  hostname: 'h',
  domainname: 'd',
  stop_signal: 'SIGINT',
  stop_timeout: 3,
  tty: true,
  stdin_open: true,
  init: true,
  group_add: ['5'],
  privileged: true,
  read_only: true,
  rm: true,
  restart: 'on-failure',
  max_retry_count: 3,
  security_opts: ['no-new-privileges'],
  sysctls: { 'net.core.somaxconn': '512' },
  tmpfs: { '/run': 'mode=1777' },
  log_driver: 'json-file',
  log_opts: { 'max-size': '1m' },
  runtime: 'runc',
  ipc_mode: 'private',
  pid_mode: 'host',
  cgroupns_mode: 'host',
  network_mode: 'none',
  dns: ['198.18.0.53'],
  dns_opts: ['ndots:1'],
  dns_search: ['example'],
  memory: 64,
  memory_swap: -1,
  shm_size: 32,
  cpu_shares: 512,
  cpu_set: '0-1',
  cpu_period: 100000,
  cpu_quota: 50000,
};

describe('options of a container', () => {
  test('what is written is read back as it was: nothing of it is drift', () => {
    const before = planned(EVERYTHING);
    const state = readOptions(before, written(EVERYTHING));
    for (const [name, value] of Object.entries(EVERYTHING)) {
      assert.deepEqual(state[name], value, name);
    }
  });

  test('what is not set is not sent', () => {
    const { config, hostConfig } = written({});
    for (const field of ['Memory', 'CpuShares', 'Dns', 'SecurityOpt', 'Init', 'Tmpfs', 'Sysctls']) {
      assert.equal(field in hostConfig, false, field);
    }
    for (const field of ['Cmd', 'Entrypoint', 'User', 'Env', 'Healthcheck']) {
      assert.equal(field in config, false, field);
    }
    assert.equal(written({ init: false }).hostConfig.Init, false, 'false overrides the engine’s default');
  });

  test('megabytes become bytes', () => {
    assert.equal(written({ memory: 64 }).hostConfig.Memory, 64 * 1024 * 1024);
    assert.equal(written({ memory_swap: -1 }).hostConfig.MemorySwap, -1);
  });

  test('the engine’s fillings are no drift, an edit by hand is', () => {
    const before: ObjectValue = {
      ...planned({ log_driver: 'json-file', user: '' }),
      memory_swap: 0,
      shm_size: 64,
    };
    const found: ContainerParts = {
      config: { User: 'redis' },
      hostConfig: {
        LogConfig: { Type: 'json-file', Config: { 'max-file': '3' } },
        RestartPolicy: { Name: '', MaximumRetryCount: 0 },
        Memory: 5 * 1024 * 1024,
        MemorySwap: 10 * 1024 * 1024,
        Dns: null,
        CgroupnsMode: 'host',
      },
    };
    const state = readOptions(before, found);
    assert.equal(state.user, '');
    assert.equal(state.log_opts, null);
    assert.equal(state.restart, 'no');
    assert.equal(state.dns, null);
    assert.equal(state.memory_swap, 0);
    assert.equal(state.memory, 5);
    assert.equal(state.cgroupns_mode, '');
    const foreign = readOptions({ ...before, cgroupns_mode: null }, found);
    assert.equal(foreign.cgroupns_mode, null, 'as the other provider leaves it');
  });

  test('an update sends all that can be updated, or nothing', () => {
    const before = planned({ memory: 64, memory_swap: 64, restart: 'always' });
    assert.equal(updateRequest(before, { ...before, wait_timeout: 3 }), undefined);
    assert.deepEqual(updateRequest(before, { ...before, memory: 96, memory_swap: 96 }), {
      RestartPolicy: { Name: 'always', MaximumRetryCount: 0 },
      Memory: 96 * 1024 * 1024,
      MemorySwap: 96 * 1024 * 1024,
      CpuShares: 0,
      CpusetCpus: '',
      CpuPeriod: 0,
      CpuQuota: 0,
    });
  });
});

describe('blocks of a container', () => {
  const config: ObjectValue = {
    healthcheck: [{ test: ['CMD', 'true'], interval: '60s', timeout: '1m30s' }],
    capabilities: [{ drop: ['ALL'], add: ['NET_RAW', 'NET_ADMIN'] }],
    ulimit: [{ name: 'nofile', soft: 1, hard: 2 }],
    host: [{ host: 'a', ip: '::1' }],
    ports: [{ internal: 80 }, { internal: 81, external: 8081, ip: '127.0.0.1', protocol: 'udp' }],
    volumes: [
      { volume_name: 'v', container_path: '/v', read_only: true },
      { host_path: '/h', container_path: '/hh' },
      { container_path: '/anonymous' },
    ],
  };

  test('are written as the engine wants them', () => {
    const { config: made, hostConfig } = written(config);
    assert.deepEqual(made.Healthcheck, {
      Test: ['CMD', 'true'],
      Interval: 60e9,
      Timeout: 90e9,
      StartPeriod: 0,
      StartInterval: undefined,
      Retries: 0,
    });
    assert.deepEqual(hostConfig.Binds, ['v:/v:ro', '/h:/hh:rw']);
    assert.deepEqual(Object.keys(made.Volumes as object), ['/v', '/hh', '/anonymous']);
    assert.deepEqual(hostConfig.ExtraHosts, ['a:::1']);
    assert.deepEqual(hostConfig.PortBindings, {
      '80/tcp': [{ HostIp: '0.0.0.0', HostPort: '' }],
      '81/udp': [{ HostIp: '127.0.0.1', HostPort: '8081' }],
    });
  });

  test('are read back as they were; an unconfigured healthcheck is the image’s business', () => {
    const before = planned(config);
    const ports = {
      '80/tcp': [{ HostIp: '0.0.0.0', HostPort: '32768' }],
      '81/udp': [{ HostIp: '127.0.0.1', HostPort: '8081' }],
    };
    const state = readBlocks(before, written(config), ports);
    for (const name of ['healthcheck', 'capabilities', 'ulimit', 'host', 'volumes']) {
      assert.deepEqual(state[name], before[name], name);
    }
    assert.deepEqual(
      (state.ports as ObjectValue[]).map(({ external }) => external),
      [32768, 8081],
    );
    const image: ContainerParts = { config: { Healthcheck: { Test: ['CMD', 'x'] } }, hostConfig: {} };
    assert.deepEqual(readBlocks(planned({}), image, null).healthcheck, []);
  });

  test('a capability’s prefix is no drift, another capability is', () => {
    const parts = written(config);
    const read = (CapAdd: string[]): unknown =>
      (
        readBlocks(planned(config), { ...parts, hostConfig: { ...parts.hostConfig, CapAdd } }, null)
          .capabilities as ObjectValue[]
      )[0].add;
    assert.deepEqual(read(['CAP_NET_ADMIN', 'CAP_NET_RAW']), ['NET_RAW', 'NET_ADMIN']);
    assert.deepEqual(read(['CAP_NET_ADMIN']), ['CAP_NET_ADMIN']);
  });

  test('an interval changed behind terraform’s back shows', () => {
    const parts = written(config);
    parts.config.Healthcheck = { ...(parts.config.Healthcheck as EngineJson), Interval: 5e9 };
    const [check] = readBlocks(planned(config), parts, null).healthcheck as ObjectValue[];
    assert.equal(check.interval, '5s');
  });

  test('a file goes to the deepest volume that holds it', () => {
    const some = planned({
      volumes: [
        { volume_name: 'a', container_path: '/etc' },
        { volume_name: 'b', container_path: '/etc/seed' },
      ],
    });
    assert.equal(uploadBase(some, '/etc/seed/x/y'), '/etc/seed');
    assert.equal(uploadBase(some, '/etc/seeds'), '/etc');
    assert.equal(uploadBase(some, '/var/x'), '/');
  });
});

describe('small parts', () => {
  test('durations read what Go writes, and write what Go writes', () => {
    for (const [text, nanoseconds] of [
      ['0s', 0],
      ['1.5s', 1.5e9],
      ['500ms', 5e8],
      ['1m0s', 60e9],
      ['1h0m0s', 3600e9],
      ['2h3m4.5s', 7384.5e9],
    ] as const) {
      assert.equal(parseDuration(text), nanoseconds);
      assert.equal(formatDuration(nanoseconds), text);
    }
    assert.equal(parseDuration('60s'), 60e9);
    for (const text of ['', '5', 's', '1 s', '-1s', '1x']) {
      assert.equal(parseDuration(text), undefined, text);
    }
    fc.assert(
      fc.property(fc.nat(1e9), (ms) => assert.equal(parseDuration(formatDuration(ms * 1e6)), ms * 1e6)),
    );
  });

  test('only a container of the same stack is a leftover of ours', () => {
    const wanted = { 'twemstack.stack': 'alpha' };
    assert.ok(isOwnLeftover({ 'twemstack.stack': 'alpha', other: 'x' }, wanted));
    assert.equal(isOwnLeftover({ 'twemstack.stack': 'beta' }, wanted), false);
    assert.equal(isOwnLeftover({}, wanted), false);
    assert.equal(isOwnLeftover(null, wanted), false);
    const instance = { ...wanted, 'twemstack.instance': '1' };
    assert.ok(isOwnLeftover(instance, instance));
    assert.equal(
      isOwnLeftover({ ...instance, 'twemstack.instance': '2' }, instance),
      false,
      'another checkout’s',
    );
    assert.equal(isOwnLeftover({}, {}), false, 'without a label of its own nothing is');
  });

  test('log output is taken out of its frames', () => {
    const frame = (text: string): Buffer =>
      Buffer.concat([Buffer.from([1, 0, 0, 0, 0, 0, 0, text.length]), Buffer.from(text)]);
    assert.equal(demultiplex(Buffer.concat([frame('one\n'), frame('two\n')])), 'one\ntwo\n');
  });
});
