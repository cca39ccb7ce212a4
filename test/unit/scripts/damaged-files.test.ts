import assert from 'node:assert/strict';
import { readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { formerRouting, recordRouting, routingFile } from '../../../scripts/data/routing-record.ts';
import { inForceFile, readInForce, recordInForce } from '../../../scripts/deploy/in-force.ts';
import { writeSeeds } from '../../../scripts/deploy/synth.ts';
import { mendFiles } from '../../../scripts/doctor/mend-files.ts';
import { FaultNotes, faultsFile, readFaults } from '../../../scripts/drill/noted-faults.ts';
import { InputError } from '../../../scripts/errors.ts';
import {
  type Environment,
  environmentFile,
  readEnvironment,
  writeEnvironment,
} from '../../../scripts/prepare/environment.ts';
import { renderNutcrackerYml } from '../../../scripts/render/nutcracker-yml.ts';
import { credentialsFile, ensureCredentials, readStored } from '../../../scripts/stack/credentials.ts';
import { recordFile, recordHosts } from '../../../scripts/stack/former-hosts.ts';
import { Home } from '../../../scripts/stack/home.ts';
import { ensureInstance, readInstance } from '../../../scripts/stack/instance.ts';
import { attributesInState, stateDir, stateFile } from '../../../scripts/stack/terraform-state.ts';
import { defaultPlan, hostsPlanOf, inTemporaryFolder, THREE_HOSTS } from '../../support/stack-fixture.ts';

const plan = defaultPlan();

/** Everything below .twemstack as a deployment leaves it. */
function deployed(root: string): Home {
  const home = new Home(root);
  const credentials = ensureCredentials(home, 'alpha');
  const instance = ensureInstance(home, 'alpha');
  writeSeeds(home, plan, credentials);
  recordInForce(home, 'alpha', { m: { container: 'c', startedAt: 1, files: { 'facts.env': 'f' } } });
  new FaultNotes(home, 'alpha').add('hang-master', {
    what: 'm is frozen',
    remedy: { kind: 'thaw', member: 'm' },
  });
  recordRouting(home, 'alpha', renderNutcrackerYml(plan));
  recordHosts(home, hostsPlanOf(THREE_HOSTS), new Set(['a', 'b', 'c']), root);
  writeEnvironment(home, {
    engine: {},
    terraform: { path: '/usr/bin/terraform', env: {} },
    provider: { mode: 'bundled', mirror: home.mirror },
    baseImage: {},
    images: {},
  } as unknown as Environment);
  home.privateDir(stateDir(home, 'alpha'));
  for (const id of ['old', 'new']) {
    const attributes = { id, labels: [{ label: 'twemstack.instance', value: instance }] };
    const resources = [{ type: 'docker_container', instances: [{ attributes }] }];
    const path = stateFile(home, 'alpha', 'alpha-a') + (id === 'old' ? '.backup' : '');
    writeFileSync(path, JSON.stringify({ version: 4, resources }));
  }
  return home;
}

const DAMAGE: ReadonlyArray<readonly [string, (path: string) => void]> = [
  ['missing', (path) => rmSync(path)],
  ['empty', (path) => writeFileSync(path, '')],
  ['half', (path) => writeFileSync(path, readFileSync(path).subarray(0, statSync(path).size / 2))],
  ['zeros', (path) => writeFileSync(path, Buffer.alloc(statSync(path).size))],
  ['another document', (path) => writeFileSync(path, '[1, "x", null]')],
  ['a document of nothing', (path) => writeFileSync(path, 'null')],
  ['the right kind with the wrong inside', (path) => writeFileSync(path, '{"x": {"y": 1}, "rotating": 5}')],
];

const EXPENDABLE: ReadonlyArray<readonly [string, (home: Home) => string]> = [
  ['environment.json', environmentFile],
  ['in-force.json', (home) => inForceFile(home, 'alpha')],
  ['drill-faults.json', (home) => faultsFile(home, 'alpha')],
  ['routing.yml', (home) => routingFile(home, 'alpha')],
  ['hosts.json', (home) => recordFile(home, 'alpha')],
  ['instance', (home) => join(home.stack('alpha'), 'instance')],
  ['a state of terraform', (home) => stateFile(home, 'alpha', 'alpha-a')],
];

for (const [damage, inflict] of DAMAGE) {
  describe(`a file that is ${damage}`, () => {
    for (const [name, pathOf] of EXPENDABLE) {
      test(`${name}: is done without, and that is said with its path`, async () => {
        await inTemporaryFolder(async (root) => {
          const home = deployed(root);
          const [instance, path] = [readInstance(home, 'alpha'), pathOf(home)];
          inflict(path);
          const said = mendFiles(home, 'alpha');
          const silent = damage === 'missing' || (damage === 'empty' && path.endsWith('.tfstate'));
          assert.equal(said.length, silent ? 0 : 1, said.join());
          if (!silent) assert.ok(said[0].startsWith(`${path} was damaged`), said[0]);
          assert.deepEqual(mendFiles(home, 'alpha'), []);
          assert.equal(ensureInstance(home, 'alpha'), instance);
          recordInForce(home, 'alpha', { n: { container: 'd', startedAt: 2, files: {} } });
          assert.equal(readInForce(home, 'alpha').n?.container, 'd');
          assert.ok(await formerRouting(home, 'alpha', undefined));
          assert.equal(readFaults(home, 'alpha').length, name === 'drill-faults.json' ? 0 : 1);
          const ids = attributesInState<{ id: string }>(home, 'alpha', 'alpha-a', 'docker_container');
          const left = name === 'a state of terraform' ? (silent ? [] : ['old']) : ['new'];
          assert.deepEqual(
            ids.map(({ id }) => id),
            left,
          );
          assert.equal(readEnvironment(home) === undefined, name === 'environment.json');
        });
      });
    }

    test('credentials.json: is refused by its path with the way back, and stays as it is', async () => {
      await inTemporaryFolder((root) => {
        const home = deployed(root);
        const path = credentialsFile(home, 'alpha');
        inflict(path);
        if (damage === 'missing') return assert.equal(readStored(home, 'alpha'), undefined);
        const before = readFileSync(path);
        assert.throws(
          () => ensureCredentials(home, 'alpha'),
          (error: Error) =>
            error instanceof InputError && error.where === path && /secret adopt/.test(error.remedy ?? ''),
        );
        assert.deepEqual(mendFiles(home, 'alpha'), []);
        assert.deepEqual(readFileSync(path), before);
      });
    });

    test('a rendered file: is written again', async () => {
      await inTemporaryFolder((root) => {
        const home = deployed(root);
        const path = join(home.stack('alpha'), 'seed/alpha-shard-1-a/redis.conf');
        const before = readFileSync(path);
        inflict(path);
        writeSeeds(home, plan, ensureCredentials(home, 'alpha'));
        assert.deepEqual(readFileSync(path), before);
      });
    });
  });
}
