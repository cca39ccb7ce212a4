import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { homeIn, poolsOf, spreadOf } from '../../../scripts/data/key-homes.ts';
import { keyNames } from '../../../scripts/data/key-names.ts';
import { spreadText } from '../../../scripts/verbs/keys.ts';
import { closeScenes, memoryScene } from '../../support/memory-scene.ts';
import { planOf } from '../../support/stack-fixture.ts';

const plan = (more: string) => planOf(`name: alpha\nvip: 198.18.0.100\n${more}`);
const collected = async (keys: AsyncIterable<string> | Iterable<string>): Promise<string[]> => {
  const all: string[] = [];
  for await (const key of keys) all.push(key);
  return all;
};

describe('where keys live', () => {
  test('is where the proxy sends them', async () => {
    const pool = plan('shards: [{ name: one, weight: 2 }, { name: two }]\npools: { p: { hash_tag: "{}" } }');
    const home = homeIn(poolsOf(pool)[0]);
    const { pool: served } = await memoryScene(
      ['hash_tag: "{}"'],
      ['10.0.0.1:6379:2 one', '10.0.0.2:6379:1 two'],
    );
    for (let i = 0; i < 500; i++) {
      const key = Buffer.from(i % 5 === 0 ? `{tag${i}}:x` : `key:${i * 31}`);
      assert.equal(home(key), served.routing.serverFor(key, 0, key.length)?.name);
    }
    closeScenes();
  });

  test('in a pool on one shard is there, and at random nowhere', () => {
    const pools = poolsOf(
      plan('shards: 2\npools: { a: { shards: [shard-2] }, r: { listen: 6380, distribution: random } }'),
    );
    const homes = pools.map((pool) => homeIn(pool)(Buffer.from('k')));
    assert.deepEqual(homes, ['shard-2', undefined]);
  });
});

describe('how keys are spread', () => {
  test('names that differ in their last letters only live together with fnv1a_64, and are pointed at', async () => {
    const [spread] = await spreadOf(
      poolsOf(plan('shards: 2\n')),
      Array.from({ length: 100 }, (_, i) => `user:${i}`),
    );
    assert.equal(Math.max(...spread.shards.map(({ share }) => share)), 1);
    assert.match(
      spreadText(spread),
      /has 100\.0 % of these keys\. The largest share with another hash: \w+ 5\d\.\d %/,
    );
    const [even] = await spreadOf(
      poolsOf(plan('shards: 2\npools: { p: { hash: murmur } }')),
      keyNames('user:*'),
    );
    assert.ok(even.shards.every(({ share }) => Math.abs(share - 0.5) < 0.1));
    assert.doesNotMatch(spreadText(even), /largest share/);
    const [tagged] = await spreadOf(poolsOf(plan('shards: 2\n')), keyNames('{t}*'));
    assert.match(spreadText(tagged), /has 100\.0 % of these keys\. No hash spreads them better/);
  });

  test('what is no file is a pattern, or a mistake', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'twemstack-keys-'));
    try {
      const file = join(folder, 'keys');
      writeFileSync(file, 'one\r\n\ntwo words\n');
      assert.deepEqual(await collected(keyNames(file)), ['one', 'two words']);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
    assert.deepEqual((await collected(keyNames('a*b*'))).slice(9, 11), ['a9b9', 'a10b10']);
    assert.throws(() => keyNames('/nowhere/keys'), /there is no file/);
  });
});
