import assert from 'node:assert/strict';
import { cpSync, mkdirSync, readdirSync, readFileSync, symlinkSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { Container } from '@cdktf/provider-docker/lib/container/index.js';
import { DockerProvider } from '@cdktf/provider-docker/lib/provider/index.js';
import { App, TerraformStack } from 'cdktf';
import { CHECKOUT } from '../../../scripts/stack/home.ts';
import { synthStacks } from '../../../stacks/main.ts';
import { RedisService } from '../../../stacks/redis-service.ts';
import { defaultPlan, inputsOf, inTemporaryFolder, planOf } from '../../support/stack-fixture.ts';

const synthesised = (outdir: string): Record<string, string> =>
  Object.fromEntries(
    readdirSync(join(outdir, 'stacks')).map((stack) => [
      stack,
      readFileSync(join(outdir, 'stacks', stack, 'cdk.tf.json'), 'utf8'),
    ]),
  );

describe('RedisService', () => {
  test('in an app with other stacks its own are the same, to the byte, as those of `twemstack synth`', () =>
    inTemporaryFolder((dir) => {
      synthStacks(inputsOf(defaultPlan()), join(dir, 'alone'));
      const app = new App({ outdir: join(dir, 'beside') });
      const service = new RedisService(app, 'redis', inputsOf(defaultPlan()));
      const shop = new TerraformStack(app, 'shop');
      shop.addDependency(service.network);
      app.synth();
      const { shop: theirs, ...ours } = synthesised(join(dir, 'beside'));
      assert.ok(theirs);
      assert.deepEqual(ours, synthesised(join(dir, 'alone')));
    }));

  test('tells a container of the app where the service is', () =>
    inTemporaryFolder((outdir) => {
      const app = new App({ outdir });
      const plan = planOf('name: alpha\nvip: 198.18.0.100\npools: { main: {}, jobs: { listen: 6380 } }\n');
      const service = new RedisService(app, 'redis', inputsOf(plan));
      const { host, port, network } = service.endpoint('jobs');
      const shop = new TerraformStack(app, 'shop');
      new DockerProvider(shop, 'docker', {});
      new Container(shop, 'web', {
        name: 'web',
        image: 'shop',
        env: [`REDIS=${host}:${port}`],
        networksAdvanced: [{ name: network }],
      });
      app.synth();
      const { resource } = JSON.parse(synthesised(outdir).shop);
      assert.deepEqual(resource.docker_container.web.env, ['REDIS=198.18.0.100:6380']);
      assert.deepEqual(resource.docker_container.web.networks_advanced, [{ name: 'alpha' }]);
      assert.throws(() => service.endpoint('jobz'), /there is no pool "jobz"; the pools are main, jobs/);
    }));

  test('domains wait for their data and for the network, and not for each other', () =>
    inTemporaryFolder((outdir) => {
      const service = new RedisService(new App({ outdir }), 'redis', inputsOf(defaultPlan()));
      for (const { members, data } of service.domains)
        assert.deepEqual(members.dependencies, [service.network, data]);
    }));

  test('an app that writes elsewhere than the paths of the service suit is refused, with both folders', () =>
    inTemporaryFolder((dir) => {
      const app = new App({ outdir: join(dir, 'there') });
      assert.throws(
        () => new RedisService(app, 'redis', inputsOf(defaultPlan(), { outdir: join(dir, 'here') })),
        (error: Error) =>
          error.message.includes(join(dir, 'there')) && error.message.includes(join(dir, 'here')),
      );
    }));

  test('two copies of cdktf in one tree are told, and how to get rid of one', () =>
    inTemporaryFolder((dir) => {
      const modules = join(dir, 'node_modules');
      mkdirSync(modules);
      cpSync(join(CHECKOUT, 'node_modules/cdktf'), join(modules, 'cdktf'), { recursive: true });
      symlinkSync(join(CHECKOUT, 'node_modules/constructs'), join(modules, 'constructs'));
      const other = createRequire(join(dir, 'app.js'))('cdktf') as typeof import('cdktf');
      assert.throws(
        () => new RedisService(new other.App({ outdir: join(dir, 'out') }), 'redis', inputsOf(defaultPlan())),
        /another copy of cdktf .*`npm ls cdktf`.*`npm dedupe`/,
      );
    }));
});
