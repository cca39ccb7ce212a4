import { join } from 'node:path';
import { InputError } from '../errors.ts';
import type { Home } from './home.ts';
import { readIfPresent, writePrivate } from './private-file.ts';
import { VERSION } from './version.ts';

/** Raised when what is kept in `.twemstack` changes so that an older program would misread it. */
const FORMAT = 1;

interface MadeBy {
  readonly format: number;
  /** Of twemstack. */
  readonly version: string;
}

const file = (home: Home): string => join(home.private, 'made-by.json');

/**
 * The version that last worked with a folder; undefined when that is one which did not write it down, or none.
 *
 * @throws InputError when what the folder keeps is of a version that is newer than this one
 */
export function madeBy(home: Home): string | undefined {
  const { format, version } = read(home);
  if (format !== undefined && format > FORMAT) {
    throw new InputError(
      `what is kept here was written by twemstack ${version}, and in a form that ${VERSION} does not know`,
      {
        where: home.private,
        remedy: `install that version or a later one: npm install twemstack@${version}`,
      },
    );
  }
  return version;
}

/** Writes down that this version works with a folder. */
export function noteMadeBy(home: Home): void {
  home.privateDir(home.private);
  const content = `${JSON.stringify({ format: FORMAT, version: VERSION } satisfies MadeBy)}\n`;
  if (readIfPresent(file(home)) !== content) writePrivate(file(home), content);
}

/** A damaged file says nothing: all it could do is refuse. */
function read(home: Home): Partial<MadeBy> {
  try {
    return Object(JSON.parse(readIfPresent(file(home)) ?? '{}')) as Partial<MadeBy>;
  } catch {
    return {};
  }
}
