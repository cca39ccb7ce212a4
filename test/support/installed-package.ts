import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { execa } from 'execa';
import { cacheFolder } from '../../scripts/prepare/debian-base.ts';
import { lock } from '../../scripts/process-lock.mjs';
import { CHECKOUT } from '../../scripts/stack/home.ts';
import { buildPackage, packPackage } from '../../tools/package/build.ts';

const INSTALL_MS = 240_000;

/** What npm installed of the package, as it is built from this checkout. */
export interface InstalledPackage {
  /** Of the package as it was laid out and packed. */
  readonly built: string;
  readonly tarball: string;
  /** `node_modules` of a folder in which nothing but the package was installed. */
  readonly modules: string;
}

/** Builds, packs and installs the package, once for what it holds: two test files share it. */
export async function installedPackage(): Promise<InstalledPackage> {
  const held = await lock('test package');
  try {
    const root = join(cacheFolder(), 'package');
    const work = join(root, 'work');
    const built = join(work, 'built');
    await buildPackage(built);
    const packed = await packPackage(built, work);
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
    return {
      built: join(folder, 'built'),
      tarball: join(folder, basename(packed)),
      modules: join(folder, 'installed/node_modules'),
    };
  } finally {
    await held.release();
  }
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
