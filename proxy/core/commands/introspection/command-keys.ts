import { type CommandFacts, factsOf } from '../../../protocol/command-description.ts';
import { FATE_KEYS, FATE_SPLIT } from '../../../protocol/command-table.ts';
import type { ReplyValue } from '../../../protocol/encode-value.ts';
import { keyPositions, wordAt } from '../../../protocol/key-positions.ts';
import { RequestFrame } from '../../../protocol/request-frame.ts';
import { keysByFamily } from '../inside-transactions.ts';

/** The keys of a request, each with what becomes of it; or why there are none, in Redis' words. */
export type KeysOrFault = readonly (readonly [key: Uint8Array, flags: readonly string[]])[] | string;

/** COMMAND GETKEYS and GETKEYSANDFLAGS: the keys of the command that begins at the third element of `outer`. */
export function commandKeys(outer: RequestFrame, buffer: Uint8Array): KeysOrFault {
  const facts = factsOf(wordAt(outer, buffer, 2));
  if (facts === undefined || facts.name.includes('|')) return 'Invalid command specified';
  const frame = new RequestFrame();
  frame.argc = outer.argc - 2;
  frame.args = outer.args.subarray(4);
  // Redis looks for keys before it counts the arguments
  if (neverHasKeys(facts)) return 'The command has no key arguments';
  const { arity } = facts;
  if (arity > 0 ? frame.argc !== arity : frame.argc < -arity) {
    return 'Invalid number of arguments specified for command';
  }
  const keys = positions(facts, frame, buffer);
  if (keys === null) return 'The command has no key arguments';
  if (keys.length === 0 && !facts.flags.includes('no_mandatory_keys')) {
    return 'Invalid arguments specified for command';
  }
  return keys.map((key, i) => {
    const bytes = buffer.subarray(frame.args[2 * key], frame.args[2 * key + 1]);
    return [bytes, flagsOf(facts, i, frame, buffer)];
  });
}

function neverHasKeys({ command, keys: [first], subcommands }: CommandFacts): boolean {
  return (
    command.fate !== FATE_KEYS &&
    first === 0 &&
    subcommands.length === 0 &&
    keysByFamily(command.id) === undefined
  );
}

/** Element numbers of the keys; empty when the arguments are wrong, null when there never are keys. */
function positions(facts: CommandFacts, frame: RequestFrame, buffer: Uint8Array): readonly number[] | null {
  const {
    command,
    keys: [first, last, step],
  } = facts;
  if (command.fate === FATE_KEYS) {
    const keys = keyPositions(command, frame, buffer);
    if (typeof keys !== 'string') return keys;
    return keys === 'subcommand' ? null : [];
  }
  const own = keysByFamily(command.id);
  if (own !== undefined) return own(frame, buffer);
  if (first === 0) return null;
  const end = last < 0 ? frame.argc + last : last;
  const keys: number[] = [];
  for (let i = first; i <= end; i += step) keys.push(i);
  return command.fate === FATE_SPLIT && (frame.argc - 1) % step !== 0 ? [] : keys;
}

/** What becomes of key `i` of a request; of SET and BITFIELD it depends on their options. */
function flagsOf(facts: CommandFacts, i: number, frame: RequestFrame, buffer: Uint8Array): readonly string[] {
  const words = (from: number): string[] =>
    Array.from({ length: Math.max(frame.argc - from, 0) }, (_, k) => wordAt(frame, buffer, from + k));
  if (facts.name === 'set') {
    return words(3).includes('get') ? ['RW', 'access', 'update'] : ['OW', 'update'];
  }
  if (facts.name === 'bitfield') {
    const writes = words(2).some((word) => word === 'set' || word === 'incrby');
    return writes ? ['RW', 'access', 'update'] : ['RO', 'access'];
  }
  const named = facts.subcommands.find(({ name }) => name === `${facts.name}|${wordAt(frame, buffer, 1)}`);
  const { keyFlags } = named ?? facts;
  return keyFlags[Math.min(i, 1) === 0 ? 0 : keyFlags.length - 1] ?? [];
}

/** As GETKEYSANDFLAGS shows them. */
export function withFlags(keys: Exclude<KeysOrFault, string>): ReplyValue {
  return keys.map(([key, flags]) => [key, new Set(flags)]);
}
