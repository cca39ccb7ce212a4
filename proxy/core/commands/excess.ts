import {
  type Command,
  MAY_REPEAT,
  MOST_DRAWN,
  MOST_GETS,
  MOST_NAMED,
  REPEATED_KEYS,
} from '../../protocol/command-table.ts';
import { wordAt } from '../../protocol/key-positions.ts';
import type { RequestFrame } from '../../protocol/request-frame.ts';
import { quotedArg } from './refusals.ts';

/**
 * Why a request of some bytes would keep its server busy for many seconds, whatever it holds: with a negative count
 * SRANDMEMBER and its like repeat what there is without end; SUNION and its like read a set again each time that it is
 * named, XREAD a stream, and SORT looks up each GET for every element. Null when it would not.
 * @param keys numbers of the elements that are keys
 */
export function excessFault(
  { name }: Command,
  frame: RequestFrame,
  buffer: Uint8Array,
  keys: readonly number[],
): string | null {
  if (MAY_REPEAT.has(name)) return frame.argc > 2 ? countFault(name, wordAt(frame, buffer, 2)) : null;
  if (name === 'sort' || name === 'sort_ro')
    return frame.argc > 2 * MOST_GETS ? getsFault(name, frame, buffer) : null;
  return keys.length > MOST_NAMED && REPEATED_KEYS.test(name) ? namedFault(name, frame, buffer, keys) : null;
}

function countFault(name: string, count: string): string | null {
  if (!/^-[0-9]+$/.test(count) || Number(count) >= -MOST_DRAWN) return null;
  return `'${name}' with the count ${count} is not served: it draws at most ${MOST_DRAWN} elements with repetitions; draw them in several requests`;
}

function getsFault(name: string, frame: RequestFrame, buffer: Uint8Array): string | null {
  let gets = 0;
  for (let i = 2; i < frame.argc; i++) {
    const word = wordAt(frame, buffer, i);
    if (word === 'get') gets++;
    // what follows is a pattern, a key or a number, which may look like an option
    if (word === 'get' || word === 'by' || word === 'store') i++;
    else if (word === 'limit') i += 2;
  }
  return gets > MOST_GETS ? `'${name}' has at most ${MOST_GETS} GET here` : null;
}

function namedFault(
  name: string,
  frame: RequestFrame,
  buffer: Uint8Array,
  keys: readonly number[],
): string | null {
  const named = new NamedKeys(name);
  for (const key of keys) {
    const fault = named.note(frame, buffer, key);
    if (fault !== null) return fault;
  }
  return null;
}

/** How often a request names each key. */
export class NamedKeys {
  private readonly named = new Map<string, number>();
  private readonly isBounded: boolean;

  /** @param command its name */
  constructor(private readonly command: string) {
    this.isBounded = REPEATED_KEYS.test(command);
  }

  /** Why element `key` is named once too often, or null. */
  note(frame: RequestFrame, buffer: Uint8Array, key: number): string | null {
    if (!this.isBounded) return null;
    const { args } = frame;
    const text = Buffer.from(buffer.subarray(args[2 * key], args[2 * key + 1])).toString('latin1');
    const times = (this.named.get(text) ?? 0) + 1;
    if (times > MOST_NAMED)
      return `'${this.command}' names the key ${quotedArg(frame, buffer, key)} more than ${MOST_NAMED} times; name it once`;
    this.named.set(text, times);
    return null;
  }
}

/**
 * Commands whose arguments the proxy reads one by one, or puts together for every server, and how many they may have: that
 * takes some 10 ms. Others count theirs themselves, or are read in parts.
 */
const MOST_ARGUMENTS = 16_384;
export const READ_WHOLE: ReadonlySet<string> = new Set([
  'function',
  'georadius',
  'georadiusbymember',
  'hello',
  'info',
  'latency',
  'pubsub',
  'script',
  'slowlog',
  'sort',
  'sort_ro',
  'xread',
  'xreadgroup',
]);

/** Why a command has more arguments than can be looked at in one turn, or null. */
export const argumentsFault = ({ name }: Command, { argc }: RequestFrame): string | null =>
  argc - 1 > MOST_ARGUMENTS && READ_WHOLE.has(name)
    ? `'${name}' has at most ${MOST_ARGUMENTS} arguments here`
    : null;
