import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { findDrift } from '../../../scripts/doctor/find-drift.ts';
import { parseHost } from '../../../scripts/doctor/gather.ts';
import { damagedFiles } from '../../../scripts/doctor/mend-files.ts';
import { parseVitals } from '../../../scripts/doctor/vitals.ts';
import { faultsFile } from '../../../scripts/drill/noted-faults.ts';
import { renderMembers } from '../../../scripts/render/member-files.ts';
import { CHECKOUT, Home } from '../../../scripts/stack/home.ts';
import { stateDir, stateFile } from '../../../scripts/stack/terraform-state.ts';
import { defaultPlan, inTemporaryFolder, TEST_CREDENTIALS } from '../../support/stack-fixture.ts';
import { wellContainer } from '../../support/well-stack.ts';

const plan = defaultPlan();

test('without an engine it says so with a remedy, tells of what is here all the same, and ends with 3', async () => {
  await inTemporaryFolder((root) => {
    const home = new Home(root);
    home.privateDir(home.stack('alpha'));
    writeFileSync(faultsFile(home, 'alpha'), '{ half');
    const args = [
      join(CHECKOUT, 'scripts/twemstack.mjs'),
      'doctor',
      '--json',
      '--file',
      join(CHECKOUT, 'stack.yaml'),
    ];
    const env = { ...process.env, DOCKER_HOST: 'unix:///nowhere/docker.sock', TWEMSTACK_HOME: root };
    const { status, stdout, stderr } = spawnSync(process.execPath, args, { env, encoding: 'utf8' });
    assert.equal(status, 3, stderr);
    const { well, verdicts } = JSON.parse(stdout) as {
      well: boolean;
      verdicts: Array<Record<string, string>>;
    };
    assert.equal(well, false);
    assert.deepEqual(
      verdicts.map(({ check }) => check),
      ['engine', 'damaged-files'],
    );
    assert.match(verdicts[0].what, /no Docker engine answers at unix:\/\/\/nowhere\/docker\.sock/);
    // It only looked.
    assert.equal(damagedFiles(home, 'alpha').length, 1);
  });
});

test('INFO as its vitals: what is not in a sentinel’s is nothing to worry about', () => {
  const at = 1_790_000_000_000;
  const vitals = parseVitals(
    `server_time_usec:${(at + 700) * 1000}\r\nmaxmemory:0\r\naof_last_write_status:err\r\nconnected_clients:3\r\n`,
    at,
    2.5,
  );
  assert.deepEqual(
    [vitals.ahead, vitals.exactTo, vitals.aofWrites, vitals.saves, vitals.clients],
    [700, 3, false, true, 3],
  );
});

test('what a member sees of its machine', () => {
  assert.deepEqual(parseHost('  5000000  9000000\n0\n'), {
    diskFree: 5_000_000,
    diskSize: 9_000_000,
    overcommit: 0,
  });
  assert.equal(parseHost('df: /data: No such file'), undefined);
});

test('files that stack.yaml makes now and that were not brought are drift; what is not known is not', async () => {
  await inTemporaryFolder((root) => {
    const home = new Home(root);
    home.privateDir(stateDir(home, 'alpha'));
    const containers = new Map(
      plan.members.map((member) => [member.name, { ...wellContainer(plan, member), startedAt: 2000 }]),
    );
    assert.equal(findDrift(home, plan, TEST_CREDENTIALS, containers), undefined);
    for (const { name, seedContainer, stack, members } of plan.domains) {
      const [proxy] = members.filter(({ role }) => role === 'proxy');
      containers.set(seedContainer, { ...wellContainer(plan, proxy), name: seedContainer, createdAt: 1000 });
      const upload = members.flatMap((member) =>
        (renderMembers(plan, TEST_CREDENTIALS).get(member.name) ?? []).map((file) => ({
          file: `/seed/${member.name}/${file.name}`,
          source_hash:
            name === 'b' && member === proxy && file.name === 'nutcracker.yml'
              ? 'before'
              : sha256(file.content),
        })),
      );
      const instances = [{ attributes: { name: seedContainer, upload } }];
      const resources = [{ mode: 'managed', type: 'docker_container', name: 'seed', instances }];
      writeFileSync(stateFile(home, 'alpha', stack), JSON.stringify({ version: 4, resources }));
    }
    assert.deepEqual(
      [...(findDrift(home, plan, TEST_CREDENTIALS, containers) ?? [])],
      [['alpha-proxy-b', ['nutcracker.yml']]],
    );
  });
});

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');
