import {
  aclCategories,
  type CommandFacts,
  commandDocs,
  commandFacts,
  commandInfo,
  factsOf,
} from '../../../protocol/command-description.ts';
import { FATE_KEYS, FATE_SPLIT } from '../../../protocol/command-table.ts';
import { encodeValue, type ReplyValue } from '../../../protocol/encode-value.ts';
import { keyPositions, wordAt } from '../../../protocol/key-positions.ts';
import { errorReply } from '../../../protocol/replies.ts';
import { RequestFrame } from '../../../protocol/request-frame.ts';
import { unknownSubcommand } from '../refusals.ts';
import type { Session } from '../session.ts';

const HELP = [
  'COMMAND [<subcommand> [<arg> ...]]. Subcommands are:',
  'COUNT: the number of commands.',
  'DOCS [<name> ...]: what the proxy does with them, and their arguments.',
  'GETKEYS <full-command>: the keys of a command.',
  'INFO [<name> ...]: arity, flags and key positions.',
  'LIST [FILTERBY ACLCAT <category> | PATTERN <glob>]: their names.',
];

/** COMMAND …: from the proxy's own table, so that it is the same whatever server is down. */
export function commandCommand(session: Session, frame: RequestFrame, buffer: Uint8Array): Uint8Array {
  const names = (): string[] =>
    Array.from({ length: frame.argc - 2 }, (_, i) => wordAt(frame, buffer, i + 2));
  const reply = (value: ReplyValue): Uint8Array => encodeValue(value, session.protocol);
  const subcommand = frame.argc === 1 ? '' : wordAt(frame, buffer, 1);
  switch (subcommand) {
    case '':
      return reply(commandFacts().map(commandInfo));
    case 'count':
      return reply(commandFacts().length);
    case 'info':
      if (frame.argc === 2) return reply(commandFacts().map(commandInfo));
      return reply(names().map((name) => infoOf(factsOf(name))));
    case 'docs':
      return reply(docsOf(names()));
    case 'list':
      return list(names(), reply);
    case 'getkeys':
      return getKeys(frame, buffer, reply);
    case 'help':
      return reply(HELP);
    default:
      return unknownSubcommand('command', buffer, frame);
  }
}

function infoOf(facts: CommandFacts | undefined): ReplyValue {
  return facts === undefined ? null : commandInfo(facts);
}

function docsOf(names: readonly string[]): ReplyValue {
  const wanted = names.length === 0 ? commandFacts() : names.map(factsOf);
  const docs = new Map<string, ReplyValue>();
  for (const facts of wanted) if (facts !== undefined) docs.set(facts.command.name, commandDocs(facts));
  return docs;
}

function list(words: readonly string[], reply: (value: ReplyValue) => Uint8Array): Uint8Array {
  const names = (fits: (facts: CommandFacts) => boolean): string[] =>
    commandFacts()
      .filter(fits)
      .map(({ command }) => command.name);
  if (words.length === 0) return reply(names(() => true));
  const [filter, kind, value] = words;
  if (filter !== 'filterby' || words.length !== 3) return errorReply('syntax error');
  // no module brings commands here
  if (kind === 'module') return reply([]);
  if (kind === 'aclcat') return reply(names((facts) => aclCategories(facts).has(`@${value}`)));
  if (kind === 'pattern') return reply(names(({ command }) => globOf(value).test(command.name)));
  return errorReply('syntax error');
}

/** Redis' glob: `*`, `?` and `[…]`. */
function globOf(pattern: string): RegExp {
  const source = pattern
    .replace(/[.+^${}()|\\]/g, '\\$&')
    .replace(/\*+/g, '.*')
    .replaceAll('?', '.');
  try {
    return new RegExp(`^${source}$`);
  } catch {
    return /^$/;
  }
}

function getKeys(
  frame: RequestFrame,
  buffer: Uint8Array,
  reply: (value: ReplyValue) => Uint8Array,
): Uint8Array {
  if (frame.argc < 4) return errorReply("wrong number of arguments for 'command|getkeys' command");
  const facts = factsOf(wordAt(frame, buffer, 2));
  if (facts === undefined) return errorReply('Invalid command specified');
  const inner = new RequestFrame();
  inner.argc = frame.argc - 2;
  inner.args = frame.args.subarray(4);
  const { arity } = facts;
  if (arity > 0 ? inner.argc !== arity : inner.argc < -arity) {
    return errorReply('Invalid number of arguments specified for command');
  }
  const keys = keysOf(facts, inner, buffer);
  if (keys === null) return errorReply('The command has no key arguments');
  if (keys.length === 0 && !facts.flags.includes('no_mandatory_keys')) {
    return errorReply('Invalid arguments specified for command');
  }
  const text = (i: number): Buffer => Buffer.from(buffer.subarray(inner.args[2 * i], inner.args[2 * i + 1]));
  return reply(keys.map(text));
}

/** Element numbers of the keys; empty when the arguments are wrong, null when there never are keys. */
function keysOf(facts: CommandFacts, frame: RequestFrame, buffer: Uint8Array): readonly number[] | null {
  const {
    command,
    keys: [first, last, step],
  } = facts;
  if (command.fate === FATE_KEYS) {
    const keys = keyPositions(command, frame, buffer, true);
    if (typeof keys !== 'string') return keys;
    return keys === 'subcommand' ? null : [];
  }
  if (first === 0) return null;
  const end = last < 0 ? frame.argc + last : last;
  const keys: number[] = [];
  for (let i = first; i <= end; i += step) keys.push(i);
  return command.fate === FATE_SPLIT && (frame.argc - 1) % step !== 0 ? [] : keys;
}
