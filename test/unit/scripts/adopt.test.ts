import assert from 'node:assert/strict';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import type Docker from 'dockerode';
import { pack } from 'tar-stream';
import { credentialsFor } from '../../../scripts/data/credentials-for.ts';
import { writeSeeds } from '../../../scripts/deploy/synth.ts';
import { NotSoError } from '../../../scripts/errors.ts';
import { renderMembers } from '../../../scripts/render/member-files.ts';
import { adopt } from '../../../scripts/rotation/adopt.ts';
import { advance, begin } from '../../../scripts/rotation/phases.ts';
import { newPassword, type StoredCredentials, writeStored } from '../../../scripts/stack/credentials.ts';
import { Home } from '../../../scripts/stack/home.ts';
import { stateDir, stateFile } from '../../../scripts/stack/terraform-state.ts';
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

/** An engine whose containers are the members of a stack, as its files were rendered with these passwords. */
function engineWith(stored: StoredCredentials): Docker {
  const further = Object.fromEntries(
    Object.entries(stored.rotating).map(([account, { other }]) => [account, other]),
  );
  const files = renderMembers(plan, stored.passwords, further);
  return {
    listContainers: async () =>
      plan.members.map(({ name, role }) => ({ Id: name, Labels: { 'twemstack.role': role } })),
    getContainer: (id: string) => ({
      getArchive: async ({ path }: { path: string }) => {
        const archive = pack();
        const file = files.get(id)?.find(({ name }) => path.endsWith(`/${name}`));
        if (file === undefined) throw Object.assign(new Error('no such file'), { statusCode: 404 });
        archive.entry({ name: file.name }, file.content);
        archive.finalize();
        return archive;
      },
    }),
  } as unknown as Docker;
}

/** What `up` goes by where this is the file, and the members have those passwords. @param inState terraform knows them */
const goneBy = (file: StoredCredentials, members: StoredCredentials, inState = true) =>
  inTemporaryFolder((root) => {
    const home = new Home(root);
    writeStored(home, 'alpha', file);
    home.privateDir(stateDir(home, 'alpha'));
    const instances = plan.members.map(({ name }) => ({ attributes: { id: name } }));
    const resources = [{ type: 'docker_container', instances }];
    if (inState)
      writeFileSync(stateFile(home, 'alpha', 'alpha-a'), JSON.stringify({ version: 4, resources }));
    return credentialsFor(home, plan, engineWith(members));
  });

describe('a credentials file that is not of this deployment', () => {
  const whole = { passwords, rotating: {} };

  for (const account of ACCOUNTS) {
    test(`has another password of ${account}: refused before a member is told of it`, async () => {
      const changed = { passwords: { ...passwords, [account]: newPassword() }, rotating: {} };
      await assert.rejects(goneBy(changed, whole), (error: Error) => {
        assert.ok(error instanceof NotSoError);
        assert.match(error.message, new RegExp(`know other passwords of ${account} than this file has`));
        assert.match(error.where ?? '', /credentials\.json$/);
        assert.match(error.remedy ?? '', /secret rotate[\s\S]*`twemstack down`/);
        return true;
      });
    });

    test(`but one in which that of ${account} is being changed is, in each phase of it`, async () => {
      let before = whole;
      let stored: StoredCredentials = begin(whole, account, newPassword());
      while (stored.rotating[account] !== undefined) {
        for (const members of [before, stored])
          assert.deepEqual(await goneBy(stored, members), stored.passwords);
        [before, stored] = [stored as typeof whole, advance(stored, account)];
      }
      assert.deepEqual(await goneBy(stored, before), stored.passwords);
    });
  }

  test('is as good as any for containers that are made anew, for no state has them', async () => {
    const other = { passwords: { ...passwords, operator: newPassword() }, rotating: {} };
    assert.deepEqual(await goneBy(other, whole, false), other.passwords);
  });

  test('of a stack of which nothing is there is as good as any', async () => {
    await inTemporaryFolder(async (root) => {
      const home = new Home(root);
      writeStored(home, 'alpha', whole);
      assert.deepEqual(await credentialsFor(home, plan, engine), passwords);
    });
  });
});

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
