import assert from 'node:assert/strict';
import { statSync, writeFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { InputError } from '../../../scripts/errors.ts';
import { credentialsFile, ensureCredentials, readCredentials } from '../../../scripts/stack/credentials.ts';
import { Home } from '../../../scripts/stack/home.ts';
import { inTemporaryFolder } from '../../support/stack-fixture.ts';

describe('credentials', () => {
  test('they are generated once, differ from each other, and only their owner can read them', async () => {
    await inTemporaryFolder((dir) => {
      const home = new Home(dir);
      const first = ensureCredentials(home, 'alpha');
      assert.deepEqual(ensureCredentials(home, 'alpha'), first);
      assert.equal(new Set(Object.values(first)).size, Object.keys(first).length);
      assert.equal(statSync(credentialsFile(home, 'alpha')).mode & 0o777, 0o600);
      assert.equal(statSync(home.private).mode & 0o777, 0o700);
    });
  });

  test('before the first deployment there are none', async () => {
    await inTemporaryFolder((dir) => assert.equal(readCredentials(new Home(dir), 'alpha'), undefined));
  });

  test('a damaged file is refused, naming the file and the account, and is not overwritten', async () => {
    await inTemporaryFolder((dir) => {
      const home = new Home(dir);
      ensureCredentials(home, 'alpha');
      const path = credentialsFile(home, 'alpha');
      writeFileSync(path, '{"application": "short"}');
      assert.throws(
        () => ensureCredentials(home, 'alpha'),
        (error: Error) =>
          error instanceof InputError && /"application"/.test(error.message) && error.where === path,
      );
    });
  });
});
