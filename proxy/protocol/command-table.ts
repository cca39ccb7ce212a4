import {
  ANY_SERVER,
  BY_CHANNEL,
  BY_FIRST_KEY,
  COUNTED_KEYS,
  FAMILIES,
  KEY_RANGES,
  KEYWORD_KEYS,
  REFUSED,
  SPLIT,
  SUBCOMMAND_KEYS,
} from './command-list.ts';

/** What becomes of a command. */
export const FATE_KEY = 0;
export const FATE_SPLIT = 1;
export const FATE_KEYS = 2;
/** One of the families in proxy/core/commands deals with it. */
export const FATE_FAMILY = 3;
export const FATE_ANY = 4;
export const FATE_REFUSED = 5;
/** As FATE_KEY by its channel, behind those who subscribe to it. */
export const FATE_CHANNEL = 6;

/** Commands that a negative count asks for elements that may come again and again. */
export const MAY_REPEAT: ReadonlySet<string> = new Set(['hrandfield', 'srandmember', 'zrandmember']);
/** So many of them at most: redis takes some 10 ms, and everybody else on it waits meanwhile. */
export const MOST_DRAWN = 100_000;

/** Commands that read a whole value each time that its key is named. */
export const REPEATED_KEYS = /^[sz](union|inter|diff)|^bitop$|^pf(count|merge)$|^xread(group)?$/;
/** How often they may name the same one. */
export const MOST_NAMED = 10;

/** Patterns of GET in one SORT: redis looks up each of them for every element. */
export const MOST_GETS = 100;

/** How the keys of a FATE_KEYS command are found. */
export type KeyRule =
  | { kind: 'range'; first: number; last: number; step: number }
  | { kind: 'counted'; at: number; firstToo: boolean }
  | { kind: 'subcommand'; names: readonly string[] }
  | { kind: 'keyword' };

export class Command {
  constructor(
    readonly id: number,
    /** Lower case. */
    readonly name: string,
    readonly write: boolean,
    readonly fate: number,
    readonly keys: KeyRule | null,
    /** Why it is refused, or what its family does with it; empty when its fate says it all. */
    readonly reason: string,
  ) {}
}

/** All commands; a command's id is its place here. */
export const COMMANDS: readonly Command[] = buildCommands();

function buildCommands(): Command[] {
  const commands: Command[] = [];
  const add = (word: string, fate: number, keys: KeyRule | null, reason = ''): void => {
    const write = word.startsWith('!');
    commands.push(new Command(commands.length, write ? word.slice(1) : word, write, fate, keys, reason));
  };
  for (const word of words(BY_FIRST_KEY)) add(word, FATE_KEY, null);
  for (const word of words(BY_CHANNEL)) add(word, FATE_CHANNEL, null);
  for (const word of words(SPLIT)) add(word, FATE_SPLIT, null);
  for (const word of words(KEY_RANGES)) {
    const [name, first, last, step = '1'] = word.split(':');
    add(name, FATE_KEYS, { kind: 'range', first: Number(first), last: Number(last), step: Number(step) });
  }
  for (const word of words(COUNTED_KEYS)) {
    const [name, at] = word.split(':');
    add(name, FATE_KEYS, { kind: 'counted', at: Number.parseInt(at, 10), firstToo: at.endsWith('+') });
  }
  for (const word of words(SUBCOMMAND_KEYS)) {
    const [name, names] = word.split(':');
    add(name, FATE_KEYS, { kind: 'subcommand', names: names.split(',') });
  }
  for (const word of words(KEYWORD_KEYS)) add(word, FATE_KEYS, { kind: 'keyword' });
  for (const word of words(ANY_SERVER)) add(word, FATE_ANY, null);
  for (const [does, names] of FAMILIES) for (const word of words(names)) add(word, FATE_FAMILY, null, does);
  for (const [reason, names] of REFUSED)
    for (const word of words(names)) add(word, FATE_REFUSED, null, reason);
  return commands;
}

function words(text: string): string[] {
  return text.split(/\s+/).filter((word) => word !== '');
}

/* Look-up without making a string: open addressing over a hash of the name in upper case. */
const SLOTS = 1024;
const slots = new Int16Array(SLOTS).fill(-1);
const names: Uint8Array[] = COMMANDS.map((command) => Buffer.from(command.name));
for (const command of COMMANDS) {
  let slot = hashName(names[command.id], 0, names[command.id].length);
  while (slots[slot] >= 0) slot = (slot + 1) % SLOTS;
  slots[slot] = command.id;
}

/** `| 0x20` folds letter case; no two command names differ only in what it folds otherwise. */
function hashName(bytes: Uint8Array, from: number, to: number): number {
  let h = to - from;
  for (let i = from; i < to; i++) h = (Math.imul(h, 31) + (bytes[i] | 0x20)) | 0;
  return (h ^ (h >>> 11)) & (SLOTS - 1);
}

/** Id of the command named `bytes[from, to)`, in any case; -1 when there is none. */
export function lookupCommand(bytes: Uint8Array, from: number, to: number): number {
  let slot = hashName(bytes, from, to);
  const length = to - from;
  for (;;) {
    const id = slots[slot];
    if (id < 0) return -1;
    const name = names[id];
    if (name.length === length) {
      let i = 0;
      while (i < length && lower(bytes[from + i]) === name[i]) i++;
      if (i === length) return id;
    }
    slot = (slot + 1) & (SLOTS - 1);
  }
}

function lower(byte: number): number {
  return byte >= 65 && byte <= 90 ? byte | 0x20 : byte;
}

/** Id of a command that is known to exist. */
export function commandId(name: string): number {
  const id = lookupCommand(Buffer.from(name), 0, name.length);
  if (id < 0) throw new Error(`no such command: ${name}`);
  return id;
}
