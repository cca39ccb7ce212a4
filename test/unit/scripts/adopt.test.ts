import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import type Docker from 'dockerode';
import { writeSeeds } from '../../../scripts/deploy/synth.ts';
import { NotSoError } from '../../../scripts/errors.ts';
import { adopt } from '../../../scripts/rotation/adopt.ts';
import { newPassword, type StoredCredentials, writeStored } from '../../../scripts/stack/credentials.ts';
import { Home } from '../../../scripts/stack/home.ts';
import { ACCOUNTS, type Account } from '../../../topology/types.ts';
import { defaultPlan, inTemporaryFolder, planOf } from '../../support/stack-fixture.ts';

const plan = planOf('name: alpha\nvip: 198.18.0.100\nmonitoring: on\n');
/** Of a stack that is down: there is no container to ask. */
const engine = { listContainers: async () => [] } as unknown as Docker;

const passwords = Object.fromEntries(ACCOUNTS.map((account) => [account, newPassword()])) as Record<
  Account,
  string
>;

/** What is found when the files of a deployment with `stored` were rendered here, and `lost` of them are gone. */
function found(
  stored: StoredCredentials,
  lost: readonly string[] = [],
  backup?: StoredCredentials,
  of = plan,
) {
  return inTemporaryFolder((root) => {
    const home = new Home(root);
    writeStored(home, 'alpha', stored);
    writeSeeds(home, of, stored.passwords);
    for (const member of lost) rmSync(join(home.stack('alpha'), 'seed', member), { recursive: true });
    return adopt(home, of, engine, backup);
  });
}

describe('passwords whose file is lost', () => {
  test('are found among the files of the members; that of operator is drawn anew', async () => {
    const { stored, drawn, membersExist } = await found({ passwords, rotating: {} });
    assert.deepEqual(drawn, ['operator']);
    assert.equal(membersExist, false);
    const { operator, ...others } = stored.passwords;
    const { operator: before, ...expected } = passwords;
    assert.deepEqual(others, expected);
    assert.notEqual(operator, before);
  });

  test('that no member has are drawn anew and named', async () => {
    const { drawn, stored } = await found(
      { passwords, rotating: {} },
      plan.proxies.map(({ name }) => name),
    );
    assert.deepEqual(drawn, ['application', 'operator', 'proxy']);
    assert.equal(stored.passwords.replication, passwords.replication);
  });

  test('of an account that no member ever heard of are not missed', async () => {
    const { drawn } = await found({ passwords, rotating: {} }, [], undefined, defaultPlan());
    assert.deepEqual(drawn, ['operator']);
  });

  test('of which two are good stay both good', async () => {
    const other = newPassword();
    const { stored } = await found({ passwords, rotating: { application: { phase: 'use', other } } });
    assert.equal(stored.passwords.application, passwords.application);
    assert.deepEqual(stored.rotating, { application: { phase: 'use', other } });
  });

  test('come from a backup when the members know it, and not when they do not', async () => {
    const right = { passwords, rotating: {} };
    assert.deepEqual((await found(right, [], right)).stored, right);
    const wrong = { passwords: { ...passwords, operator: newPassword() }, rotating: {} };
    await assert.rejects(found(right, [], wrong), (error: Error) => {
      assert.ok(error instanceof NotSoError);
      assert.match(error.message, /the members know other passwords of operator than that file has/);
      return true;
    });
  });
});
