import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Log } from '../../../proxy/admin/log.ts';
import { Service } from '../../../proxy/admin/service.ts';
import { parseConfig } from '../../../proxy/config/nutcracker-yml.ts';
import type { PoolConfig } from '../../../proxy/config/pool.ts';
import { type Link, NO_OWNER } from '../../../proxy/transport/link.ts';
import { MemoryNetwork } from '../../../proxy/transport/memory.ts';

const BUFFERS = 1024 * 1024;
const address = (port: number) => ({ kind: 'tcp', host: '127.0.0.1', port }) as const;

/** Pools by name: where they listen, and their `timeout`. */
function pools(all: Readonly<Record<string, readonly [port: number, timeout: number]>>): PoolConfig[] {
  const sections = Object.entries(all).map(
    ([name, [port, timeout]]) =>
      `${name}:\n  listen: 127.0.0.1:${port}\n  redis: true\n  timeout: ${timeout}\n  servers:\n   - 10.0.0.1:6379:1\n`,
  );
  return parseConfig(sections.join(''));
}

/** A network on which some addresses cannot be had. */
class Network extends MemoryNetwork {
  readonly taken = new Set<number>();

  override async listen(...args: Parameters<MemoryNetwork['listen']>): ReturnType<MemoryNetwork['listen']> {
    const [{ address }] = args;
    if (address.kind === 'tcp' && this.taken.has(address.port))
      throw Object.assign(new Error('taken'), { code: 'EADDRINUSE' });
    return await super.listen(...args);
  }

  /** Connects now. @returns what became of it */
  try(port: number): string {
    let result = 'nothing';
    this.connect(
      address(port),
      NO_OWNER,
      (link: Link) => {
        result = 'open';
        link.close();
      },
      (code) => {
        result = code;
      },
    );
    this.step();
    return result;
  }
}

function serviceOn(transport: Network): Service {
  const log = new Log('/dev/null', 0);
  return new Service({ transport, log, mbufSize: 16384, slowLog: 0, bufferLimit: BUFFERS });
}

describe('a reload', () => {
  test('that replaces a pool refuses nobody who connects meanwhile', async () => {
    const network = new Network();
    const service = serviceOn(network);
    await service.start(pools({ a: [1, 100], b: [2, 100] }));
    const reload = service.reload(pools({ a: [1, 200], b: [2, 200] }));
    assert.deepEqual([network.try(1), network.try(2)], ['open', 'open'], 'while it is under way');
    await reload;
    const before = service.pools.map(({ stats }) => stats.totalConnections);
    assert.deepEqual([network.try(1), network.try(2)], ['open', 'open']);
    const after = service.pools.map(({ stats, config }) => [config.timeout, stats.totalConnections]);
    assert.deepEqual(
      after,
      before.map((count) => [200, count + 1]),
      'they are clients of the pools in force',
    );
    service.stop();
    assert.deepEqual([network.try(1), network.try(2)], ['ECONNREFUSED', 'ECONNREFUSED']);
  });

  test('may let two pools change places, and ends where nobody listens any more', async () => {
    const network = new Network();
    const service = serviceOn(network);
    await service.start(pools({ a: [1, 100], b: [2, 100], c: [3, 100] }));
    await service.reload(pools({ a: [2, 100], b: [1, 100] }));
    assert.deepEqual(
      [1, 2, 3].map((port) => network.try(port)),
      ['open', 'open', 'ECONNREFUSED'],
    );
    const [a, b] = service.pools.map(({ stats }) => stats.totalConnections);
    network.try(2);
    assert.deepEqual(
      service.pools.map(({ stats }) => stats.totalConnections),
      [a + 1, b],
    );
    service.stop();
  });

  test('that cannot have an address changes nothing', async () => {
    const network = new Network();
    const service = serviceOn(network);
    await service.start(pools({ a: [1, 100], b: [2, 100] }));
    network.taken.add(4);
    const reload = service.reload(pools({ a: [1, 200], b: [3, 200], c: [4, 200] }));
    assert.equal(network.try(1), 'open', 'while it is under way');
    await assert.rejects(reload, /^Error: pool 'c' cannot listen on '127\.0\.0\.1:4': EADDRINUSE$/);
    assert.deepEqual(
      [1, 2, 3, 4].map((port) => network.try(port)),
      ['open', 'open', 'ECONNREFUSED', 'ECONNREFUSED'],
    );
    assert.deepEqual(
      service.pools.map(({ config }) => config.timeout),
      [100, 100],
    );
    const [{ stats }] = service.pools;
    const before = stats.totalConnections;
    network.try(1);
    assert.equal(stats.totalConnections, before + 1, 'its own again');
    service.stop();
  });
});
