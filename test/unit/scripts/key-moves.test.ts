import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { keyMoves, routingOf } from '../../../scripts/data/key-moves.ts';
import { renderNutcrackerYml } from '../../../scripts/render/nutcracker-yml.ts';
import { planOf } from '../../support/stack-fixture.ts';

const poolFile = (more: string): string =>
  renderNutcrackerYml(planOf(`name: alpha\nvip: 198.18.0.100\n${more}`));

const BEFORE = 'shards: 3\npools: { alpha: { hash_tag: "{}" } }';

/** What keyMoves says of the only pool; undefined when it says nothing. */
const moved = (after: string, before = BEFORE) => keyMoves(poolFile(before), poolFile(after)).at(0);

const shardList = (...shards: string[]): string => `shards: [${shards.join(', ')}]\n`;

describe('keys that get another home', () => {
  for (const [what, after] of [
    ['nothing', BEFORE],
    ['a timeout', `shards: 3\npools: { alpha: { hash_tag: "{}", timeout: 777 } }`],
    ['another port and name of the pool', `shards: 3\npools: { beta: { listen: 6379, hash_tag: "{}" } }`],
    ['fewer replicas', `${BEFORE}\nreplicas: 1`],
    ['another network', `${BEFORE}\nnetwork: 198.18.0.0/25`],
  ]) {
    test(`${what}: none`, () => assert.equal(moved(after), undefined));
  }

  for (const [what, after, least, most] of [
    ['a shard less', `shards: 2\npools: { alpha: { hash_tag: "{}" } }`, 0.25, 0.45],
    ['a shard more', `shards: 4\npools: { alpha: { hash_tag: "{}" } }`, 0.15, 0.35],
    ['another hash', `shards: 3\npools: { alpha: { hash_tag: "{}", hash: murmur } }`, 0.6, 0.74],
    [
      'another distribution',
      `shards: 3\npools: { alpha: { hash_tag: "{}", distribution: modula } }`,
      0.6,
      0.74,
    ],
    ['at random', `shards: 3\npools: { alpha: { hash_tag: "{}", distribution: random } }`, 0.66, 0.67],
    ['another database', `shards: 3\npools: { alpha: { hash_tag: "{}", redis_db: 1 } }`, 1, 1],
    ['no pool at its port', `shards: 3\npools: { beta: { listen: 7000, redis_db: 2 } }`, 1, 1],
  ] as const) {
    test(`${what}: between ${least} and ${most} of them`, () => {
      const share = moved(after)?.share ?? 0;
      assert.ok(share >= least && share <= most, String(share));
    });
  }

  test('a renamed shard takes its part of the ring with it, and the pool says what changed', () => {
    const list = (...names: string[]) => `${shardList(...names)}pools: { alpha: {} }`;
    const found = moved(list('one', 'two', 'drei'), list('one', 'two', 'three'));
    assert.ok((found?.share ?? 0) > 0.25, JSON.stringify(found));
    assert.equal(found?.shards.find(({ shard }) => shard === 'three')?.share, 1);
    assert.match(found?.why.join() ?? '', /shards: .*three.* -> .*drei/);
  });

  test('the order in which shards are written matters to nobody: the proxy sorts them', () => {
    const list = (...names: string[]) => `${shardList(...names)}pools: { alpha: { distribution: modula } }`;
    assert.equal(moved(list('two', 'one'), list('one', 'two')), undefined);
  });

  test('weights move keys', () => {
    const weights = (weight: number) =>
      `shards: [{ name: one, weight: ${weight} }, { name: two }]\npools: { alpha: {} }`;
    const share = moved(weights(3), weights(1))?.share ?? 0;
    assert.ok(share > 0.15 && share < 0.35, String(share));
  });

  test('another hash tag moves those keys alone that carry one', () => {
    const found = moved('shards: 3\npools: { alpha: { hash_tag: "<>" } }');
    assert.equal(found?.share, 0);
    assert.ok((found?.tagged ?? 0) > 0.6, JSON.stringify(found));
  });

  test('what is kept of a pool file says where keys live, and holds no path of a password', () => {
    const routing = routingOf(poolFile(BEFORE));
    assert.doesNotMatch(routing, /password|sentinel/);
    assert.deepEqual(keyMoves(routing, poolFile(BEFORE)), []);
  });
});
