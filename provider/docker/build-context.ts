/** The folder an image is built from, as an archive the engine takes. */
import { createHash } from 'node:crypto';
import { lstat, readdir, readFile, readlink } from 'node:fs/promises';
import path from 'node:path';
import { type Pack, pack } from 'tar-stream';
import { ProviderError } from '../protocol/diagnostics.ts';
import { ignoreRules } from './dockerignore.ts';

export interface BuildContext {
  /** Digest of names, modes and contents; no times, owners or absolute paths. */
  digest: string;
  /** Name of the Dockerfile inside the archive. */
  dockerfile: string;
  /** Makes the archive; everything in it belongs to root. */
  archive(): Pack;
}

interface Entry {
  name: string;
  mode: number;
  kind: 'file' | 'directory' | 'symlink';
  /** A file's content or a link's target. */
  content: Buffer;
}

/** A Dockerfile outside the context travels under this name. */
const OUTSIDE_DOCKERFILE = '.dockerfile.outside';

/**
 * Reads a context. `.dockerignore` counts.
 * @param folder relative to the working directory, as terraform runs it.
 * @param dockerfile relative to the context, or absolute.
 * @throws ProviderError when the folder or the Dockerfile is not there.
 */
export async function packContext(folder: string, dockerfile: string): Promise<BuildContext> {
  const root = path.resolve(folder);
  const inside = path.relative(root, path.resolve(root, dockerfile));
  const outside = inside.startsWith('..');
  const text = await readDockerfile(root, dockerfile);
  const ignored = ignoreRules(await readFile(path.join(root, '.dockerignore'), 'utf8').catch(() => ''));
  const entries = await readEntries(
    root,
    '',
    (name) => name !== inside && name !== '.dockerignore' && ignored(name),
  );
  if (outside) {
    entries.push({ name: OUTSIDE_DOCKERFILE, mode: 0o644, kind: 'file', content: text });
  }
  return {
    digest: digestOf(entries),
    dockerfile: outside ? OUTSIDE_DOCKERFILE : inside.split(path.sep).join('/'),
    archive: () => archiveOf(entries),
  };
}

async function readDockerfile(root: string, dockerfile: string): Promise<Buffer> {
  const file = path.resolve(root, dockerfile);
  const folder = await lstat(root).catch(() => undefined);
  if (!folder?.isDirectory()) {
    throw new ProviderError(`build context not found: ${root}`, {
      detail: `"context" must be a folder; relative ones start in ${process.cwd()}.`,
      path: ['build'],
    });
  }
  return readFile(file).catch((error: unknown) => {
    throw new ProviderError(`dockerfile not found at path: ${file}`, {
      detail: '"dockerfile" is looked for in the context.',
      path: ['build'],
      cause: error,
    });
  });
}

async function readEntries(
  root: string,
  below: string,
  ignored: (name: string) => boolean,
): Promise<Entry[]> {
  const entries: Entry[] = [];
  const names = (await readdir(path.join(root, below))).sort();
  for (const base of names) {
    const name = below === '' ? base : `${below}/${base}`;
    const file = path.join(root, name);
    const stat = await lstat(file);
    const mode = stat.mode & 0o7777;
    if (stat.isDirectory()) {
      // An ignored folder can still hold files that an exception brings back.
      const inner = await readEntries(root, name, ignored);
      if (!ignored(name) || inner.length > 0) {
        entries.push({ name, mode, kind: 'directory', content: Buffer.alloc(0) }, ...inner);
      }
    } else if (!ignored(name) && stat.isSymbolicLink()) {
      entries.push({ name, mode, kind: 'symlink', content: Buffer.from(await readlink(file)) });
    } else if (!ignored(name) && stat.isFile()) {
      entries.push({ name, mode, kind: 'file', content: await readFile(file) });
    }
  }
  return entries;
}

function digestOf(entries: Entry[]): string {
  const hash = createHash('sha256');
  for (const { name, mode, kind, content } of entries) {
    hash.update(`${kind} ${mode.toString(8)} ${content.length} ${name}\0`).update(content);
  }
  return hash.digest('hex');
}

function archiveOf(entries: Entry[]): Pack {
  const archive = pack();
  for (const { name, mode, kind, content } of entries) {
    if (kind === 'symlink') {
      archive.entry({ name, mode, type: 'symlink', linkname: content.toString('utf8') });
    } else if (kind === 'directory') {
      archive.entry({ name, mode, type: 'directory' });
    } else {
      archive.entry({ name, mode, type: 'file' }, content);
    }
  }
  archive.finalize();
  return archive;
}
