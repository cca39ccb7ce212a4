import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { basename, join } from 'node:path';
import { execa } from 'execa';
import { cacheFolder } from '../../scripts/prepare/debian-base.ts';
import { lock } from '../../scripts/process-lock.mjs';
import { CHECKOUT } from '../../scripts/stack/home.ts';

const INSTALL_MS = 240_000;
const PACK_MS = 240_000;

/** Of the checkout, what the package is not made from. */
const LEFT_OUT = ['.git', '.twemstack', 'cdktf.out', 'dist', 'lib', 'node_modules', 'test'];

/** What `npm pack` made of this checkout, and npm installed. */
export interface InstalledPackage {
  readonly tarball: string;
  /** `node_modules` of a folder in which nothing but the package was installed. */
  readonly modules: string;
  /** The package there. */
  readonly root: string;
}

/** Packs the package and installs it, once for what it holds: several test files share it. */
export async function installedPackage(): Promise<InstalledPackage> {
  const held = await lock('test package');
  try {
    const root = join(cacheFolder(), 'package');
    const work = join(root, 'work');
    const packed = await pack(work);
    // The versions of what it needs are pinned by the package itself, but for its peers.
    const hash = createHash('sha256').update(readFileSync(packed)).digest('hex').slice(0, 12);
    const folder = join(root, `of-${hash}`);
    // Whoever asked before may be reading: what is there of the same content stays as it is.
    if (!existsSync(folder)) {
      // A hundred megabytes for each content would add up.
      for (const name of readdirSync(root))
        if (name !== 'work') rmSync(join(root, name), { recursive: true, force: true });
      await install(packed, join(work, 'installed'));
      renameSync(work, folder);
    }
    const modules = join(folder, 'installed/node_modules');
    return { tarball: join(folder, basename(packed)), modules, root: join(modules, 'twemstack') };
  } finally {
    await held.release();
  }
}

/** In a copy: while npm packs a checkout, its package.json is another. @returns path of the tarball */
async function pack(folder: string): Promise<string> {
  const checkout = join(folder, 'checkout');
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(checkout, { recursive: true });
  const copied = readdirSync(CHECKOUT).filter(
    // A cache that is kept in the checkout holds the copy.
    (name) => !LEFT_OUT.includes(name) && !folder.startsWith(join(CHECKOUT, name, '/')),
  );
  for (const name of copied) cpSync(join(CHECKOUT, name), join(checkout, name), { recursive: true });
  symlinkSync(join(CHECKOUT, 'node_modules'), join(checkout, 'node_modules'));
  const before = readFileSync(join(checkout, 'package.json'), 'utf8');
  const { stdout } = await execa('npm', ['pack', '--json', '--pack-destination', folder], {
    cwd: checkout,
    timeout: PACK_MS,
    stdin: 'ignore',
  });
  assert.equal(readFileSync(join(checkout, 'package.json'), 'utf8'), before, 'the checkout is as it was');
  assert.ok(!existsSync(join(checkout, 'lib')));
  rmSync(checkout, { recursive: true });
  const [{ filename }] = JSON.parse(stdout) as [{ filename: string }];
  return join(folder, filename);
}

async function install(tarball: string, folder: string): Promise<void> {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  // The peers in the checkout's versions: npm has those at hand, and the tests are the same tomorrow.
  const { devDependencies } = JSON.parse(readFileSync(join(CHECKOUT, 'package.json'), 'utf8')) as {
    devDependencies: Record<string, string>;
  };
  const peers = ['cdktf', '@cdktf/provider-docker', 'constructs'];
  const pinned = Object.fromEntries(peers.map((name) => [name, devDependencies[name]]));
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ private: true, dependencies: pinned }));
  const options = ['--save-dev', '--prefer-offline', '--no-audit', '--no-fund', '--loglevel=error'];
  await execa('npm', ['install', ...options, tarball], { cwd: folder, timeout: INSTALL_MS, stdin: 'ignore' });
}
