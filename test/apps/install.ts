import { createHash } from 'node:crypto';
import { cpSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { execa } from 'execa';
import { cacheFolder } from '../../scripts/prepare/debian-base.ts';

const INSTALL_MS = 240_000;
const PIP = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check'];

/** A language whose libraries the applications are made of. */
export interface Runtime {
  /** Folder below test/apps: the pinned libraries and the programs. */
  readonly folder: string;
  /** Its program that must be there; where it is not, the applications do not run. */
  readonly toolchain: string;
  /** Files that say what is installed. */
  readonly pins: readonly string[];
  /** Run in a folder that holds a copy of `pins`. */
  readonly install: readonly (readonly [program: string, ...args: string[]])[];
  /** What runs a program, given the folder of the installation and the program's name. */
  command(folder: string, program: string): readonly [program: string, ...args: string[]];
}

export const RUNTIMES: Readonly<Record<'node' | 'python', Runtime>> = {
  node: {
    folder: 'node',
    toolchain: 'npm',
    pins: ['package.json', 'package-lock.json'],
    install: [['npm', 'ci', '--no-audit', '--no-fund', '--ignore-scripts']],
    command: (folder, program) => [process.execPath, join(folder, `${program}.mjs`)],
  },
  python: {
    folder: 'python',
    toolchain: 'python3',
    pins: ['requirements.txt'],
    // --target, not a venv: Debian's python3 has none without another package
    install: [['python3', ...PIP, '--target', 'libraries', '-r', 'requirements.txt']],
    command: (folder, program) => ['python3', join(folder, `${program}.py`)],
  },
};

/**
 * Installs the libraries of a runtime into the cache, where they stay until a pin changes, beside today's programs.
 * @returns the folder to run in, or why this machine has not got the toolchain
 * @throws when the toolchain is there and the libraries cannot be installed
 */
export async function installRuntime(runtime: Runtime): Promise<{ folder: string } | { reason: string }> {
  const there = await execa(runtime.toolchain, ['--version'], { reject: false, timeout: 30_000 });
  if (there.failed) return { reason: `${runtime.toolchain} is not there` };
  const source = new URL(`${runtime.folder}/`, import.meta.url).pathname;
  const hash = createHash('sha256').update(JSON.stringify(runtime.install));
  for (const pin of runtime.pins) hash.update(readFileSync(join(source, pin)));
  const folder = join(cacheFolder(), 'apps', `${runtime.folder}-${hash.digest('hex').slice(0, 12)}`);
  if (!existsSync(folder)) {
    const work = `${folder}.${process.pid}`;
    mkdirSync(work, { recursive: true });
    try {
      for (const pin of runtime.pins) cpSync(join(source, pin), join(work, pin));
      for (const [program, ...args] of runtime.install) {
        await execa(program, args, { cwd: work, timeout: INSTALL_MS, stdin: 'ignore' });
      }
      if (!existsSync(folder)) renameSync(work, folder);
    } finally {
      rmSync(work, { recursive: true, force: true });
    }
  }
  cpSync(source, folder, { recursive: true });
  return { folder };
}
