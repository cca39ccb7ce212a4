import { closeSync, constants, fstatSync, openSync, readFileSync, type Stats } from 'node:fs';

/**
 * The text of a file that somebody named. What is no file is not read: a FIFO would be waited for, a device has no end.
 * Symbolic links are followed.
 * @throws Error in words when it cannot be read
 */
export function readNamedFile(path: string): string {
  // a FIFO without a writer is opened at once
  const descriptor = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    const stats = fstatSync(descriptor);
    if (!stats.isFile()) throw new Error(`'${path}' is ${fileKind(stats)}, and must be a file`);
    return readFileSync(descriptor, 'utf8');
  } finally {
    closeSync(descriptor);
  }
}

/** What something in the file system is, in words. */
export function fileKind(stats: Stats): string {
  if (stats.isFile()) return 'an ordinary file';
  if (stats.isDirectory()) return 'a directory';
  if (stats.isSymbolicLink()) return 'a symbolic link';
  if (stats.isFIFO()) return 'a FIFO';
  if (stats.isSocket()) return 'a socket';
  return 'a device';
}
