import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { parseConfig } from '../../../proxy/config/nutcracker-yml.ts';
import { Loop } from '../../../proxy/core/loop.ts';
import { DEFAULT_LIMITS, type Limits, Pool } from '../../../proxy/core/pool.ts';
import type { LinkOwner } from '../../../proxy/transport/link.ts';
import { MemoryLink, MemoryNetwork } from '../../../proxy/transport/memory.ts';
import { MemoryRedis } from '../../../scripts/fuzz/memory-redis.ts';
import { request } from '../../support/raw-client.ts';

/** A pool before one small Redis, everything in memory, with one client whose answers are in `said`. */
async function scene(limits: Partial<Limits>) {
  const network = new MemoryNetwork();
  const redis = new MemoryRedis();
  const address = { kind: 'tcp', host: '10.0.0.1', port: 6379 } as const;
  await network.listen({ address, backlog: 1, reusePort: false, keepAlive: false }, (link) =>
    redis.accept(link),
  );
  const loop = new Loop(() => {});
  const [config] = parseConfig('p:\n  listen: 127.0.0.1:1\n  redis: true\n  servers:\n  - 10.0.0.1:6379:1\n');
  const warnings: string[] = [];
  const pool = new Pool(config, {
    loop,
    transport: network,
    mbufSize: 16384,
    limits: { ...DEFAULT_LIMITS, ...limits },
    slowAbove: 1e9,
    log: (text) => void warnings.push(text),
    onSlow: () => {},
  });
  const seen = { said: '', ended: false };
  const owner: LinkOwner = {
    onBytes: (chunk) => {
      seen.said += Buffer.from(chunk).toString('latin1');
    },
    onWritable: () => {},
    onEnd: () => {
      seen.ended = true;
    },
    onClosed: () => {
      seen.ended = true;
    },
  };
  const [near, far] = [new MemoryLink(), new MemoryLink()];
  near.peer = far;
  far.peer = near;
  near.owner = owner;
  network.links.push(near, far);
  far.owner = pool.accept(far, 'somebody');
  const settle = (): void => {
    for (let quiet = 0; quiet < 3; ) {
      loop.flush();
      quiet = network.step() ? 0 : quiet + 1;
    }
  };
  return { redis, pool, near, far, seen, warnings, settle };
}

describe('limits', () => {
  test('a client that does not read is not read from, and goes on when it does', async () => {
    const { near, far, seen, settle } = await scene({ clientOutput: 10_000 });
    far.capacity = 1000;
    near.paused = true;
    const set = request('SET', 'k', 'x'.repeat(3000));
    near.write(set, 0, set.length);
    const get = request('GET', 'k');
    for (let i = 0; i < 50; i++) {
      near.write(get, 0, get.length);
      settle();
    }
    assert.equal(far.paused, true);
    near.paused = false;
    settle();
    assert.equal(far.paused, false);
    assert.equal(seen.said.length, 5 + 50 * (7 + 3000 + 2));
  });

  test('one that leaves too much unread is closed, and the log says why', async () => {
    const { near, far, seen, warnings, pool, settle } = await scene({ clientUnread: 20_000 });
    far.capacity = 1000;
    near.paused = true;
    const set = request('SET', 'k', 'x'.repeat(3000));
    near.write(set, 0, set.length);
    for (let i = 0; i < 20; i++) {
      const get = request('GET', 'k');
      near.write(get, 0, get.length);
    }
    settle();
    assert.equal(seen.ended, true);
    assert.equal(pool.clients.size, 0);
    assert.match(warnings.join(), /client somebody leaves \d+ bytes of replies unread and is closed/);
  });

  test('a request that is too big is refused before it is collected', async () => {
    const { near, seen, settle } = await scene({ requestBytes: 100_000 });
    const big = request('MSET', 'a', 'x'.repeat(90_000), 'b', 'y'.repeat(90_000));
    for (let at = 0; at < big.length; at += 10_000) {
      near.write(big, at, Math.min(big.length, at + 10_000));
      settle();
    }
    assert.equal(seen.said, '-ERR Protocol error: a request has at most 100000 bytes\r\n');
    assert.equal(seen.ended, true);
  });
});
