import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { demandConsent, NO_CONSENT } from '../../../scripts/data/consent.ts';
import type { DataEdit } from '../../../scripts/data/data-edit.ts';
import { bytesText } from '../../../scripts/data/data-text.ts';
import { keptVolumes, surplusVolumes } from '../../../scripts/data/volumes.ts';
import { InputError } from '../../../scripts/errors.ts';
import { Home } from '../../../scripts/stack/home.ts';
import { stateDir, stateFile } from '../../../scripts/stack/terraform-state.ts';
import { inTemporaryFolder, planOf } from '../../support/stack-fixture.ts';

const HEAD = 'name: alpha\nvip: 198.18.0.100\n';
const VOLUMES = ['shard-1', 'shard-2', 'sentinel'].flatMap((shard) =>
  ['a', 'b', 'c'].map((domain) => `alpha-${shard}-${domain}-data`),
);
const existing = new Map(VOLUMES.map((name) => [name, 'alpha']));
const surplus = (edit: string): string[] => surplusVolumes(planOf(HEAD + edit), existing);

const editOf = (volumes: readonly string[]): DataEdit => ({
  surplus: volumes.map((volume) => ({ volume, keys: 7, bytes: 12_345, lastWritten: 0 })),
  moves: [],
  outOfReach: [],
  former: undefined,
  notes: [],
});

function refusal(edit: DataEdit, removeData: readonly string[] = []): InputError {
  try {
    demandConsent(planOf(HEAD), edit, { ...NO_CONSENT, removeData });
  } catch (error) {
    assert.ok(error instanceof InputError);
    return error;
  }
  assert.fail('nothing was refused');
}

describe('data that a stack file has no place for', () => {
  for (const [edit, count] of [
    ['', 0],
    ['shards: 1', 3],
    ['replicas: 1', 2],
    ['shards: [one, shard-2]', 3],
    ['domains: [a, b, d]', 3],
    ['domains: [x, y, z]', 9],
    ['domains: [a, b, c, d]', 0],
    ['network: 198.18.0.0/25', 0],
  ] as const) {
    test(`${edit || 'no edit'}: ${count} volumes`, () => assert.equal(surplus(edit).length, count));
  }

  test('a stack of another name: none of them are its own', () => {
    assert.deepEqual(surplusVolumes(planOf('name: beta\nvip: 198.18.0.100\n'), existing), []);
  });

  test('is refused with what it holds, and with the words that would agree', () => {
    const error = refusal(editOf(['alpha-shard-3-a-data']));
    assert.equal(error.exitCode, 2);
    assert.match(error.message, /alpha-shard-3-a-data +7 +12 kB +1970-01-01T00:00:00Z/);
    assert.match(error.remedy ?? '', /--remove-data alpha-shard-3-a$/);
  });

  test('goes when it is named by volume, member, shard or domain; what is not named is refused still', () => {
    const volumes = ['alpha-shard-3-a-data', 'alpha-shard-3-d-data', 'alpha-sentinel-d-data'];
    const going = (...removeData: string[]): string[] =>
      demandConsent(planOf(HEAD), editOf(volumes), { removeData, movesKeys: false }).map(
        ({ volume }) => volume,
      );
    assert.deepEqual(going('shard-3', 'sentinel'), volumes);
    assert.deepEqual(going('alpha-shard-3-a', 'd'), volumes);
    assert.match(refusal(editOf(volumes), ['d']).message, /no place for 1 data volumes/);
  });

  test('a name that is none of theirs is a mistake, above all one of data that has its place', () => {
    assert.match(refusal(editOf([]), ['shard-1']).message, /--remove-data shard-1: there is no data/);
    assert.match(refusal(editOf(['alpha-x-a-data']), ['shard-1']).remedy ?? '', /such data is of: alpha-x-a/);
  });

  test('stays in terraform’s configuration for as long as it is in its state', async () => {
    await inTemporaryFolder((root) => {
      const home = new Home(root);
      home.privateDir(stateDir(home, 'alpha'));
      const instances = VOLUMES.filter((name) => /-a-/.test(name)).map((name) => ({ attributes: { name } }));
      const state = { version: 4, resources: [{ type: 'docker_volume', instances }] };
      writeFileSync(stateFile(home, 'alpha', 'alpha-a-data'), JSON.stringify(state));
      const kept = keptVolumes(home, planOf(`${HEAD}shards: 1`), () => true);
      assert.deepEqual(kept.get('alpha-a-data'), ['alpha-shard-2-a-data']);
      assert.deepEqual(kept.get('alpha-b-data'), []);
      const gone = keptVolumes(home, planOf(`${HEAD}shards: 1`), () => false);
      assert.deepEqual(gone.get('alpha-a-data'), []);
    });
  });

  test('sizes are said in words that can be read', () => {
    assert.deepEqual([0, 999, 3400, 12_345, 27e6, 5.5e12].map(bytesText), [
      '0 B',
      '999 B',
      '3.4 kB',
      '12 kB',
      '27 MB',
      '5.5 TB',
    ]);
  });
});
