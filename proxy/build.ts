import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { basename, dirname, extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const proxyDir = dirname(fileURLToPath(import.meta.url));
const root = dirname(proxyDir);
/** What the programs are compiled from: TypeScript in a checkout, JavaScript in an installed package. */
const SOURCE = extname(fileURLToPath(import.meta.url));
/** Says which versions of the libraries go into a program; a package has no lock file, and pins them itself. */
const PINS = ['package-lock.json', '../package.json'].map((name) => join(root, name));

/**
 * Compiles the proxy to one executable without a runtime to install. Does nothing when neither the sources nor the
 * compiler changed since (a stamp beside the file says so).
 * @param outFile where the executable goes; its folder is made
 * @returns true when it was built, false when it was up to date
 * @throws NoBunError when there is no Bun, Error when the compilation fails
 */
export const buildProxy = (outFile: string): boolean =>
  compileExecutable({ what: 'the proxy', folder: proxyDir, entry: 'nutcracker' }, outFile);

/** A program of one executable: the folder of all that it is made of, and its first file there. */
export interface Program {
  /** For messages. */
  readonly what: string;
  readonly folder: string;
  /** Without its extension. */
  readonly entry: string;
}

/** As `buildProxy`, for any program. */
export function compileExecutable(program: Program, outFile: string): boolean {
  const bun = findBun();
  const stamp = contentStamp(bun, program.folder);
  const stampFile = `${outFile}.stamp`;
  if (existsSync(outFile) && existsSync(stampFile) && readFileSync(stampFile, 'utf8') === stamp) return false;
  mkdirSync(dirname(outFile), { recursive: true });
  // the name inside the executable is the outfile's, so the temporary one differs by folder, not by name
  const work = join(dirname(outFile), `.build-${process.pid}`);
  mkdirSync(work, { recursive: true });
  try {
    const target = join(work, basename(outFile));
    execFileSync(
      bun,
      [
        'build',
        join(program.folder, `${program.entry}${SOURCE}`),
        '--compile',
        '--no-compile-autoload-dotenv',
        '--no-compile-autoload-bunfig',
        '--outfile',
        target,
      ],
      { cwd: work, stdio: ['ignore', 'ignore', 'pipe'], env: withoutBunSettings() },
    );
    renameSync(target, outFile);
    writeFileSync(stampFile, stamp);
  } catch (error) {
    const { stderr, message } = error as Error & { stderr?: Buffer };
    throw new Error(`compiling ${program.what} failed: ${stderr?.toString().trim() || message}`);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
  return true;
}

/** Bun is not there to compile with. */
export class NoBunError extends Error {
  override readonly name = 'NoBunError';

  constructor() {
    super('Bun, which compiles the proxy and the guard, is not installed');
  }
}

/** The Bun binary that npm brought; install scripts may or may not have run. @throws NoBunError when there is none */
export function findBun(): string {
  const bun = packageFolder('bun', import.meta.url);
  if (bun === undefined) throw new NoBunError();
  const architecture = process.arch === 'arm64' ? 'aarch64' : process.arch;
  const native = packageFolder(`@oven/bun-${process.platform}-${architecture}`, join(bun, 'package.json'));
  const candidates = [native === undefined ? [] : join(native, 'bin/bun'), join(bun, 'bin/bun.exe')].flat();
  // where install scripts do not run, `bun.exe` is a placeholder of a few bytes
  const found = candidates.find((file) => existsSync(file) && statSync(file).size > 1_000_000);
  if (found === undefined) throw new NoBunError();
  return found;
}

/** Folder of an npm package as a file sees it, wherever npm has put it. */
function packageFolder(name: string, from: string): string | undefined {
  try {
    return dirname(createRequire(from).resolve(`${name}/package.json`));
  } catch {
    return undefined;
  }
}

function contentStamp(bun: string, folder: string): string {
  const hash = createHash('sha256');
  for (const file of sources(folder)) hash.update(file.slice(folder.length)).update(readFileSync(file));
  hash.update(readFileSync(PINS.find(existsSync) as string));
  hash.update(`${process.arch} ${statSync(bun).size}`);
  return hash.digest('hex');
}

function sources(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true })
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap((entry) => {
      const path = join(folder, entry.name);
      if (entry.isDirectory()) return sources(path);
      return entry.name.endsWith(SOURCE) ? [path] : [];
    });
}

function withoutBunSettings(): NodeJS.ProcessEnv {
  const { BUN_OPTIONS: _options, BUN_BE_BUN: _be, ...env } = process.env;
  return env;
}
