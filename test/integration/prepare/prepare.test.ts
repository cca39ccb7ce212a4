import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, before, describe, test } from 'node:test';
import { engineConflicts } from '../../../scripts/prepare/conflicts.ts';
import { type Environment, isUsable, readEnvironment } from '../../../scripts/prepare/environment.ts';
import { prepare, readOrPrepare } from '../../../scripts/prepare/prepare.ts';
import { type Reporter, SILENT } from '../../../scripts/report/steps.ts';
import { Home } from '../../../scripts/stack/home.ts';
import { startTestEngine, type TestEngine } from '../../support/engine.ts';
import { planOf } from '../../support/stack-fixture.ts';

const plan = planOf('name: tprep\nvip: 198.18.77.100\nnetwork: 198.18.77.0/24\n');
const LABEL = 'twemstack.stack=tprep';

describe('prepare', () => {
  const root = mkdtempSync(join(tmpdir(), 'tw-prepare-'));
  const home = new Home(join(root, 'home'));
  const dockerHost = process.env.DOCKER_HOST;
  let engine: TestEngine;
  let first: Environment;

  before(async () => {
    engine = await startTestEngine();
    process.env.DOCKER_HOST = engine.dockerHost;
    first = await run();
  });
  afterEach(async () => {
    await engine.run(['sh', '-c', 'docker rm -f $(docker ps -aq)']);
    await engine.run(['docker', 'network', 'prune', '-f']);
    await engine.run(['docker', 'volume', 'rm', `${plan.members[0].name}-data`]);
  });
  after(async () => {
    if (dockerHost === undefined) delete process.env.DOCKER_HOST;
    else process.env.DOCKER_HOST = dockerHost;
    await engine.stop();
    rmSync(root, { recursive: true, force: true });
  });

  const run = (reporter: Reporter = SILENT, where = home): Promise<Environment> =>
    prepare({ home: where, plan, provider: 'bundled' }, reporter);

  async function docker(...args: string[]): Promise<void> {
    const { exitCode, stderr } = await engine.run(['docker', ...args]);
    assert.equal(exitCode, 0, stderr);
  }

  test('finds everything a deployment needs, and it is really there', async () => {
    assert.equal(first.engine?.address, engine.dockerHost);
    assert.match(first.terraform.version, /^1\./);
    assert.equal(first.provider.mode, 'bundled');
    for (const { name, contextDir, base } of Object.values(first.images)) {
      assert.match(name, /^twemstack\/(redis|proxy|edge|monitor):[0-9a-f]{12}$/);
      assert.ok(existsSync(join(contextDir, 'Dockerfile')), contextDir);
      assert.equal(base, first.baseImage.name);
    }
    assert.ok(existsSync(join(first.images.proxy.contextDir, 'nutcracker')));
    assert.ok(isUsable(first));
  });

  test('the second run finds the same, changes nothing, and takes no second', async () => {
    const started = Date.now();
    const second = await run();
    assert.ok(Date.now() - started < 5000);
    assert.deepEqual(second, { ...first, engine: { ...first.engine, origin: 'running' } });
  });

  test('a folder that an older version kept is taken over, which is said once; so is what follows', async () => {
    const file = join(home.private, 'made-by.json');
    writeFileSync(file, '{"format":1,"version":"0.0.9"}');
    const notes: string[] = [];
    const reporter = { ...SILENT, note: (sentence: string) => void notes.push(sentence) };
    await run(reporter);
    assert.match(
      notes[0],
      /^what is kept here was written by twemstack 0\.0\.9, this is \d+\.\d+\.\d+: .*containers are replaced, one domain at a time$/,
    );
    assert.doesNotMatch(readFileSync(file, 'utf8'), /0\.0\.9/);
    notes.length = 0;
    await run(reporter);
    assert.doesNotMatch(notes.join(), /was written by/);
  });

  test('every step says what it found, the last sentence says what the world is like', async () => {
    const told: string[] = [];
    await run({
      note: (sentence) => void told.push(sentence),
      step: async (name, work) =>
        work({ progress: () => undefined, outcome: (sentence) => void told.push(`${name}: ${sentence}`) }),
    });
    const steps = ['system', 'terraform', 'engine', 'conflicts', 'base image', 'provider', 'images'];
    assert.deepEqual(
      told.slice(0, -1).map((line) => line.split(':')[0]),
      steps,
    );
    assert.match(told.at(-1) ?? '', /^(partly offline|offline): .*bundled provider/);
  });

  test('what was found is private, holds no path of this home, and moves with it', async () => {
    const text = readFileSync(join(home.private, 'environment.json'), 'utf8');
    assert.ok(!text.includes(home.root), text);
    const moved = new Home(join(root, 'moved'));
    renameSync(home.root, moved.root);
    try {
      const found = await readOrPrepare(moved, SILENT);
      assert.ok(found.images.redis.contextDir.startsWith(moved.root));
      assert.equal(found.images.redis.name, first.images.redis.name);
      assert.ok(isUsable(found));
    } finally {
      renameSync(moved.root, home.root);
    }
  });

  test('a damaged environment file is as good as none', async () => {
    const other = new Home(join(root, 'other'));
    other.privateDir(other.private);
    writeFileSync(join(other.private, 'environment.json'), '{"format":1,"engine":');
    assert.equal(readEnvironment(other), undefined);
    const found = await readOrPrepare(other, SILENT);
    assert.equal(found.images.edge.name, first.images.edge.name);
    assert.deepEqual(readEnvironment(other)?.images, found.images);
  });

  test('in the way: all named at once, nothing made, nothing touched, exit 3', async () => {
    const [one, two] = plan.members;
    const { name: image } = first.baseImage;
    await docker('network', 'create', '--subnet=198.18.77.128/25', 'strangers');
    await docker('create', '--name', one.name, image);
    await docker('create', '--name', two.name, '--label', 'twemstack.stack=another', image);
    await docker('volume', 'create', `${one.name}-data`);
    const fresh = new Home(join(root, 'fresh'));
    await assert.rejects(run(SILENT, fresh), (error: Error & { exitCode?: number }) => {
      assert.equal(error.exitCode, 3);
      assert.match(error.message, /overlaps the Docker network "strangers"/);
      for (const name of [one.name, two.name, `${one.name}-data`])
        assert.ok(error.message.includes(`"${name}"`), name);
      assert.match(error.message, /nothing was changed/);
      return true;
    });
    assert.ok(!existsSync(fresh.private), 'nothing was written');
    const { stdout } = await engine.run(['docker', 'ps', '-a', '--format={{.Names}}']);
    assert.deepEqual(stdout.split('\n').sort(), [one.name, two.name].sort());
  });

  test('what is the stack’s own is not in the way; a stranger on its addresses is', async () => {
    const { name, subnet, gateway } = plan.front;
    const [one] = plan.edges;
    const { name: image } = first.baseImage;
    await docker('network', 'create', `--subnet=${subnet}`, `--gateway=${gateway}`, `--label=${LABEL}`, name);
    await docker(
      'run',
      '-d',
      `--name=${one.name}`,
      `--label=${LABEL}`,
      `--net=${name}`,
      `--ip=${one.frontAddress}`,
      image,
      'sleep',
      '60',
    );
    assert.deepEqual(await engineConflicts(plan, engine.docker), []);
    await docker('run', '-d', '--name=squatter', `--net=${name}`, `--ip=${plan.vip}`, image, 'sleep', '60');
    const [conflict, ...others] = await engineConflicts(plan, engine.docker);
    assert.deepEqual(others, []);
    assert.match(conflict.what, /"squatter" has 198\.18\.77\.100, the address of the virtual IP/);
  });
});
