import assert from 'node:assert/strict';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { execa } from 'execa';
import { CHECKOUT } from '../../../scripts/stack/home.ts';
import { type InstalledPackage, installedPackage } from '../../support/installed-package.ts';
import { defaultPlan, inputsOf } from '../../support/stack-fixture.ts';

/** Whoever follows the living fork writes `"cdktf": "npm:cdktn@…"`, which is this folder. */
describe('the constructs under cdktn, the fork of CDKTF', () => {
  const folder = mkdtempSync(join(tmpdir(), 'tw-cdktn-'));
  let installed: InstalledPackage;

  before(async () => {
    installed = await installedPackage();
    const modules = join(folder, 'node_modules');
    mkdirSync(join(modules, '@cdktf'), { recursive: true });
    const copy = (from: string, to: string): void =>
      cpSync(join(CHECKOUT, 'node_modules', from), join(modules, to), { recursive: true });
    copy('cdktn', 'cdktf');
    copy('@cdktf/provider-docker', '@cdktf/provider-docker');
    for (const name of ['constructs', 'yaml']) copy(name, name);
    cpSync(installed.root, join(modules, 'twemstack'), { recursive: true });
    writeFileSync(join(folder, 'package.json'), '{ "private": true, "type": "module" }');
    const inputs = inputsOf(defaultPlan());
    const data = JSON.stringify({ ...inputs, seeds: [...inputs.seeds], keptMembers: [] });
    writeFileSync(
      join(folder, 'app.js'),
      `import { App } from 'cdktf';
import { RedisService } from './node_modules/twemstack/lib/stacks/redis-service.js';
const inputs = ${data};
const app = new App({ outdir: process.argv[2] });
new RedisService(app, 'redis', { ...inputs, seeds: new Map(inputs.seeds), keptMembers: new Map() });
app.synth();
`,
    );
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  /** Terraform's JSON of every stack, but for the version that synthesised it. */
  async function synthesised(
    cwd: string,
    outdir: string,
  ): Promise<{ versions: Set<string>; stacks: object }> {
    await execa(process.execPath, ['app.js', outdir], { cwd, stdin: 'ignore', timeout: 60_000 });
    const versions = new Set<string>();
    const stacks = readdirSync(join(outdir, 'stacks')).map((stack) => {
      const text = readFileSync(join(outdir, 'stacks', stack, 'cdk.tf.json'), 'utf8');
      const document = JSON.parse(text) as { '//': { metadata: { version: string } } };
      versions.add(document['//'].metadata.version);
      document['//'].metadata.version = '';
      return [stack, document];
    });
    return { versions, stacks: Object.fromEntries(stacks) };
  }

  test('give the same configuration for terraform as under cdktf', async () => {
    const fork = await synthesised(folder, join(folder, 'fork.out'));
    const original = mkdtempSync(join(tmpdir(), 'tw-cdktf-'));
    try {
      cpSync(join(folder, 'app.js'), join(original, 'app.js'));
      writeFileSync(join(original, 'package.json'), '{ "private": true, "type": "module" }');
      cpSync(join(folder, 'node_modules'), join(original, 'node_modules'), { recursive: true });
      rmSync(join(original, 'node_modules/cdktf'), { recursive: true });
      cpSync(join(CHECKOUT, 'node_modules/cdktf'), join(original, 'node_modules/cdktf'), { recursive: true });
      const before = await synthesised(original, join(original, 'cdktf.out'));
      assert.deepEqual([...before.versions, ...fork.versions], ['0.21.0', '0.24.0']);
      assert.equal(Object.keys(fork.stacks).length, 7);
      assert.deepEqual(fork.stacks, before.stacks);
    } finally {
      rmSync(original, { recursive: true, force: true });
    }
  });
});
