import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { demandConsent, NO_CONSENT } from '../../../scripts/data/consent.ts';
import { counted, placeIn } from '../../../scripts/data/contents.ts';
import { dataEditText } from '../../../scripts/data/data-text.ts';
import { droppedDatabases, outOfReach } from '../../../scripts/data/out-of-reach.ts';
import { InputError } from '../../../scripts/errors.ts';
import { renderNutcrackerYml } from '../../../scripts/render/nutcracker-yml.ts';
import { renderRedisFacts, renderSentinelFacts } from '../../../sentinel/facts.ts';
import { hostsPlanOf, planOf, THREE_HOSTS } from '../../support/stack-fixture.ts';

const HEAD = 'name: alpha\nvip: 198.18.0.100\nshards: 2\n';
const poolFile = (pools: string): string => renderNutcrackerYml(planOf(`${HEAD}pools: { ${pools} }`));
const dropped = (before: string, after: string) => droppedDatabases(poolFile(before), poolFile(after));
const holds = (volume: string, keyspace: string | undefined) => ({ volume, ...counted(keyspace) });

describe('databases that a pool gives up', () => {
  test('are those above a lower number, of the pool alone whose number it is', () => {
    const [found, ...others] = dropped(
      'one: { listen: 6379 }, two: { listen: 6380 }',
      'one: { listen: 6379, databases: 3 }, two: { listen: 6380 }',
    );
    assert.deepEqual([found.pool, found.databases.at(0), found.databases.at(-1)], ['one', 3, 15]);
    assert.deepEqual(found.shards, ['shard-1', 'shard-2']);
    assert.deepEqual(others, []);
  });

  test('are none where the number grows, or all keys move and are told as such', () => {
    assert.deepEqual(dropped('one: { databases: 3 }', 'one: { databases: 4 }'), []);
    assert.deepEqual(dropped('one: { databases: 3 }', 'one: { redis_db: 1 }'), []);
  });

  test('are all but one of a pool beside which another comes that names its own', () => {
    const [{ pool, databases }] = dropped(
      'one: { listen: 6379 }',
      'one: { listen: 6379 }, two: { listen: 6380, redis_db: 5 }',
    );
    assert.deepEqual([pool, databases.length], ['one', 15]);
  });
});

describe('keys out of reach', () => {
  const given = dropped('one: { databases: 4 }', 'one: { databases: 2 }');
  const FULL = '# Keyspace\r\ndb0:keys=70,expires=0,avg_ttl=0\r\ndb3:keys=7,expires=1,avg_ttl=5\r\n';

  test('are counted over the shards, of each by the member that has most; an empty database costs nobody anything', () => {
    const contents = [
      holds('alpha-shard-1-a-data', FULL),
      holds('alpha-shard-1-b-data', '# Keyspace\r\ndb3:keys=5,expires=0,avg_ttl=0\r\n'),
      holds('alpha-shard-1-c-data', undefined),
      holds('alpha-shard-2-a-data', FULL),
    ];
    assert.deepEqual(outOfReach('alpha', given, contents), [{ pool: 'one', database: 3, keys: 14 }]);
    const empty = contents.map(({ volume }) => holds(volume, '# Keyspace\r\n'));
    assert.deepEqual(outOfReach('alpha', given, empty), []);
  });

  test('may be there when a shard cannot be asked', () => {
    const contents = [holds('alpha-shard-1-a-data', '# Keyspace\r\n')];
    assert.deepEqual(
      outOfReach('alpha', given, contents).map(({ database, keys }) => [database, keys]),
      [
        [2, undefined],
        [3, undefined],
      ],
    );
  });

  test('are refused with their number and the way back, and go on with --moves-keys', () => {
    const edit = {
      surplus: [],
      moves: [],
      outOfReach: [{ pool: 'one', database: 3, keys: 14 }],
      former: undefined,
      notes: [],
    };
    const plan = planOf(HEAD);
    assert.throws(
      () => demandConsent(plan, edit, NO_CONSENT),
      (error: InputError) => {
        assert.ok(error instanceof InputError);
        assert.equal(error.exitCode, 2);
        assert.match(
          error.message,
          /out of reach, in databases .*; nothing was changed\n\npool one: database 3: 14 keys\n/,
        );
        assert.match(
          error.remedy ?? '',
          /^set pools\.one\.databases to 4 or more; or agree with --moves-keys/,
        );
        return true;
      },
    );
    assert.deepEqual(demandConsent(plan, edit, { removeData: [], movesKeys: true }), []);
    assert.match(dataEditText(edit), /refused without --moves-keys\):\npool one: database 3: 14 keys/);
  });
});

test('a member that the plan has no longer is asked where its own facts say that it listens', () => {
  const plan = hostsPlanOf(THREE_HOSTS);
  const [{ members }] = plan.shards;
  assert.deepEqual(placeIn(renderRedisFacts(plan, members[1])), { address: '10.0.0.12', port: 7020 });
  assert.deepEqual(placeIn(renderSentinelFacts(plan, plan.sentinels[0])), {
    address: '10.0.0.11',
    port: 7002,
  });
  assert.equal(placeIn(undefined), undefined);
});
