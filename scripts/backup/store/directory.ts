import { createReadStream } from 'node:fs';
import { access, open, readdir, rename, rm, stat } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join, resolve } from 'node:path';
import { fileMeaning, NotSoError } from '../../errors.ts';
import { makeFolder } from '../../make-folder.ts';
import { isBackupId } from '../manifest.ts';
import { type BackupStore, type Draft, MANIFEST_FILE } from './store.ts';

const PARTIAL = '.partial-';
/** What another machine began and has not touched for so long is given up. */
const GIVEN_UP_MS = 24 * 3600 * 1000;

/**
 * Backups in a folder: `<folder>/<stack>/<id>/`, for their owner alone. One is written beside under another name, brought to
 * the disk, and renamed when it is whole.
 */
export class DirectoryStore implements BackupStore {
  readonly where: string;

  constructor(folder: string, stack: string) {
    this.where = join(resolve(folder), stack);
  }

  async ids(): Promise<string[]> {
    const names = await this.#names();
    const whole = await Promise.all(
      names
        .filter(isBackupId)
        .map(async (id) => ((await isThere(join(this.where, id, MANIFEST_FILE))) ? [id] : [])),
    );
    return whole.flat().sort();
  }

  async *read(id: string, file: string): AsyncGenerator<Buffer> {
    const path = join(this.where, id, file);
    try {
      yield* createReadStream(path, { highWaterMark: 256 * 1024 });
    } catch (error) {
      throw failure('cannot be read', path, error);
    }
  }

  async begin(id: string): Promise<Draft> {
    const partial = join(this.where, `${PARTIAL}${hostname()}-${id}`);
    try {
      makeFolder(partial, 0o700);
    } catch (error) {
      throw failure('cannot be written to', this.where, error);
    }
    return new DirectoryDraft(partial, join(this.where, id), this.where);
  }

  async remove(id: string): Promise<void> {
    // Out of the list at once: what is half removed must not look like a backup.
    const aside = join(this.where, `${PARTIAL}${hostname()}-removed-${id}`);
    await rename(join(this.where, id), aside);
    await rm(aside, { recursive: true });
  }

  async sweep(): Promise<void> {
    for (const name of await this.#names()) {
      if (!name.startsWith(PARTIAL)) continue;
      const path = join(this.where, name);
      const isOurs = name.startsWith(`${PARTIAL}${hostname()}-`);
      if (isOurs || Date.now() - (await stat(path)).mtimeMs > GIVEN_UP_MS)
        await rm(path, { recursive: true });
    }
  }

  async #names(): Promise<string[]> {
    try {
      return await readdir(this.where);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
      throw failure('cannot be read', this.where, error);
    }
  }
}

class DirectoryDraft implements Draft {
  constructor(
    private readonly partial: string,
    private readonly whole: string,
    private readonly parent: string,
  ) {}

  async write(file: string, content: AsyncIterable<Uint8Array>): Promise<void> {
    const path = join(this.partial, file);
    const handle = await open(path, 'w', 0o600).catch((error: unknown) => {
      throw failure('cannot be written', path, error);
    });
    try {
      for await (const chunk of content) {
        await handle.appendFile(chunk).catch((error: unknown) => {
          throw failure('cannot be written', path, error);
        });
      }
      await handle.sync();
    } finally {
      await handle.close();
    }
  }

  async finish(manifest: string): Promise<void> {
    await this.write(MANIFEST_FILE, oneChunk(manifest));
    await syncFolder(this.partial);
    await rename(this.partial, this.whole).catch((error: unknown) => {
      throw failure('cannot be given its name', this.whole, error);
    });
    await syncFolder(this.parent);
  }

  async discard(): Promise<void> {
    await rm(this.partial, { recursive: true, force: true });
  }
}

async function* oneChunk(text: string): AsyncGenerator<Buffer> {
  yield Buffer.from(text);
}

/** The names in a folder are a file of its own to the disk. */
async function syncFolder(path: string): Promise<void> {
  const handle = await open(path, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

const isThere = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  );

function failure(what: string, path: string, cause: unknown): NotSoError {
  const why = fileMeaning(cause) ?? (cause as Error).message;
  const remedy = 'mend that, or name another folder: --to, or backup.to of stack.yaml';
  return new NotSoError(`the backup ${what}: ${why}`, { where: path, remedy, cause });
}
