import assert from 'node:assert/strict';
import { existsSync, lstatSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, before, beforeEach, describe, test } from 'node:test';
import { execa } from 'execa';
import {
  chooseProvider,
  type ProviderChoice,
  type ProviderOptions,
  terraformEnv,
} from '../../../scripts/prepare/provider.ts';
import { PLATFORM, writeMirrorConfig } from '../../../scripts/prepare/provider-probe.ts';
import { chooseTerraform, type TerraformProgram } from '../../../scripts/prepare/terraform.ts';
import { Home } from '../../../scripts/stack/home.ts';
import { type ProviderRegistry, startProviderRegistry } from '../../support/provider-registry.ts';
import { recordingStep } from '../../support/recording-step.ts';
import { storedZip } from '../../support/stored-zip.ts';

const REAL = 'kreuzwerker/docker';
const OURS = { source: 'test.invalid/offline/docker', version: '4.5.0' };
const VARIABLES = ['TF_CLI_CONFIG_FILE', 'TWEMSTACK_PROVIDER_MIRROR', 'TF_PLUGIN_CACHE_DIR'] as const;

/** With the real terraform; its registry is a server on loopback, so that nothing depends on what this machine reaches. */
describe('where the Docker provider comes from', () => {
  const saved = VARIABLES.map((name) => [name, process.env[name]] as const);
  let terraform: TerraformProgram;
  let host: string;
  let root: string;
  let home: Home;
  let registry: ProviderRegistry | undefined;
  let bundled = 0;

  before(async () => {
    terraform = await chooseTerraform(recordingStep());
    host = await defaultRegistry(terraform);
  });
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'tw-provider-'));
    home = new Home(join(root, 'home'));
    bundled = 0;
    for (const name of VARIABLES) delete process.env[name];
  });
  afterEach(async () => {
    await registry?.stop();
    registry = undefined;
    rmSync(root, { recursive: true, force: true });
  });
  after(() => {
    for (const [name, value] of saved) {
      if (value === undefined) delete process.env[name];
      else process.env[name] = value;
    }
  });

  const bundle = async (mirror: string): Promise<typeof OURS> => {
    bundled += 1;
    mkdirSync(join(mirror, OURS.source, OURS.version, PLATFORM), { recursive: true });
    return OURS;
  };
  const choose = (options: Partial<ProviderOptions> = {}): Promise<ProviderChoice> =>
    chooseProvider({ home, terraform, bundle, ...options }, recordingStep());

  /** Terraform believes that this is its registry. */
  async function openRegistry(silent = false): Promise<ProviderRegistry> {
    registry = await startProviderRegistry({ provider: REAL, version: '4.5.0', silent });
    useConfig(registry.cliConfig(host));
    return registry;
  }
  function useConfig(text: string): void {
    process.env.TF_CLI_CONFIG_FILE = join(root, 'terraform.rc');
    writeFileSync(join(root, 'terraform.rc'), text);
  }
  /** Nobody listens where the registry should be. */
  function closeRegistry(): void {
    useConfig(`host "${host}" {\n  services = { "providers.v1" = "http://127.0.0.1:9/v1/providers/" }\n}\n`);
  }
  function makeMirror(packed: boolean): string {
    const folder = join(root, 'mirror', host, REAL);
    const name = 'terraform-provider-docker_v4.5.0';
    mkdirSync(join(folder, '4.5.0', PLATFORM), { recursive: true });
    if (!packed) {
      writeFileSync(join(folder, '4.5.0', PLATFORM, name), 'mirrored', { mode: 0o755 });
    } else {
      rmSync(join(folder, '4.5.0'), { recursive: true });
      const zip = join(folder, `terraform-provider-docker_4.5.0_${PLATFORM}.zip`);
      writeFileSync(zip, storedZip(name, Buffer.from('mirrored')));
    }
    return join(root, 'mirror');
  }
  const program = (choice: ProviderChoice): string =>
    join(
      choice.mirror,
      choice.address,
      choice.version,
      PLATFORM,
      `terraform-provider-docker_v${choice.version}`,
    );

  test('a registry that answers: downloaded once into our mirror, kept when the registry is gone', async () => {
    const { requests } = await openRegistry();
    const choice = await choose();
    assert.equal(choice.mode, 'registry');
    assert.deepEqual([choice.source, choice.address, choice.mirror], [REAL, `${host}/${REAL}`, home.mirror]);
    assert.match(readFileSync(program(choice), 'utf8'), /^#!/);
    const asked = requests.length;
    closeRegistry();
    assert.deepEqual(await choose({ previous: choice }), choice);
    assert.equal(requests.length, asked);
    assert.equal(bundled, 0);
  });

  test('what was downloaded is what terraform then installs, whatever its own configuration says', async () => {
    await openRegistry();
    const choice = await choose();
    closeRegistry();
    const stack = join(root, 'stack');
    mkdirSync(stack);
    const docker = { source: choice.source, version: choice.version };
    writeFileSync(
      join(stack, 'cdk.tf.json'),
      JSON.stringify({ terraform: { required_providers: { docker } } }),
    );
    const { stdout } = await execa(terraform.path, ['init', '-no-color'], {
      cwd: stack,
      env: terraformEnv(home, choice),
    });
    assert.match(stdout, /Installed kreuzwerker\/docker v4\.5\.0/);
  });

  test('nobody answers: the bundled one', async () => {
    closeRegistry();
    const choice = await choose();
    assert.deepEqual([choice.mode, choice.source, choice.mirror], ['bundled', OURS.source, home.mirror]);
  });

  test('a registry that is silent is not waited for', async () => {
    const { requests } = await openRegistry(true);
    const started = Date.now();
    assert.equal((await choose({ patienceMs: 1500 })).mode, 'bundled');
    assert.ok(requests.length > 0, 'it was asked');
    assert.ok(Date.now() - started < 4000, `took ${Date.now() - started} ms`);
  });

  test('bundled stays bundled when the registry opens later, and is built again', async () => {
    closeRegistry();
    const previous = await choose();
    await openRegistry();
    assert.deepEqual(await choose({ previous }), previous);
    assert.equal(bundled, 2);
  });

  for (const packed of [false, true]) {
    test(`a mirror that the operator named, ${packed ? 'packed' : 'unpacked'}, goes before the registry`, async () => {
      const { requests } = await openRegistry();
      process.env.TWEMSTACK_PROVIDER_MIRROR = makeMirror(packed);
      const choice = await choose();
      assert.equal(choice.mode, 'mirror');
      assert.equal(readFileSync(program(choice), 'utf8'), 'mirrored');
      assert.equal(choice.mirror, packed ? home.mirror : join(root, 'mirror'));
      assert.deepEqual(requests, []);
    });
  }

  test('a mirror in terraform’s own configuration is found by terraform', async () => {
    const mirror = makeMirror(false);
    process.env.TF_CLI_CONFIG_FILE = writeMirrorConfig(join(root, 'terraform.rc'), mirror);
    const choice = await choose();
    assert.deepEqual([choice.mode, choice.mirror], ['mirror', mirror]);
    assert.ok(!existsSync(home.mirror) || !lstatSync(home.mirror).isSymbolicLink());
  });

  test('a named mirror that lacks it is an error, not a reason to download', async () => {
    const { requests } = await openRegistry();
    mkdirSync(join(root, 'empty'));
    process.env.TWEMSTACK_PROVIDER_MIRROR = join(root, 'empty');
    await assert.rejects(choose(), { exitCode: 3, message: /does not hold kreuzwerker\/docker 4\.5\.0/ });
    assert.deepEqual(requests, []);
  });

  test('a mirror that vanished is not kept', async () => {
    process.env.TWEMSTACK_PROVIDER_MIRROR = makeMirror(false);
    const previous = await choose();
    rmSync(join(root, 'mirror'), { recursive: true });
    delete process.env.TWEMSTACK_PROVIDER_MIRROR;
    closeRegistry();
    assert.equal((await choose({ previous })).mode, 'bundled');
  });

  test('forced: the bundled one though the registry answers, and no other instead of the registry', async () => {
    const { requests } = await openRegistry();
    assert.equal((await choose({ force: 'bundled' })).mode, 'bundled');
    assert.deepEqual(requests, []);
    closeRegistry();
    await assert.rejects(choose({ force: 'registry' }), {
      exitCode: 3,
      message: /cannot be had from a registry/,
    });
    await assert.rejects(choose({ force: 'mirror' }), { exitCode: 3, remedy: /terraform providers mirror/ });
  });

  test('another provider under what is deployed is refused, exit 2; under nothing it is fine', async () => {
    closeRegistry();
    const previous = await choose();
    const state = join(home.stack('alpha'), 'state');
    mkdirSync(state, { recursive: true });
    writeFileSync(
      join(state, 'alpha-a.tfstate'),
      JSON.stringify({ resources: [{ type: 'docker_container' }] }),
    );
    await openRegistry();
    await assert.rejects(choose({ previous, force: 'registry' }), {
      exitCode: 2,
      message: /alpha was deployed with test\.invalid\/offline\/docker/,
    });
    writeFileSync(join(state, 'alpha-a.tfstate'), JSON.stringify({ resources: [] }));
    assert.equal((await choose({ previous, force: 'registry' })).mode, 'registry');
  });
});

/** The host that terraform puts before a source without one: it names it when an empty mirror lacks a provider. */
async function defaultRegistry({ path }: TerraformProgram): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'tw-host-'));
  try {
    mkdirSync(join(folder, 'empty'));
    const config = { terraform: { required_providers: { docker: { source: REAL } } } };
    writeFileSync(join(folder, 'main.tf.json'), JSON.stringify(config));
    const { stderr } = await execa(path, ['init', '-no-color'], {
      cwd: folder,
      reject: false,
      env: { TF_CLI_CONFIG_FILE: writeMirrorConfig(join(folder, 'rc'), join(folder, 'empty')) },
    });
    return /([a-z.]+)\/kreuzwerker\/docker/.exec(stderr)?.[1] ?? assert.fail(stderr);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
