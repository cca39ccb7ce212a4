import {
  closeSync,
  constants,
  fstatSync,
  ftruncateSync,
  openSync,
  readFileSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { fileKind, readNamedFile } from '../config/files.ts';

const { O_CREAT, O_NOFOLLOW, O_NONBLOCK, O_RDWR } = constants;

/**
 * Writes the process id, no newline, as the original does. Only into a file that holds nothing else: whoever may write to
 * the folder could lead us elsewhere with a link, and a mistyped path must not cost what is there.
 * @throws Error in words
 */
export function writePidFile(file: string): void {
  const descriptor = openForPid(file);
  try {
    const stats = fstatSync(descriptor);
    if (!stats.isFile()) throw new Error(`it is ${fileKind(stats)}, and must be a file`);
    if (stats.size > 32 || !/^[0-9]*\s*$/.test(readFileSync(descriptor, 'utf8'))) {
      throw new Error('it holds something else than a process id; remove it or choose another path');
    }
    ftruncateSync(descriptor);
    writeSync(descriptor, String(process.pid), 0);
  } finally {
    closeSync(descriptor);
  }
}

function openForPid(file: string): number {
  try {
    return openSync(file, O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK, 0o644);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'ELOOP') throw new Error('it is a symbolic link, which is not followed');
    if (code === 'EISDIR') throw new Error('it is a directory, and must be a file');
    throw new Error(message);
  }
}

/** Removes the file, unless something else has taken its place since. */
export function removePidFile(file: string): void {
  let holder: string;
  try {
    holder = readNamedFile(file);
  } catch {
    // it is gone, or no file any more: nothing of ours is there
    return;
  }
  if (holder === String(process.pid)) rmSync(file, { force: true });
}
