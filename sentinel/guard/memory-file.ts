import { closeSync, fsyncSync, openSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { BLANK, formatMemory, type Memory, parseMemory } from './core/memory.ts';

/** The memory on the data volume; written whole or not at all, and on the disk when `write` returns. */
export class MemoryFile {
  private written: Memory = BLANK;
  /** Nothing was found: the very first start, or the volume was wiped. */
  readonly missing: boolean;

  /** @param log told of a file that says nothing any more */
  constructor(
    private readonly path: string,
    log: (text: string) => void,
  ) {
    const found = this.read();
    const memory = found === undefined ? undefined : parseMemory(found);
    if (found !== undefined && memory === undefined)
      log(`${path} cannot be read: this member does not vote until it has its master's data`);
    this.missing = found === undefined;
    this.written = memory ?? BLANK;
  }

  get memory(): Memory {
    return this.written;
  }

  write(memory: Memory): void {
    const part = `${this.path}.tmp`;
    try {
      const file = openSync(part, 'w', 0o600);
      try {
        // all of it, or an error: writeSync is content with half where a disk is nearly full
        writeFileSync(file, formatMemory(memory));
        fsyncSync(file);
      } finally {
        closeSync(file);
      }
    } catch (error) {
      rmSync(part, { force: true });
      throw error;
    }
    renameSync(part, this.path);
    const folder = openSync(dirname(this.path), 'r');
    try {
      fsyncSync(folder);
    } finally {
      closeSync(folder);
    }
    this.written = memory;
  }

  private read(): string | undefined {
    try {
      return readFileSync(this.path, 'utf8');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
      throw error;
    }
  }
}
