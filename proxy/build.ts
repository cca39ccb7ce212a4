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
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const proxyDir = dirname(fileURLToPath(import.meta.url));
const root = dirname(proxyDir);

/**
 * Compiles the proxy to one executable without a runtime to install. Does nothing when neither the sources nor the
 * compiler changed since (a stamp beside the file says so).
 * @param outFile where the executable goes; its folder is made
 * @returns true when it was built, false when it was up to date
 * @throws Error when Bun is not installed or the compilation fails
 */
export const buildProxy = (outFile: string): boolean =>
  compileExecutable(
    { what: 'the proxy', entry: join(proxyDir, 'nutcracker.ts'), sources: proxyDir },
    outFile,
  );

/** A program of one executable: its first file, and the folder of all that it is made of. */
export interface Program {
  /** For messages. */
  readonly what: string;
  readonly entry: string;
  readonly sources: string;
}

/** As `buildProxy`, for any program. */
export function compileExecutable(program: Program, outFile: string): boolean {
  const bun = findBun();
  const stamp = contentStamp(bun, program.sources);
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
        program.entry,
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

/** The Bun binary that npm brought; install scripts may or may not have run. @throws Error when there is none */
export function findBun(): string {
  const modules = join(root, 'node_modules');
  const candidates = [
    join(modules, '@oven', `bun-${process.platform}-${process.arch}`, 'bin', 'bun'),
    join(modules, 'bun', 'bin', 'bun.exe'),
  ];
  // where install scripts do not run, `bun.exe` is a placeholder of a few bytes
  const found = candidates.find((file) => existsSync(file) && statSync(file).size > 1_000_000);
  if (found === undefined)
    throw new Error(`Bun is not installed (looked for ${candidates.join(', ')}): run npm ci`);
  return found;
}

function contentStamp(bun: string, folder: string): string {
  const hash = createHash('sha256');
  for (const file of sources(folder)) hash.update(file.slice(folder.length)).update(readFileSync(file));
  hash.update(readFileSync(join(root, 'package-lock.json')));
  hash.update(`${process.arch} ${statSync(bun).size}`);
  return hash.digest('hex');
}

function sources(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true })
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap((entry) => {
      const path = join(folder, entry.name);
      if (entry.isDirectory()) return sources(path);
      return entry.name.endsWith('.ts') ? [path] : [];
    });
}

function withoutBunSettings(): NodeJS.ProcessEnv {
  const { BUN_OPTIONS: _options, BUN_BE_BUN: _be, ...env } = process.env;
  return env;
}
