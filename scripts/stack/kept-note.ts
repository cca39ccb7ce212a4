import { rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Home } from './home.ts';
import { readIfPresent, writePrivate } from './private-file.ts';

/** Of work that can be interrupted: `mark` tells whether it is the same work that the same command goes on with. */
export interface Note {
  readonly mark: string;
}

/** A file of a stack that says how far such work has come; it is forgotten when the work is whole. */
export interface KeptNote<T extends Note> {
  /** What was left; a damaged file is as good as none. */
  read(home: Home, stack: string): T | undefined;
  /** @param options durable: on the disk before it returns, so that it outlives the machine and not only this process */
  write(home: Home, stack: string, note: T, options?: { readonly durable?: boolean }): void;
  forget(home: Home, stack: string): void;
}

/** @param name of the file in the stack's folder */
export function keptNote<T extends Note>(name: string): KeptNote<T> {
  const file = (home: Home, stack: string): string => join(home.stack(stack), name);
  return {
    read(home, stack) {
      try {
        const found = JSON.parse(readIfPresent(file(home, stack)) ?? 'null') as T | null;
        return found?.mark === undefined ? undefined : found;
      } catch {
        return undefined;
      }
    },
    write(home, stack, note, options) {
      home.privateDir(home.stack(stack));
      writePrivate(file(home, stack), `${JSON.stringify(note)}\n`, options);
    },
    forget: (home, stack) => rmSync(file(home, stack), { force: true }),
  };
}
