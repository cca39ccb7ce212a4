import assert from 'node:assert/strict';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { parse as parseYaml } from 'yaml';
import { CHECKOUT } from '../../scripts/stack/home.ts';
import { type InstalledPackage, installedPackage } from '../support/installed-package.ts';
import type { Ran } from '../support/netns.ts';
import type { StackRun } from '../support/stack-run.ts';
import { waitUntil } from '../support/wait-until.ts';

/** The service of examples/cdktf, as a file. */
const STACK = `name: shop
vip: 198.18.91.100
network: 198.18.91.0/24
shards: 1
pools:
  sessions: { listen: 6379 }
`;

/** On the engine of a stack that is down: a folder of somebody who has the package, a stack.yaml, and an app of CDKTF. */
export function installedTests(stackOf: () => StackRun): void {
  describe('the package in a folder of its own', () => {
    const folder = mkdtempSync(join(tmpdir(), 'tw-installed-'));
    let installed: InstalledPackage;
    let contents: string[];

    before(async () => {
      installed = await installedPackage();
      contents = readdirSync(installed.root);
      cpSync(join(CHECKOUT, 'examples/cdktf'), folder, { recursive: true });
      writeFileSync(join(folder, 'stack.yaml'), STACK);
      mkdirSync(join(folder, 'below'));
      symlinkSync(installed.modules, join(folder, 'node_modules'));
    });
    after(() => rmSync(folder, { recursive: true, force: true }));

    /** A command there, where the engine's bridges exist, as somebody types it. */
    const type = (where: string, ...command: string[]): Promise<Ran> =>
      stackOf().engine.run(['env', `--chdir=${join(folder, where)}`, '-u', 'TWEMSTACK_HOME', ...command], {
        CHECKPOINT_DISABLE: '1',
        TWEMSTACK_PROVIDER_MIRROR: process.env.TWEMSTACK_PROVIDER_MIRROR ?? '',
      });

    async function succeeds(where: string, ...command: string[]): Promise<string> {
      const { exitCode, stdout, stderr } = await type(where, ...command);
      assert.equal(exitCode, 0, `${command.join(' ')}\n${stderr}\n${stdout}`);
      return stdout;
    }

    /** Terraform in the folder of a synthesised stack. */
    const terraform = (stack: string, ...args: string[]): Promise<string> =>
      succeeds(`cdktf.out/stacks/${stack}`, 'terraform', ...args);

    test('up, from a folder below: the stack stands, and its state is beside stack.yaml', async () => {
      await succeeds('below', 'npx', 'twemstack', 'up');
      assert.equal(await succeeds('below', 'npx', 'twemstack', 'cli', 'SET', 'greeting', 'hello'), 'OK');
      assert.ok(existsSync(join(folder, '.twemstack/stacks/shop/credentials.json')));
      assert.deepEqual(readdirSync(join(folder, 'below')), []);
      assert.deepEqual(readdirSync(installed.root), contents, 'nothing was written into the package');
    });

    test('an app of CDKTF with the service as a construct has the same stacks, and one of its own beside them', async () => {
      await succeeds('.', process.execPath, 'main.mjs');
      for (const stack of ['shop-network', 'shop-a', 'shop-a-data']) {
        await terraform(stack, 'init', '-input=false');
        // 2 = there are changes
        await terraform(stack, 'plan', '-input=false', '-detailed-exitcode');
      }
      await terraform('shop-app', 'init', '-input=false');
      await terraform('shop-app', 'apply', '-input=false', '-auto-approve');
      const starts = async (): Promise<boolean> =>
        (await succeeds('.', 'npx', 'twemstack', 'cli', 'GET', 'starts')) === '1';
      await waitUntil('the application to have counted its start', starts, { withinMs: 30_000 });
      const secret = await succeeds('.', 'npx', 'twemstack', 'secret', 'application');
      for (const file of ['cdktf.out/stacks/shop-app/cdk.tf.json', 'terraform.shop-app.tfstate'])
        assert.ok(!readFileSync(join(folder, file), 'utf8').includes(secret.trim()), file);
      await terraform('shop-app', 'destroy', '-input=false', '-auto-approve');
    });

    test('down --volumes leaves nothing', async () => {
      await succeeds('.', 'npx', 'twemstack', 'down', '--volumes');
      const { docker } = stackOf().engine;
      assert.deepEqual(await docker.listContainers({ all: true }), []);
      assert.deepEqual((await docker.listVolumes()).Volumes ?? [], []);
    });

    test('the proxy alone: the example’s image has the original’s flags, and takes the example’s file', async () => {
      await succeeds('.', 'env', `--chdir=${CHECKOUT}`, 'npm', 'run', '--silent', 'build');
      const example = join(CHECKOUT, 'examples/proxy');
      const { services } = parseYaml(readFileSync(join(example, 'compose.yaml'), 'utf8')) as {
        services: { proxy: { build: string; command: string[]; volumes: string[] } };
      };
      const { build, command, volumes } = services.proxy;
      const [base] = (await stackOf().engine.docker.listImages())
        .flatMap(({ RepoTags }) => RepoTags ?? [])
        .filter((tag) => /^twemstack\/redis:/.test(tag));
      const docker = (...args: string[]): Promise<string> => succeeds('.', 'docker', ...args);
      await docker(
        'build',
        '--quiet',
        '--build-arg',
        `BASE=${base}`,
        '-t',
        'nutcracker',
        join(example, build),
      );
      const mounts = volumes.flatMap((volume) => ['-v', volume.replace('./', `${example}/`)]);
      const { stderr, exitCode } = await type(
        '.',
        ...['docker', 'run', '--rm', '--network', 'none', ...mounts, 'nutcracker', '-t', ...command],
      );
      await docker('image', 'rm', 'nutcracker');
      assert.match(stderr, /syntax is ok/);
      assert.equal(exitCode, 0);
    });
  });
}
