import { createHash } from 'node:crypto';
import {
  chmodSync,
  copyFileSync,
  existsSync,
  linkSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs';
import { dirname, join, relative } from 'node:path';
import type { NoBunError } from '../../proxy/build.ts';
import { IMAGE_KINDS, type ImageKind } from '../../topology/container-options.ts';
import { EnvironmentError } from '../errors.ts';
import type { PreparedImage, PreparedImages } from '../images/prepared-image.ts';
import { makeFolder } from '../make-folder.ts';
import { lock } from '../process-lock.mjs';
import type { Step } from '../report/steps.ts';
import { CHECKOUT, type Home, INSTALLED } from '../stack/home.ts';
import { readIfPresent } from '../stack/private-file.ts';
import { VERSION } from '../stack/version.ts';
import { cacheFolder } from './debian-base.ts';

/** Where the images are made from. */
export interface ImageSources {
  /** Default: this checkout. */
  readonly checkout?: string;
  /** Compiles the proxy into one executable, unless its sources are unchanged. Default: proxy/build.ts. */
  readonly build?: (target: string) => unknown;
  /** The same for the guard that stands beside each redis. */
  readonly buildGuard?: (target: string) => unknown;
}

/** A file of a build context: where it goes, where it comes from. */
interface ContextFile {
  readonly name: string;
  readonly source: string;
  readonly executable: boolean;
  /** What stands for its content in the image's name; default: the SHA-256 of its bytes. */
  readonly identity?: string;
}

/** Folder of each image's sources. */
const SOURCES: Readonly<Record<ImageKind, string>> = {
  redis: 'sentinel/image',
  proxy: 'proxy/image',
  edge: 'haproxy/image',
  monitor: 'monitoring/image',
};
const HASH_LENGTH = 12;

/**
 * Compiles the proxy where its sources have changed since, and lays out the build context of each image below the home,
 * in a folder named by its content. Contexts that nothing names any more are removed.
 *
 * @param base base image of all three
 */
export async function prepareImages(
  home: Home,
  base: string,
  step: Step,
  sources: ImageSources = {},
): Promise<PreparedImages> {
  const { checkout = CHECKOUT } = sources;
  const root = join(home.private, 'images');
  const held = await lock(`images ${root}`, () => step.progress('waiting for another twemstack'));
  try {
    home.privateDir(root);
    const compiledTo = executableFolder(checkout);
    const executable = join(compiledTo, 'nutcracker');
    makeFolder(compiledTo);
    step.progress('compiling the proxy');
    const { buildProxy, compileExecutable, NoBunError } = await import('../../proxy/build.ts');
    await compiling(() => (sources.build ?? buildProxy)(executable), NoBunError);
    const guard = join(compiledTo, 'guard');
    step.progress('compiling the guard');
    const folder = join(checkout, 'sentinel/guard');
    const program = { what: 'the guard', folder, entry: 'main' };
    const buildGuard = sources.buildGuard ?? ((target: string) => compileExecutable(program, target));
    await compiling(() => buildGuard(guard), NoBunError);
    const images = Object.fromEntries(
      IMAGE_KINDS.map((kind) => {
        const files = contextFiles(join(checkout, SOURCES[kind]));
        if (kind === 'proxy') files.push(compiled('nutcracker', executable));
        if (kind === 'redis') files.push(compiled('guard', guard));
        return [kind, layOut(root, kind, base, files)];
      }),
    ) as Record<ImageKind, PreparedImage>;
    removeUnused(root, images);
    return images;
  } finally {
    await held.release();
  }
}

/** @throws EnvironmentError when it is for want of Bun */
async function compiling(build: () => unknown, noBun: typeof NoBunError): Promise<void> {
  try {
    await build();
  } catch (error) {
    if (!(error instanceof noBun)) throw error;
    throw new EnvironmentError(error.message, {
      where: CHECKOUT,
      remedy:
        'it is an optional package of npm: `npm install --include=optional`, on a machine that may reach the registry',
    });
  }
}

/**
 * Where the executables are compiled to, once for each content of their sources. Of an installed package that is the user's cache,
 * in a folder for each version.
 */
export function executableFolder(checkout = CHECKOUT): string {
  if (!INSTALLED) return join(checkout, 'dist');
  return join(cacheFolder(), 'executables', VERSION);
}

/**
 * An executable goes by the stamp of its sources, which its build leaves beside it: two compilations of the same
 * sources differ in a few bytes, and a name by those would replace every member when a checkout is cloned anew.
 */
function compiled(name: string, source: string): ContextFile {
  return { name, source, executable: true, identity: readIfPresent(`${source}.stamp`) };
}

function contextFiles(folder: string): ContextFile[] {
  return sourceFiles(folder).map((source) => ({
    name: relative(folder, source),
    source,
    executable: (statSync(source).mode & 0o111) !== 0,
  }));
}

/** Writes a context that is not there yet; complete or not at all, since it is renamed into place. */
function layOut(root: string, kind: ImageKind, base: string, files: readonly ContextFile[]): PreparedImage {
  const hash = createHash('sha256').update(`base ${base}\n`);
  for (const file of [...files].sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const digest = file.identity ?? createHash('sha256').update(readFileSync(file.source)).digest('hex');
    hash.update(`${file.executable ? 'x' : '-'} ${digest} ${file.name}\n`);
  }
  const id = hash.digest('hex').slice(0, HASH_LENGTH);
  const contextDir = join(root, `${kind}-${id}`);
  if (!existsSync(contextDir)) {
    const part = `${contextDir}.${process.pid}.part`;
    rmSync(part, { recursive: true, force: true });
    makeFolder(part);
    for (const file of files) place(file, part);
    renameSync(part, contextDir);
  }
  return { name: `twemstack/${kind}:${id}`, contextDir, base };
}

/** Modes are set, not copied: a checkout's depend on the umask, and the engine copies them into the image. */
function place({ name, source, executable, identity }: ContextFile, folder: string): void {
  const target = join(folder, name);
  for (let made = dirname(name); made !== '.'; made = dirname(made)) {
    makeFolder(join(folder, made));
    chmodSync(join(folder, made), 0o755);
  }
  // A hundred megabytes are linked, not copied: a new compilation replaces the file and leaves the link as it is.
  if (identity !== undefined && tryLink(source, target)) return;
  copyFileSync(source, target);
  chmodSync(target, executable ? 0o755 : 0o644);
}

function tryLink(source: string, target: string): boolean {
  try {
    linkSync(source, target);
    return true;
  } catch {
    return false;
  }
}

function removeUnused(root: string, images: PreparedImages): void {
  const used = new Set(Object.values(images).map(({ contextDir }) => contextDir));
  for (const name of readdirSync(root)) {
    if (!used.has(join(root, name))) rmSync(join(root, name), { recursive: true, force: true });
  }
}

/** All files below a folder (or the file itself) in one order on every machine. */
function sourceFiles(path: string): string[] {
  if (!statSync(path).isDirectory()) return [path];
  return readdirSync(path, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
}
