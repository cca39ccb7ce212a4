import type { StreamCommand } from './command-stream.ts';
import type { NamedKey } from './dirty-keys.ts';

/** Where the keys of a command stand, as the source itself says (COMMAND): first, last (negative: from the end), step. */
export interface KeyPlaces {
  readonly first: number;
  readonly last: number;
  readonly step: number;
}

/** By name, and `container|subcommand`, in lower case. */
export type CommandTable = ReadonlyMap<string, KeyPlaces>;

/** What a command of the stream did. */
export type Change =
  | { readonly kind: 'nothing' }
  | { readonly kind: 'keys'; readonly keys: readonly NamedKey[] }
  | { readonly kind: 'database'; readonly database: number }
  /** These databases, or all of them, are others now. */
  | { readonly kind: 'emptied'; readonly databases: readonly number[] | undefined }
  | { readonly kind: 'functions' }
  | { readonly kind: 'published' }
  /** Its keys cannot be told: any may have changed. */
  | { readonly kind: 'unknown'; readonly command: string };

const NOTHING: Change = { kind: 'nothing' };

/** Have no keys, or none that count here. */
const QUIET = new Set(['ping', 'replconf', 'multi', 'exec', 'discard', 'script', 'reset']);
const PUBLISHING = new Set(['publish', 'spublish']);
/** Name another key, to write to, behind one of these words (STORE of SORT and GEORADIUS). */
const STORING = new Set(['sort', 'georadius', 'georadiusbymember']);

/** The answer to COMMAND as a table. */
export function commandTable(reply: unknown): CommandTable {
  const table = new Map<string, KeyPlaces>();
  const add = (entries: unknown): void => {
    if (!Array.isArray(entries)) return;
    for (const entry of entries as unknown[][]) {
      if (!Array.isArray(entry)) continue;
      const [name, , , first, last, step] = entry;
      table.set(String(name).toLowerCase(), {
        first: Number(first),
        last: Number(last),
        step: Number(step),
      });
      add(entry[9]);
    }
  };
  add(reply);
  return table;
}

/** Whether an argument must be read to know what a command changes: of most, the first key alone. */
export function isWanted(table: CommandTable): (before: StreamCommand, count: number) => boolean {
  return (before) => {
    if (before.length < 2) return true;
    const name = wordOf(before[0]);
    if (STORING.has(name) || name === 'copy' || name === 'move') return true;
    const places = table.get(name);
    return places === undefined || places.first !== 1 || places.last !== 1;
  };
}

/**
 * What a command of the replication stream changes. Scripts come as what they did, and what waits as what it got: what is left
 * has its keys at places that the source's own table tells.
 *
 * @param database in which it is carried out
 */
export function changeOf(command: StreamCommand, database: number, table: CommandTable): Change {
  const name = wordOf(command[0]);
  if (QUIET.has(name)) return NOTHING;
  if (PUBLISHING.has(name)) return { kind: 'published' };
  if (name === 'select') return { kind: 'database', database: Number(wordOf(command[1])) };
  if (name === 'flushall') return { kind: 'emptied', databases: undefined };
  if (name === 'flushdb') return { kind: 'emptied', databases: [database] };
  if (name === 'swapdb') return { kind: 'emptied', databases: [1, 2].map((i) => Number(wordOf(command[i]))) };
  if (name === 'function') return { kind: 'functions' };
  const places = table.get(`${name}|${wordOf(command[1])}`) ?? table.get(name);
  if (places === undefined || places.first <= 0) return { kind: 'unknown', command: name };
  const keys: NamedKey[] = [];
  const end = places.last < 0 ? command.length + places.last : places.last;
  for (let i = places.first; i <= end && i < command.length; i += Math.max(1, places.step)) {
    const key = nameOf(command[i]);
    if (key === undefined) return { kind: 'unknown', command: name };
    keys.push({ database, name: key });
  }
  if (keys.length === 0) return { kind: 'unknown', command: name };
  return { kind: 'keys', keys: [...keys, ...elsewhere(name, command, database)] };
}

/** Keys that are named by an option, or stand in another database. */
function elsewhere(name: string, command: StreamCommand, database: number): NamedKey[] {
  if (name === 'move') return keysNamed([nameOf(command[1])], Number(wordOf(command[2])));
  if (name === 'copy') {
    const at = command.findIndex((word, i) => i > 2 && wordOf(word) === 'db');
    return at < 0 ? [] : keysNamed([nameOf(command[2])], Number(wordOf(command[at + 1])));
  }
  if (!STORING.has(name)) return [];
  // A word that only looks like the option makes a key be copied that did not change.
  const behind = command.flatMap((_, i) =>
    i > 1 && /^store(dist)?$/.test(wordOf(command[i - 1])) ? [nameOf(command[i])] : [],
  );
  return keysNamed(behind, database);
}

const keysNamed = (names: readonly (string | undefined)[], database: number): NamedKey[] =>
  names.flatMap((name) => (name === undefined || Number.isNaN(database) ? [] : [{ database, name }]));

const nameOf = (word: Buffer | undefined): string | undefined => word?.toString('latin1');

const wordOf = (word: Buffer | undefined): string => (nameOf(word) ?? '').toLowerCase();
