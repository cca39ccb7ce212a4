import { mkdirSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';

/**
 * Makes a folder, and those above it that are not there. What is there stays as it is.
 *
 * Not by `recursive` of Node's mkdir: where a file system says of every new name that it is not there, as /proc does, that one
 * goes on trying for ever (MKDirp of node_file.cc).
 *
 * @param mode of every folder that is made
 * @throws what `fileTrouble` tells in words, with the path
 */
export function makeFolder(path: string, mode = 0o777): void {
  const folder = resolve(path);
  if (statSync(folder, { throwIfNoEntry: false })?.isDirectory() === true) return;
  const above = dirname(folder);
  if (above !== folder) makeFolder(above, mode);
  try {
    mkdirSync(folder, { mode });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    // Somebody else was quicker.
    if (code === 'EEXIST' && statSync(folder).isDirectory()) return;
    if (code === 'EEXIST') throw Object.assign(error as Error, { code: 'ENOTDIR' });
    // The folder above is there, so it is this file system that makes none.
    if (code === 'ENOENT') throw Object.assign(error as Error, { code: 'ENOTSUP' });
    throw error;
  }
}
