import type { Command } from './command-table.ts';
import type { RequestFrame } from './request-frame.ts';

/** Why the keys of a request are not known. */
export type NoKeys = 'unclear' | 'subcommand' | 'none';

/**
 * Element numbers of the keys of a request whose command has a key rule.
 * @returns 'unclear' when the arguments are wrong (any server will say so), 'subcommand' for one that has no key,
 *          'none' for a script that says that it has no keys
 */
export function keyPositions(command: Command, frame: RequestFrame, buffer: Uint8Array): number[] | NoKeys {
  const rule = command.keys;
  switch (rule?.kind) {
    case 'range':
      return range(frame.argc, rule.first, rule.last, rule.step);
    case 'counted':
      return counted(command, frame, buffer, rule.at, rule.firstToo);
    case 'subcommand':
      if (frame.argc < 2 || !rule.names.includes(wordAt(frame, buffer, 1))) return 'subcommand';
      return frame.argc < 3 ? 'unclear' : [2];
    default:
      if (command.name.startsWith('xread')) return streams(frame, buffer);
      return stored(command.name, frame, buffer);
  }
}

function range(argc: number, first: number, last: number, step: number): number[] | NoKeys {
  const end = last < 0 ? argc + last : last;
  const keys: number[] = [];
  for (let i = first; i <= end && i < argc; i += step) keys.push(i);
  return keys.length === 0 ? 'unclear' : keys;
}

function counted(
  { name }: Command,
  frame: RequestFrame,
  buffer: Uint8Array,
  at: number,
  firstToo: boolean,
): number[] | NoKeys {
  if (frame.argc <= at) return 'unclear';
  const text = wordAt(frame, buffer, at);
  const count = /^[0-9]{1,7}$/.test(text) ? Number(text) : -1;
  if (count < 0) return 'unclear';
  if (count === 0 && SCRIPTS.test(name)) return 'none';
  const keys = firstToo ? [1] : [];
  for (let i = at + 1; i <= at + count && i < frame.argc; i++) keys.push(i);
  return keys.length === 0 ? 'unclear' : keys;
}

/** What may have no keys; all others need one. */
const SCRIPTS = /^(eval|fcall)/;

/** Options of SORT with arguments, which may look like options themselves. */
const SORT_SKIPS: Readonly<Record<string, number>> = { by: 1, get: 1, limit: 2 };

/** SORT and GEORADIUS…: the first argument, and what the last STORE names: Redis writes to that one only. */
function stored(name: string, frame: RequestFrame, buffer: Uint8Array): number[] | NoKeys {
  if (frame.argc < 2) return 'unclear';
  let store = 0;
  const sorts = name.startsWith('sort');
  const stores = sorts ? ['store'] : ['store', 'storedist'];
  // before the options: key, place or member, radius, unit
  for (let i = sorts ? 2 : 5; i + 1 < frame.argc; i++) {
    const word = wordAt(frame, buffer, i);
    if (stores.includes(word)) store = ++i;
    else if (sorts) i += SORT_SKIPS[word] ?? 0;
  }
  return store === 0 ? [1] : [1, store];
}

const STAR = 42;

/** A pattern of SORT that stands for keys: the element it is, and where its `*` is in the buffer. */
export interface SortPattern {
  readonly element: number;
  readonly star: number;
}

/**
 * What BY and GET of a SORT make keys of. A pattern without `*` names none: BY sorts nothing then, GET finds nothing, and
 * `GET #` is the element itself (sort.c, lookupKeyByPattern).
 */
export function sortPatterns(frame: RequestFrame, buffer: Uint8Array): SortPattern[] {
  const patterns: SortPattern[] = [];
  for (let i = 2; i + 1 < frame.argc; i++) {
    const word = wordAt(frame, buffer, i);
    if (word === 'by' || word === 'get') {
      const element = i + 1;
      const [from, to] = [frame.args[2 * element], frame.args[2 * element + 1]];
      const star = buffer.subarray(from, to).indexOf(STAR);
      if (star >= 0) patterns.push({ element, star: from + star });
    }
    i += word === 'store' ? 1 : (SORT_SKIPS[word] ?? 0);
  }
  return patterns;
}

function streams(frame: RequestFrame, buffer: Uint8Array): number[] | NoKeys {
  for (let i = 1; i < frame.argc; i++) {
    const word = wordAt(frame, buffer, i);
    // GROUP group consumer: names that may look like options
    if (word === 'group') i += 2;
    else if (word === 'streams') {
      const count = Math.floor((frame.argc - i - 1) / 2);
      return count === 0 ? 'unclear' : Array.from({ length: count }, (_, n) => i + 1 + n);
    }
  }
  return 'unclear';
}

/** Element `i` in lower case; long elements are no keywords. */
export function wordAt(frame: RequestFrame, buffer: Uint8Array, i: number): string {
  const from = frame.args[2 * i];
  const to = Math.min(frame.args[2 * i + 1], from + 32);
  return Buffer.from(buffer.subarray(from, to)).toString('latin1').toLowerCase();
}
