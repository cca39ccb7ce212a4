import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { demandDrilled, drilledPool, drilledShards } from '../../../scripts/drill/load/drilled-pool.ts';
import { shardFinder } from '../../../scripts/drill/load/shard-of.ts';
import { drawShard } from '../../../scripts/drill/random.ts';
import { planOf } from '../../support/stack-fixture.ts';

describe('the pool that a drill loads', () => {
  const plan = planOf(
    'name: alpha\nvip: 198.18.0.100\nshards: 3\npools: { queue: { listen: 6380, shards: [shard-2] }, cache: { shards: [shard-1, shard-3] } }\n',
  );

  test('is the one with the most shards, and only those are hit', () => {
    assert.equal(drilledPool(plan).name, 'cache');
    assert.deepEqual(
      drilledShards(plan).map(({ name }) => name),
      ['shard-1', 'shard-3'],
    );
    const drawn = Array.from({ length: 40 }, (_, round) => drawShard(plan, 1, round));
    assert.deepEqual([...new Set(drawn)].sort(), ['shard-1', 'shard-3']);
  });

  test('has its keys where its own ring puts them', () => {
    const shardOf = shardFinder(plan, drilledPool(plan));
    const homes = Array.from({ length: 200 }, (_, n) => shardOf(`${n * 7919}:key`));
    assert.deepEqual([...new Set(homes)].sort(), ['shard-1', 'shard-3']);
    assert.equal(shardFinder(plan, plan.pools[0])('any'), 'shard-2');
  });

  test('a shard that it does not stand on is refused by name', () => {
    assert.throws(() => demandDrilled(plan, 'shard-2', '--shard'), /pool cache, .* has no shard-2/);
    demandDrilled(plan, 'shard-3', '--shard');
  });
});
