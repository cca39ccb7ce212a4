import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { redisMemory } from '../../../topology/redis-memory.ts';

const SIZES = [16, 20, 64, 100, 511, 512, 1000, 1024, 4096, 16_384, 1024 * 1024];
const of = (maxmemoryMb: number, replBacklogMb = 16) => redisMemory({ maxmemoryMb, replBacklogMb });

describe('shares of the memory of a redis', () => {
  test('a container has room for all of them at once', () => {
    for (const size of SIZES) {
      const { containerMb, forkMb, clientsMb, outputMb, replicaOutputMb, requestMb } = of(size);
      const copies = 4 * requestMb;
      assert.ok(
        containerMb >= size + forkMb + clientsMb + outputMb + requestMb + replicaOutputMb + copies + 48,
        `${size}`,
      );
    }
  });

  test('the largest request fits into what its client, and all clients, may have', () => {
    for (const size of SIZES) {
      const { clientsMb, outputMb, queryMb, requestMb } = of(size);
      assert.ok(requestMb >= 2 && requestMb <= 512, `${size}: ${requestMb}`);
      for (const share of [clientsMb, outputMb, queryMb]) assert.ok(share > requestMb, `${size}`);
    }
  });

  test('a replica is not let go of before the backlog is full, for redis would not do it', () => {
    for (const backlog of [1, 16, 300, 65_536]) {
      assert.ok(of(64, backlog).replicaOutputMb >= backlog);
      assert.ok(of(64, backlog).containerMb > backlog);
    }
  });

  test('more data never makes a share smaller', () => {
    for (const [index, size] of SIZES.slice(1).entries()) {
      const [less, more] = [of(SIZES[index]), of(size)];
      for (const [share, mb] of Object.entries(less)) {
        assert.ok(more[share as keyof typeof more] >= mb, `${share} from ${SIZES[index]} to ${size}`);
      }
    }
  });

  test('of the default stack are as in docs/stack-yaml.md', () => {
    const page = readFileSync(new URL('../../../docs/stack-yaml.md', import.meta.url), 'utf8');
    const { containerMb, requestMb } = of(64);
    assert.match(page, new RegExp(`\\*\\*container\\*\\* .*\\*\\*${containerMb} MB\\*\\*`));
    assert.match(page, new RegExp(`largest request \\*R\\*.* ${requestMb} MB \\|`));
  });
});
