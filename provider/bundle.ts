/** Bundles the provider into one file and lays it out as a plugin mirror that terraform can install from. */
import { createHash } from 'node:crypto';
import { chmod, mkdir, open, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Plugin } from 'esbuild';

/** The provider's own address. ".invalid" resolves nowhere (RFC 6761), so terraform can only find it in a mirror. */
export const PROVIDER_SOURCE = 'twemstack.invalid/offline/docker';
/** The release of kreuzwerker/docker whose behaviour it follows. */
export const PROVIDER_VERSION = '4.5.0';

const HERE = path.dirname(fileURLToPath(import.meta.url));
/** Bundled beforehand, in an installed package: that has no esbuild. */
const PREBUILT = path.join(HERE, 'provider.cjs');
/** Not "terraform-provider-…": terraform would take it for the executable. */
const SCRIPT = 'provider.cjs';
/** Runs it. */
const START = 'start.cjs';
/** Everything bundled besides our own sources; a new release of one must lead to a new bundle. */
const LIBRARIES = [
  '@grpc/grpc-js',
  '@msgpack/msgpack',
  '@peculiar/x509',
  'dockerode',
  'protobufjs',
  'tar-stream',
  'esbuild',
];

export interface BundledProvider {
  /** What terraform starts. */
  executable: string;
  source: string;
  version: string;
}

/**
 * Writes the bundled provider into a filesystem mirror, unless it is there already and made from the same sources.
 * @param mirrorDir the mirror's root; made when missing.
 */
export async function bundleProvider(mirrorDir: string): Promise<BundledProvider> {
  const folder = path.join(
    path.resolve(mirrorDir),
    ...PROVIDER_SOURCE.split('/'),
    PROVIDER_VERSION,
    platform(),
  );
  const executable = path.join(folder, `terraform-provider-docker_v${PROVIDER_VERSION}`);
  const script = path.join(folder, SCRIPT);
  const prebuilt = await firstLine(PREBUILT);
  const stamp = prebuilt === '' ? await currentStamp() : prebuilt;
  if ((await firstLine(script)) !== stamp) {
    await mkdir(folder, { recursive: true });
    await removeCompiled(mirrorDir);
    await replaceFile(path.join(folder, START), await readFile(path.join(HERE, START), 'utf8'), 0o644);
    await replaceFile(
      script,
      prebuilt === '' ? await bundledScript() : await readFile(PREBUILT, 'utf8'),
      0o644,
    );
  }
  const launcher = launcherText(process.execPath);
  if ((await readFile(executable, 'utf8').catch(() => '')) !== launcher) {
    await replaceFile(executable, launcher, 0o755);
  }
  return { executable, source: PROVIDER_SOURCE, version: PROVIDER_VERSION };
}

/** The provider as one file of JavaScript, its first line a stamp of all that it was made of. */
export async function bundledScript(): Promise<string> {
  return `${await currentStamp()}\n${await bundle()}`;
}

const currentStamp = async (): Promise<string> => `/* twemstack offline provider ${await sourceStamp()} */`;

/** Terraform's name of this machine: linux_amd64, darwin_arm64 … */
function platform(): string {
  const architecture = process.arch === 'x64' ? 'amd64' : process.arch === 'ia32' ? '386' : process.arch;
  const system = process.platform === 'win32' ? 'windows' : process.platform;
  return `${system}_${architecture}`;
}

/** Node cannot run the executable itself: it takes the ".0" of its name for an unknown file extension. */
function launcherText(node: string): string {
  return [
    '#!/bin/sh',
    '# Starts the offline Docker provider. Written by provider/bundle.ts.',
    `node='${node.replaceAll("'", "'\\''")}'`,
    '[ -x "$node" ] || node=node',
    `exec "$node" "$(dirname "$(readlink -f "$0")")/${START}" "$@"`,
    '',
  ].join('\n');
}

/** A digest of the provider's sources and of the versions of what is bundled with them. */
async function sourceStamp(): Promise<string> {
  const hash = createHash('sha256');
  const sources = (await readdir(HERE, { recursive: true }))
    .filter((name) => name.endsWith('.ts') || name === START)
    .sort();
  for (const name of sources) {
    hash.update(`${name}\0`).update(await readFile(path.join(HERE, name)));
  }
  for (const library of LIBRARIES) {
    const file = path.join(HERE, '..', 'node_modules', library, 'package.json');
    hash.update(`${library} ${(JSON.parse(await readFile(file, 'utf8')) as { version: string }).version}\0`);
  }
  return hash.digest('hex').slice(0, 32);
}

/**
 * Parts of dockerode that are never used here: its ssh transport (needs native code; ssh:// is refused) and BuildKit sessions.
 */
const leaveOut: Plugin = {
  name: 'leave-out',
  setup: (build) => {
    build.onResolve({ filter: /^ssh2$|^\.\/(session|buildkit)$/ }, ({ path: name, importer }) =>
      /dockerode|docker-modem/.test(importer) ? { path: name, namespace: 'left-out' } : undefined,
    );
    build.onLoad({ filter: /.*/, namespace: 'left-out' }, () => ({ contents: 'module.exports = {};' }));
  },
};

async function bundle(): Promise<string> {
  const { build } = await import('esbuild');
  const result = await build({
    entryPoints: [path.join(HERE, 'main.ts')],
    bundle: true,
    minify: true,
    platform: 'node',
    target: 'node20',
    format: 'cjs',
    write: false,
    logLevel: 'silent',
    plugins: [leaveOut],
  });
  return result.outputFiles[0].text;
}

/** What the starts of an earlier provider have left. */
async function removeCompiled(mirrorDir: string): Promise<void> {
  for (const name of await readdir(mirrorDir).catch(() => [])) {
    if (/^provider-\w+\.cache(\.\d+)?$/.test(name)) await rm(path.join(mirrorDir, name), { force: true });
  }
}

async function firstLine(file: string): Promise<string> {
  const handle = await open(file).catch(() => undefined);
  if (!handle) {
    return '';
  }
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(200), 0, 200, 0);
    return buffer.toString('utf8', 0, bytesRead).split('\n')[0];
  } finally {
    await handle.close();
  }
}

/** Replaces in one step, so that a terraform running at the same moment sees the old or the new file. */
async function replaceFile(file: string, content: string, mode: number): Promise<void> {
  const temporary = `${file}.${process.pid}`;
  await writeFile(temporary, content);
  await chmod(temporary, mode);
  await rename(temporary, file);
}
