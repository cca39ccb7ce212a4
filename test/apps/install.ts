import { createHash } from 'node:crypto';
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { execa } from 'execa';
import { cacheFolder } from '../../scripts/prepare/debian-base.ts';

const INSTALL_MS = 240_000;
const PIP = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check'];

/** A language whose libraries the applications are made of. */
export interface Runtime {
  /** Folder below test/apps: the pinned libraries and the programs. */
  readonly folder: string;
  /** What is needed and not installed here, for people … */
  readonly needs: string;
  /** … and what runs without an error where it is there. Elsewhere the applications do not run. */
  readonly toolchain: readonly [program: string, ...args: string[]];
  /** Files that say what is installed. */
  readonly pins: readonly string[];
  /** Run in a folder that holds a copy of `pins`. */
  readonly install: readonly (readonly [program: string, ...args: string[]])[];
  /** What runs a program, given the folder of the installation and the program's name. */
  command(folder: string, program: string): readonly [program: string, ...args: string[]];
}

export type RuntimeName = 'node' | 'python' | 'go' | 'java' | 'ruby' | 'php' | 'laravel';

const MAVEN = ['--batch-mode', '--quiet', '--no-transfer-progress'];

const sourceOf = (folder: string): string => new URL(`${folder}/`, import.meta.url).pathname;

export const RUNTIMES: Readonly<Record<RuntimeName, Runtime>> = {
  node: {
    folder: 'node',
    needs: 'npm',
    toolchain: ['npm', '--version'],
    pins: ['package.json', 'package-lock.json'],
    install: [['npm', 'ci', '--no-audit', '--no-fund', '--ignore-scripts']],
    command: (folder, program) => [process.execPath, join(folder, `${program}.mjs`)],
  },
  python: {
    folder: 'python',
    needs: 'python3',
    toolchain: ['python3', '--version'],
    pins: ['requirements.txt'],
    // --target, not a venv: Debian's python3 has none without another package
    install: [['python3', ...PIP, '--target', 'libraries', '-r', 'requirements.txt']],
    command: (folder, program) => ['python3', join(folder, `${program}.py`)],
  },
  go: {
    folder: 'go',
    needs: 'go',
    toolchain: ['go', 'version'],
    // one executable of everything
    pins: readdirSync(sourceOf('go')),
    install: [['go', 'build', '-mod=readonly', '-o', 'applications', '.']],
    command: (folder, program) => [join(folder, 'applications'), program],
  },
  java: {
    folder: 'java',
    needs: 'java with its compiler and Maven (default-jdk-headless, maven)',
    toolchain: ['sh', '-c', 'command -v mvn && javac -version'],
    pins: readdirSync(sourceOf('java')),
    install: [
      ['mvn', ...MAVEN, 'dependency:copy-dependencies', '-DoutputDirectory=libraries'],
      [
        'javac',
        '-proc:none',
        '-nowarn',
        '-sourcepath',
        '.',
        '-cp',
        'libraries/*',
        '-d',
        'classes',
        'Applications.java',
      ],
    ],
    // short runs: what a longer one would gain by compiling more is lost here
    command: (folder, program) => [
      'java',
      '-XX:TieredStopAtLevel=1',
      '-XX:+UseSerialGC',
      '-Xshare:auto',
      '-cp',
      `${join(folder, 'classes')}:${join(folder, 'libraries')}/*`,
      'Applications',
      program,
    ],
  },
  ruby: {
    folder: 'ruby',
    needs: 'ruby with Sidekiq (ruby-sidekiq)',
    toolchain: ['ruby', '-e', 'require "sidekiq"'],
    pins: [],
    install: [],
    command: (folder, program) => ['ruby', join(folder, `${program}.rb`)],
  },
  php: {
    folder: 'php',
    needs: 'php with predis and the extension redis (php-cli, php-nrk-predis, php-redis)',
    toolchain: ['php', '-r', 'require "Predis/Autoloader.php"; exit(extension_loaded("redis") ? 0 : 1);'],
    pins: [],
    install: [],
    command: (folder, program) => ['php', join(folder, `${program}.php`)],
  },
  // as PHP, with what not every machine that has that has as well
  laravel: {
    folder: 'php',
    needs:
      "php with Laravel's queue, predis and the extension redis (php-illuminate-queue, php-illuminate-redis, php-nrk-predis, php-redis)",
    toolchain: [
      'php',
      '-r',
      'foreach (["Illuminate/Queue/autoload.php", "Illuminate/Redis/autoload.php", "Predis/Autoloader.php"] as $file) require $file; exit(extension_loaded("redis") ? 0 : 1);',
    ],
    pins: [],
    install: [],
    command: (folder, program) => ['php', join(folder, `${program}.php`)],
  },
};

/** Where a runtime's programs run, or why they do not. */
export type Installation = { readonly folder: string } | { readonly reason: string };

/**
 * Installs the libraries of all runtimes, at once.
 * @throws when a toolchain is there and its libraries cannot be installed
 */
export async function installRuntimes(): Promise<Readonly<Record<RuntimeName, Installation>>> {
  const names = Object.keys(RUNTIMES) as RuntimeName[];
  const all = await Promise.all(names.map((name) => installRuntime(RUNTIMES[name])));
  return Object.fromEntries(names.map((name, i) => [name, all[i]])) as Record<RuntimeName, Installation>;
}

/** What a program finds in its environment besides the test's own. */
export const environmentOf = (folder: string): Record<string, string> => ({
  PYTHONPATH: join(folder, 'libraries'),
  PYTHONDONTWRITEBYTECODE: '1',
});

/**
 * Installs the libraries of a runtime into the cache, where they stay until a pin changes, beside today's programs.
 * @returns the folder to run in, or why this machine has not got the toolchain
 * @throws when the toolchain is there and the libraries cannot be installed
 */
export async function installRuntime(runtime: Runtime): Promise<Installation> {
  const [tool, ...asked] = runtime.toolchain;
  const there = await execa(tool, asked, { reject: false, timeout: 30_000 });
  if (there.failed) return { reason: `${runtime.needs} is not there` };
  const source = sourceOf(runtime.folder);
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
