import assert from 'node:assert/strict';
import {
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { execa } from 'execa';
import { CHECKOUT } from '../../../scripts/stack/home.ts';
import { type InstalledPackage, installedPackage } from '../../support/installed-package.ts';

const LARGEST_TARBALL = 2_000_000;
const STACK = 'name: mine\nvip: 198.18.90.100\nnetwork: 198.18.90.0/24\n';
const LIMIT = 60_000;

/** A folder of somebody who has a stack.yaml and the package, and nothing else of ours. */
describe('the package, installed in a folder with a stack.yaml', () => {
  const folder = mkdtempSync(join(tmpdir(), 'tw-package-'));
  const below = join(folder, 'some/where');
  const command = join(folder, 'node_modules/.bin/twemstack');
  let installed: InstalledPackage;

  before(async () => {
    installed = await installedPackage();
    mkdirSync(below, { recursive: true });
    writeFileSync(join(folder, 'package.json'), '{ "private": true, "type": "module" }');
    writeFileSync(join(folder, 'stack.yaml'), STACK);
    symlinkSync(installed.modules, join(folder, 'node_modules'));
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  /** As somebody types it there, or in a folder below. */
  async function type(
    command: string,
    args: readonly string[],
    options: { cwd?: string; nodeOptions?: string } = {},
  ) {
    const { cwd = folder, nodeOptions } = options;
    const env = { TWEMSTACK_HOME: undefined, TWEMSTACK_FILE: undefined, NODE_OPTIONS: nodeOptions };
    const result = await execa(command, args, { cwd, env, reject: false, stdin: 'ignore', timeout: LIMIT });
    return { exitCode: result.exitCode, stdout: result.stdout, stderr: result.stderr };
  }

  /** Every file of the package, from its root. */
  const listing = (): string[] =>
    (readdirSync(installed.root, { recursive: true }) as string[])
      .filter((name) => lstatSync(join(installed.root, name)).isFile())
      .sort();

  test('it is small, compiled, and holds nothing of tests and tools', () => {
    const files = listing();
    assert.ok(
      statSync(installed.tarball).size < LARGEST_TARBALL,
      `${statSync(installed.tarball).size} bytes`,
    );
    assert.deepEqual(
      files.filter((name) => name.endsWith('.ts') && !name.endsWith('.d.ts')),
      [],
    );
    assert.deepEqual(
      [...new Set(files.filter((name) => name.includes('/')).map((name) => name.split('/')[0]))],
      ['docs', 'examples', 'lib'],
    );
    const rooms = files.filter((name) => name.startsWith('lib/')).map((name) => name.split('/')[1]);
    assert.deepEqual(
      [...new Set(rooms)],
      ['console', 'haproxy', 'monitoring', 'provider', 'proxy', 'scripts', 'sentinel', 'stacks', 'topology'],
    );
    // Whole images, and what runs where no registry is.
    for (const name of ['haproxy/image/Dockerfile', 'proxy/image/entrypoint', 'sentinel/image/lib/ask.sh'])
      assert.ok(files.includes(`lib/${name}`), name);
    assert.ok(files.includes('lib/provider/provider.cjs'));
    assert.ok(!files.includes('lib/provider/main.js'), 'it is bundled already');
  });

  test('whatever its code imports, it asks npm for', () => {
    const { dependencies, peerDependencies } = JSON.parse(
      readFileSync(join(installed.root, 'package.json'), 'utf8'),
    ) as Record<'dependencies' | 'peerDependencies', Record<string, string>>;
    const asked = new Set(Object.keys({ ...dependencies, ...peerDependencies }));
    // Loaded in a checkout alone: here the provider is bundled, and there is nothing to translate.
    const inCheckout = ['esbuild', 'tsx'];
    const missing = listing()
      .filter((name) => /^lib\/.*\.m?js$/.test(name))
      .flatMap((name) =>
        [
          ...readFileSync(join(installed.root, name), 'utf8').matchAll(
            /(?:\bfrom |\bimport\()'([a-z@][^']*)'/g,
          ),
        ]
          .map(([, module]) => /^(@[^/]+\/)?[^/]+/.exec(module)?.[0] ?? module)
          .filter(
            (module) => !module.startsWith('node:') && !asked.has(module) && !inCheckout.includes(module),
          )
          .map((module) => `${name}: ${module}`),
      );
    assert.deepEqual(missing, []);
  });

  test('what its README and its pages link to is there', () => {
    const pages = listing().filter((name) => /^(README|SECURITY|CHANGELOG|docs\/[^/]*)\.md$/.test(name));
    assert.ok(pages.length > 3);
    const broken = pages.flatMap((page) =>
      [...readFileSync(join(installed.root, page), 'utf8').matchAll(/\]\(([^)\s#]+)[^)]*\)/g)]
        .map(([, link]) => link)
        .filter((link) => !/^[a-z]+:/.test(link) && !/\.(ts|mjs)$|\/$/.test(link))
        .filter((link) => !existsSync(join(installed.root, dirname(page), link)))
        .map((link) => `${page}: ${link}`),
    );
    assert.deepEqual(broken, []);
  });

  test('its commands run without a TypeScript loader, and know their verbs', async () => {
    assert.ok(!existsSync(join(installed.modules, 'tsx')), 'nothing compiles at run time');
    const { exitCode, stdout } = await type('npx', ['twemstack', '--help']);
    assert.equal(exitCode, 0);
    assert.match(stdout, /^ {2}up \[options\]/m);
  });

  test('from a folder below, the stack.yaml above is found, and nothing is written into the package', async () => {
    const before = readdirSync(join(installed.modules, 'twemstack'));
    const { exitCode, stdout, stderr } = await type(command, ['plan', '--json'], { cwd: below });
    assert.equal(exitCode, 0, stderr);
    assert.equal((JSON.parse(stdout) as { name: string }).name, 'mine');
    assert.deepEqual(readdirSync(join(installed.modules, 'twemstack')), before);
  });

  test('the proxy alone reads the file of the original, with the flags of the original', async () => {
    const file = join(below, 'nutcracker.yml');
    writeFileSync(
      file,
      'alpha:\n  listen: 127.0.0.1:22121\n  redis: true\n  hash: fnv1a_64\n  servers:\n   - 127.0.0.1:6379:1 one\n',
    );
    const good = await type('npx', ['nutcracker', '-t', '-c', file], { cwd: below });
    assert.match(good.stderr, /syntax is ok/);
    assert.equal(good.exitCode, 0);
  });

  test('the plan, the reader of nutcracker.yml and the constructs can be imported, with types, and fit together', async () => {
    writeFileSync(
      join(folder, 'mine.ts'),
      `import { App, TerraformStack } from 'cdktf';
import { planOf, prepareService, RedisService, type StackDefinition, StackDefinitionError } from 'twemstack';
import { loadConfig } from 'twemstack/nutcracker-yml';
import { loadTopology, type Plan, planStack } from 'twemstack/plan';

const loaded = loadTopology('name: mine\\nvip: 198.18.90.100\\nshards: 3\\n', 'mine.ts');
if (!loaded.ok) throw new Error(loaded.problems[0].rule);
const plan: Plan = planStack(loaded.topology);
const pools: string[] = (await loadConfig(process.argv[2])).map(({ name }) => name);
const stack: StackDefinition = { name: 'mine', vip: '198.18.90.100', pools: { sessions: { listen: 6379 } } };

/** As README has it: a service beside a stack of one's own. */
async function place(app: App): Promise<void> {
  const service = await prepareService({ stack });
  const redis = new RedisService(app, 'redis', service.inputs);
  const { host, port, network } = redis.endpoint('sessions');
  const beside = new TerraformStack(app, [host, port, network].join());
  for (const { members } of redis.domains) beside.addDependency(members);
  app.synth();
  service.linkProvider();
}

try {
  planOf({ ...stack, pools: { '': { listen: 1 } } });
} catch (error) {
  if (!(error instanceof StackDefinitionError)) throw error;
  console.log(error.message);
}
console.log(plan.shards.length, pools.join(), place.length, typeof App);
`,
    );
    const compile = ['--strict', '--module', 'nodenext', '--target', 'es2022', '--types', 'node'];
    const types = ['--typeRoots', join(CHECKOUT, 'node_modules/@types')];
    const compiled = await type(join(CHECKOUT, 'node_modules/.bin/tsc'), [...compile, ...types, 'mine.ts']);
    assert.equal(compiled.exitCode, 0, compiled.stdout);
    const { stdout, stderr } = await type(process.execPath, ['mine.js', join(below, 'nutcracker.yml')]);
    assert.match(
      stdout,
      /^the stack has 1 mistake\n {2}pools\."" is not a name for a pool: .*\n3 alpha 1 function$/,
      stderr,
    );
  });

  test('mistakes of the stack file are told by line, exit 2', async () => {
    writeFileSync(join(below, 'stack.yaml'), 'name: mine\nvip: 198.18.90.100\nshards: none\n');
    const { exitCode, stderr } = await type(command, ['plan'], { cwd: below });
    rmSync(join(below, 'stack.yaml'));
    assert.equal(exitCode, 2);
    assert.match(stderr, /stack\.yaml:3:9: shards: "none" is not a whole number/);
  });

  test('without a stack file anywhere above: what to write, exit 2', async () => {
    const elsewhere = mkdtempSync(join(tmpdir(), 'tw-package-none-'));
    const { exitCode, stderr } = await type(command, ['plan'], { cwd: elsewhere });
    rmSync(elsewhere, { recursive: true });
    assert.equal(exitCode, 2);
    assert.match(stderr, /there is no stack file stack\.yaml[\s\S]*`name` and `vip` are all it needs/);
  });

  test('a Node that is too old is told so before anything else, exit 3; an app of CDKTF, by an error', async () => {
    const old = "Object.defineProperty(process.versions,'node',{value:'18.20.1'})";
    const nodeOptions = `--import=data:text/javascript,${encodeURIComponent(old)}`;
    const { exitCode, stderr } = await type(process.execPath, ['node_modules/.bin/twemstack', 'plan'], {
      nodeOptions,
    });
    assert.equal(exitCode, 3);
    assert.match(stderr, /Node 18\.20\.1 is too old, 20\.9 or newer is needed/);
    const app = "import('twemstack').then(({ prepareService }) => prepareService())";
    const service = await type(process.execPath, ['--eval', app], { nodeOptions });
    assert.equal(service.exitCode, 1);
    assert.match(service.stderr, /Node 18\.20\.1 is too old[\s\S]*install Node 20 or newer/);
  });

  test('without its peers, or without the packages that npm calls optional, it says what is missing and how to get it', async () => {
    const bare = mkdtempSync(join(tmpdir(), 'tw-package-bare-'));
    const modules = join(bare, 'node_modules');
    mkdirSync(modules);
    // Copied: what is linked finds the packages beside where it really lies.
    cpSync(installed.root, join(modules, 'twemstack'), { recursive: true });
    const left = ['cdktf', '@cdktf', 'constructs', 'bun', '@oven', 'twemstack', '.bin', '.package-lock.json'];
    for (const name of readdirSync(installed.modules).filter((each) => !left.includes(each)))
      symlinkSync(join(installed.modules, name), join(modules, name));
    writeFileSync(
      join(bare, 'try.mjs'),
      `import { findBun } from './node_modules/twemstack/lib/proxy/build.js';
import { synth } from './node_modules/twemstack/lib/scripts/deploy/synth.js';
await synth({}, {}, {}).catch((error) => console.log(error.format()));
try { findBun(); } catch (error) { console.log(error.message); }
`,
    );
    const { stdout, stderr } = await type(process.execPath, ['try.mjs'], { cwd: bare });
    rmSync(bare, { recursive: true });
    assert.match(
      stdout,
      /(cdktf|provider-docker|constructs) is not installed, which stacks are made with/,
      stderr,
    );
    assert.match(stdout, /do: .*`npm install --save-dev cdktf @cdktf\/provider-docker constructs`/);
    assert.match(stdout, /Bun, which compiles the proxy and the guard, is not installed/);
  });

  test('a folder kept by a newer version is left alone, and the way on is named, exit 2', async () => {
    const kept = join(folder, '.twemstack');
    mkdirSync(kept);
    writeFileSync(join(kept, 'made-by.json'), '{"format":99,"version":"9.1.0"}');
    const { exitCode, stderr } = await type(command, ['secret', 'application']);
    rmSync(kept, { recursive: true });
    assert.equal(exitCode, 2);
    assert.match(stderr, /written by twemstack 9\.1\.0[\s\S]*npm install twemstack@9\.1\.0/);
  });
});
