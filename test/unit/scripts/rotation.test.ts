import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { advance, begin, waitsForPeople } from '../../../scripts/rotation/phases.ts';
import {
  credentialsFile,
  furtherPasswords,
  readCredentials,
  readStored,
  type StoredCredentials,
  writeStored,
} from '../../../scripts/stack/credentials.ts';
import { Home } from '../../../scripts/stack/home.ts';
import { writePrivate } from '../../../scripts/stack/private-file.ts';
import { ACCOUNTS } from '../../../topology/types.ts';
import { inTemporaryFolder, TEST_CREDENTIALS } from '../../support/stack-fixture.ts';

const before: StoredCredentials = { passwords: TEST_CREDENTIALS, rotating: {} };
const OLD = TEST_CREDENTIALS.proxy;
const NEW = 'the-next-password-of-the-proxy';

/** What is presented, and what is good, in each phase until nothing is being changed any more. */
function phases(): Array<[presented: string, alsoGood: string | undefined]> {
  const seen: Array<[string, string | undefined]> = [];
  for (let now = begin(before, 'proxy', NEW); now.rotating.proxy !== undefined; now = advance(now, 'proxy'))
    seen.push([now.passwords.proxy, now.rotating.proxy.other]);
  return seen;
}

describe('changing a password', () => {
  test('what is presented was good everywhere in the phase before, and is in the next', () => {
    assert.deepEqual(phases(), [
      [OLD, NEW],
      [NEW, OLD],
      [NEW, undefined],
    ]);
  });

  test('at its end the new password alone is left, and no other account has changed', () => {
    let now = begin(before, 'proxy', NEW);
    for (let i = 0; i < 3; i++) now = advance(now, 'proxy');
    assert.deepEqual(now, { passwords: { ...TEST_CREDENTIALS, proxy: NEW }, rotating: {} });
    assert.throws(() => advance(now, 'proxy'), RangeError);
  });

  test('two accounts can be at different phases', () => {
    const both = begin(advance(begin(before, 'proxy', NEW), 'proxy'), 'operator', 'the-next-of-operator');
    assert.equal(both.rotating.proxy?.phase, 'use');
    assert.equal(both.rotating.operator?.phase, 'accept');
    assert.equal(advance(both, 'operator').rotating.proxy?.phase, 'use');
  });

  test('only applications are waited for', () => {
    assert.deepEqual(ACCOUNTS.filter(waitsForPeople), ['application']);
  });
});

describe('a change that is under way, in the credentials file', () => {
  test('is there after a crash; who only wants a password sees the one to present', () =>
    inTemporaryFolder((root) => {
      const home = new Home(root);
      writeStored(home, 'alpha', advance(begin(before, 'proxy', NEW), 'proxy'));
      assert.deepEqual(readCredentials(home, 'alpha'), { ...TEST_CREDENTIALS, proxy: NEW });
      assert.deepEqual(furtherPasswords(home, 'alpha'), { proxy: OLD });
      assert.equal(readStored(home, 'alpha')?.rotating.proxy?.phase, 'use');
    }));

  test('that makes no sense is refused, with the file’s name and without a password', () =>
    inTemporaryFolder((root) => {
      const home = new Home(root);
      for (const rotating of [
        { proxy: { phase: 'use' } },
        { proxy: { phase: 'forget', other: NEW } },
        { proxy: { phase: 'x' } },
      ]) {
        writeStored(home, 'alpha', before);
        writePrivate(credentialsFile(home, 'alpha'), JSON.stringify({ ...TEST_CREDENTIALS, rotating }));
        assert.throws(
          () => readCredentials(home, 'alpha'),
          (error: Error) => /"proxy" makes no sense/.test(error.message) && !error.message.includes(NEW),
        );
      }
    }));
});
