import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, readlinkSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { DockerProvider } from '@cdktf/provider-docker/lib/provider/index.js';
import { App, TerraformStack } from 'cdktf';
import { linkProvidersOf, synth } from '../../../scripts/deploy/synth.ts';
import { Home } from '../../../scripts/stack/home.ts';
import { RedisService } from '../../../stacks/redis-service.ts';
import { defaultPlan, inputsOf, inTemporaryFolder } from '../../support/stack-fixture.ts';

test('every stack of an app that asks for the provider of the service finds it, the application’s own too', () =>
  inTemporaryFolder((root) => {
    const home = new Home(root);
    const app = new App({ outdir: home.outdir });
    const inputs = inputsOf(defaultPlan());
    new RedisService(app, 'redis', inputs);
    const shop = new TerraformStack(app, 'shop');
    new DockerProvider(shop, 'docker', {});
    shop.addOverride('terraform.required_providers.docker', { ...inputs.provider });
    new TerraformStack(app, 'other');
    app.synth();
    const { source, version } = inputs.provider;
    const mirror = home.mirror;
    linkProvidersOf(home.outdir, { mode: 'bundled', source, version, address: source, mirror }, home);
    const linked = (stack: string): boolean =>
      existsSync(join(home.terraformDir(stack), '.terraform.lock.hcl'));
    for (const stack of ['shop', 'alpha-network', 'alpha-c-data']) assert.ok(linked(stack), stack);
    assert.ok(!linked('other'), 'it asks for no such provider');
    const link = join(home.terraformDir('shop'), 'terraform.d/plugins');
    assert.equal(join(link, '..', readlinkSync(link)), mirror);
    assert.match(
      readFileSync(join(home.terraformDir('shop'), '.terraform.lock.hcl'), 'utf8'),
      /constraints = "4\.5\.0"/,
    );
  }));

test('`cdktf synth --hcl` writes HCL alone, and the next synth JSON alone: terraform reads both, and would have everything twice', () =>
  inTemporaryFolder(async (root) => {
    const home = new Home(root);
    const inputs = { ...inputsOf(defaultPlan()), outdir: home.outdir };
    const { source, version } = inputs.provider;
    const provider = { mode: 'bundled', source, version, address: source, mirror: home.mirror } as const;
    const forms = (): string[] =>
      readdirSync(home.terraformDir('alpha-a')).filter((name) => name.startsWith('cdk.tf'));
    await synth(home, inputs, provider);
    assert.deepEqual(forms(), ['cdk.tf.json']);
    // What cdktf tells the app.
    process.env.SYNTH_HCL_OUTPUT = 'true';
    try {
      await synth(home, inputs, provider);
      assert.deepEqual(forms(), ['cdk.tf']);
      const lock = join(home.terraformDir('alpha-a'), '.terraform.lock.hcl');
      rmSync(lock);
      linkProvidersOf(home.outdir, provider, home);
      assert.ok(existsSync(lock), 'an app that is synthesised as HCL finds the provider, too');
    } finally {
      delete process.env.SYNTH_HCL_OUTPUT;
    }
    await synth(home, inputs, provider);
    assert.deepEqual(forms(), ['cdk.tf.json']);
  }));
