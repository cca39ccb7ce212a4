import assert from 'node:assert/strict';
import { readdirSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, afterEach, before, describe, test } from 'node:test';
import {
  chooseBaseImage,
  hasImage,
  IMPORT_REPOSITORY,
  REGISTRY_IMAGE,
} from '../../../scripts/prepare/base-image.ts';
import { cacheFolder, debianRoot, SUITE } from '../../../scripts/prepare/debian-base.ts';
import { startTestEngine, type TestEngine } from '../../support/engine.ts';
import { type ImageRegistry, startImageRegistry } from '../../support/image-registry.ts';
import { recordingStep } from '../../support/recording-step.ts';

const [REPOSITORY, TAG] = REGISTRY_IMAGE.split(':');
/** The tests' own cache: made once, since making it takes half a minute and downloads Debian's packages. */
const CACHE = join(cacheFolder(), 'test-base');

/** A real engine whose registry is a server of the test; nothing depends on what this machine reaches. */
describe('base image', () => {
  let registry: ImageRegistry;
  let engine: TestEngine;

  before(async () => {
    registry = await startImageRegistry(`library/${REPOSITORY}`, TAG);
    engine = await startTestEngine(join(cacheFolder(), 'test-engine-registry'), {
      arguments: (gateway) => [`--registry-mirror=http://${gateway}:${registry.port}`],
    });
    await removeBases();
  });
  afterEach(() => removeBases());
  after(async () => {
    await engine.stop();
    await registry.stop();
  });

  async function removeBases(): Promise<void> {
    for (const { RepoTags } of await engine.docker.listImages()) {
      for (const tag of RepoTags ?? []) await engine.docker.getImage(tag).remove({ force: true });
    }
  }
  const choose = (previous?: string, patience = 10_000) => {
    const step = recordingStep();
    const options = { previous, cache: CACHE, registryPatienceMs: patience };
    return chooseBaseImage(engine.docker, step, options);
  };

  test('a registry that answers: pulled, and asked no second time', async () => {
    assert.deepEqual(await choose(), { name: REGISTRY_IMAGE, origin: 'registry' });
    const asked = registry.requests.length;
    assert.ok(asked > 0);
    assert.deepEqual(await choose(), { name: REGISTRY_IMAGE, origin: 'local' });
    assert.equal(registry.requests.length, asked);
  });

  test('what an earlier run chose is kept while the engine has it, and replaced when it has not', async () => {
    await choose();
    await engine.docker.getImage(REGISTRY_IMAGE).tag({ repo: IMPORT_REPOSITORY, tag: 'earlier' });
    const earlier = `${IMPORT_REPOSITORY}:earlier`;
    assert.deepEqual(await choose(earlier), { name: earlier, origin: 'kept' });
    assert.equal((await choose(`${IMPORT_REPOSITORY}:gone`)).name, REGISTRY_IMAGE);
  });

  test('a registry that hangs is given up in time; the base is made from Debian’s packages and works', async () => {
    await debianRoot('amd64', recordingStep(), CACHE);
    registry.hang();
    const asked = registry.requests.length;
    const started = Date.now();
    const choice = await choose(undefined, 1500);
    assert.ok(registry.requests.length > asked, 'the registry was asked');
    assert.ok(Date.now() - started < 30_000, 'it was not waited for');
    assert.equal(choice.origin, 'import');
    assert.match(choice.name, new RegExp(`^${IMPORT_REPOSITORY}:${SUITE}-[0-9a-f]{12}$`));
    const ran = await engine.run([
      'docker',
      'run',
      '--rm',
      '--network=none',
      choice.name,
      'cat',
      '/etc/os-release',
    ]);
    assert.match(ran.stdout, /VERSION_CODENAME=bookworm/, ran.stderr);
    const again = await choose(undefined, 500);
    assert.deepEqual(again, { name: choice.name, origin: 'local' });
    assert.ok(await hasImage(engine.docker, choice.name));
  });
});

describe('the Debian root file system', () => {
  test('comes from the cache by its checksum; a damaged one is made anew', async () => {
    const first = await debianRoot('amd64', recordingStep(), CACHE);
    assert.ok(statSync(first.path).size < 150e6, 'lists, caches and documents are cut');
    assert.deepEqual(await debianRoot('amd64', recordingStep(), CACHE), { ...first, made: false });
    truncateSync(first.path, 1000);
    writeFileSync(join(CACHE, `${SUITE}-amd64.tar.1.part`), 'left by a crash');
    const mended = await debianRoot('amd64', recordingStep(), CACHE);
    assert.ok(mended.made);
    assert.deepEqual(readdirSync(CACHE).sort(), [`${SUITE}-amd64.tar`, `${SUITE}-amd64.tar.sha256`]);
  });
});
