import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Manifest } from '../../../scripts/backup/manifest.ts';
import { keyRoutes } from '../../../scripts/backup/restore/key-routes.ts';
import { homeIn, poolsOf } from '../../../scripts/data/key-homes.ts';
import { routingOf } from '../../../scripts/data/key-moves.ts';
import { renderNutcrackerYml } from '../../../scripts/render/nutcracker-yml.ts';
import { planOf } from '../../support/stack-fixture.ts';

const plan = (more: string) => planOf(`name: alpha\nvip: 198.18.0.100\n${more}`);
const routing = (more: string): string => routingOf(renderNutcrackerYml(plan(more)));
const homeOf = (more: string, key: Buffer) => homeIn(poolsOf(plan(more))[0])(key);

/** A backup of a stack with keys in some databases of every shard. */
const backupOf = (more: string, databases: readonly number[] = [0]): Manifest =>
  ({
    routing: routing(more),
    shards: plan(more).shards.map(({ name }) => ({
      shard: name,
      databases: Object.fromEntries(databases.map((database) => [database, { keys: 1, expires: 0 }])),
    })),
  }) as unknown as Manifest;

const KEYS = Array.from({ length: 300 }, (_, i) =>
  Buffer.from(i % 3 === 0 ? `{user:${i}}:name` : `key:${i}`),
);

describe('the way of keys into another ring', () => {
  const TAGGED = 'shards: 5\npools: { alpha: { hash: murmur, hash_tag: "{}", distribution: modula } }';

  test('leads each key to where its pool will look for it', () => {
    const before = 'shards: [{ name: one, weight: 3 }, two]';
    const route = keyRoutes(backupOf(before), routing(TAGGED));
    for (const key of KEYS) {
      const shard = homeOf(TAGGED, key);
      assert.deepEqual(route(homeOf(before, key) ?? '', 0, key), [{ shard, database: 0 }]);
    }
  });

  test('is none for a key that would be taken for another of its name', () => {
    const route = keyRoutes(backupOf('shards: 2'), routing('shards: 1'));
    const key = KEYS.find((each) => homeOf('shards: 2', each) === 'shard-2');
    assert.deepEqual(route('shard-1', 0, key as Buffer), []);
    const same = keyRoutes(backupOf('shards: 2'), routing('shards: 2'));
    assert.deepEqual(same('shard-1', 0, key as Buffer), [{ shard: 'shard-1', database: 0 }]);
  });

  test('leads from the one database of a pool to the one that it has now; where clients choose, to the same', () => {
    const single = 'shards: 1\npools: { alpha: { redis_db: 2 } }';
    const many = 'shards: 1\npools: { alpha: { redis_db: 1, databases: 9 } }';
    assert.deepEqual(keyRoutes(backupOf(single, [2]), routing(many))('shard-1', 2, KEYS[0]), [
      { shard: 'shard-1', database: 1 },
    ]);
    assert.deepEqual(keyRoutes(backupOf(many, [7]), routing('shards: 1'))('shard-1', 7, KEYS[0]), [
      { shard: 'shard-1', database: 7 },
    ]);
    assert.throws(
      () => keyRoutes(backupOf(many, [8]), routing('shards: 1\npools: { alpha: { databases: 8 } }')),
      /keys in database 8 of the pool "alpha", which stack.yaml gives it no more/,
    );
  });

  test('of a pool that distributes at random leads to a shard on which it looks', () => {
    const random = 'shards: 3\npools: { alpha: { distribution: random } }';
    const route = keyRoutes(backupOf(random), routing(random));
    for (const shard of ['shard-1', 'shard-2', 'shard-3'])
      assert.deepEqual(route(shard, 0, KEYS[0]), [{ shard, database: 0 }]);
    const fewer = keyRoutes(
      backupOf(random),
      routing('shards: 1\npools: { alpha: { distribution: random } }'),
    );
    assert.deepEqual(fewer('shard-3', 0, KEYS[0]), [{ shard: 'shard-1', database: 0 }]);
  });

  test('of a pool that is not there any more is refused when there are keys of it', () => {
    const two =
      'shards: 2\npools: { a: { listen: 1000, shards: [shard-1] }, b: { listen: 1001, shards: [shard-2] } }';
    const one = 'shards: 2\npools: { a: { listen: 1000, shards: [shard-1] } }';
    assert.throws(
      () => keyRoutes(backupOf(two), routing(one)),
      /keys of the pool "b", and stack.yaml has no such pool/,
    );
    assert.ok(keyRoutes(backupOf(two, []), routing(one)));
  });
});
