import { closeSync, fsyncSync, openSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';

/**
 * Writes a file that only its owner may read, all or nothing.
 *
 * @param options durable: on the disk before it returns, so that it outlives the machine and not only this process
 */
export function writePrivate(path: string, content: string, { durable = true } = {}): void {
  const temporary = `${path}.${process.pid}.tmp`;
  try {
    withFile(temporary, 'w', (fd) => {
      writeFileSync(fd, content);
      if (durable) fsyncSync(fd);
    });
  } catch (error) {
    // half of it would be of no use to anybody, and takes what little room there is
    rmSync(temporary, { force: true });
    throw error;
  }
  renameSync(temporary, path);
  // The new name is in the folder, which is a file of its own to the disk.
  if (durable) withFile(dirname(path), 'r', fsyncSync);
}

/** The list in a file that we wrote; undefined when its text is none, or one of it is nothing that we write. */
export function parseList<T>(text: string, isOne: (value: unknown) => value is T): readonly T[] | undefined {
  try {
    const list: unknown = JSON.parse(text);
    return Array.isArray(list) && list.every(isOne) ? list : undefined;
  } catch {
    return undefined;
  }
}

function withFile(path: string, flags: 'r' | 'w', use: (fd: number) => void): void {
  const fd = openSync(path, flags, 0o600);
  try {
    use(fd);
  } finally {
    closeSync(fd);
  }
}

/** Content of a text file, or undefined when there is none. */
export function readIfPresent(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
