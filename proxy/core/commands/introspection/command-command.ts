import {
  type CommandFacts,
  commandDocs,
  commandFacts,
  commandInfo,
  factsOf,
} from '../../../protocol/command-description.ts';
import { encodeValue, type ReplyValue } from '../../../protocol/encode-value.ts';
import { globMatches } from '../../../protocol/glob.ts';
import { wordAt } from '../../../protocol/key-positions.ts';
import { errorReply, SYNTAX_ERROR, statusesReply } from '../../../protocol/replies.ts';
import type { RequestFrame } from '../../../protocol/request-frame.ts';
import { text } from '../answered.ts';
import { unknownSubcommand, wrongSubcommandArity } from '../refusals.ts';
import type { Answer } from '../session.ts';
import { commandKeys, withFlags } from './command-keys.ts';

const HELP = [
  'COMMAND <subcommand> [<arg> [value] [opt] ...]. Subcommands are:',
  '(no subcommand)',
  '    Everything about all commands.',
  'COUNT',
  '    The number of commands.',
  'DOCS [<command-name> ...]',
  '    What they do, and what becomes of them here.',
  'GETKEYS <full-command>, GETKEYSANDFLAGS <full-command>',
  '    The keys of a command, and what becomes of each.',
  'INFO [<command-name> ...]',
  '    Arity, flags and key positions.',
  'LIST [FILTERBY (MODULE <module-name>|ACLCAT <cat>|PATTERN <pattern>)]',
  '    Their names, and those of their subcommands.',
  'HELP',
  '    Print this help.',
];

/** What is asked for, the words behind the subcommand in lower case; the reply's value, or the reply. */
type Asked = (words: readonly string[], frame: RequestFrame, buffer: Uint8Array) => ReplyValue | Ready;

/** A reply that is the same in both protocols: an error, or lines. */
class Ready {
  constructor(readonly reply: Uint8Array) {}
}

const infos = (names: readonly string[]): ReplyValue =>
  names.length === 0 ? commandFacts().map(commandInfo) : names.map((name) => infoOf(factsOf(name)));

function infoOf(facts: CommandFacts | undefined): ReplyValue {
  return facts === undefined ? null : commandInfo(facts);
}

const docs: Asked = (names) => {
  const wanted = names.length === 0 ? commandFacts() : names.map(factsOf);
  const found = new Map<string, ReplyValue>();
  for (const facts of wanted) if (facts !== undefined) found.set(facts.name, commandDocs(facts));
  return found;
};

const list: Asked = (words, frame, buffer) => {
  const all = commandFacts().flatMap((facts) => [facts, ...facts.subcommands]);
  const names = (fits: (facts: CommandFacts) => boolean): string[] =>
    all.filter(fits).map(({ name }) => name);
  if (words.length === 0) return names(() => true);
  const [filter, kind, value] = words;
  if (filter !== 'filterby' || words.length !== 3) return new Ready(SYNTAX_ERROR);
  // no module brings commands here
  if (kind === 'module') return [];
  if (kind === 'aclcat') return names(({ categories }) => categories.has(`@${value}`));
  if (kind !== 'pattern') return new Ready(SYNTAX_ERROR);
  const pattern = text(frame, buffer, 4).toLowerCase();
  return names(({ name }) => globMatches(pattern, name));
};

const getKeys: Asked = (_words, frame, buffer) => {
  const keys = commandKeys(frame, buffer);
  return typeof keys === 'string' ? new Ready(errorReply(keys)) : keys.map(([key]) => key);
};

const getKeysAndFlags: Asked = (_words, frame, buffer) => {
  const keys = commandKeys(frame, buffer);
  return typeof keys === 'string' ? new Ready(errorReply(keys)) : withFlags(keys);
};

/** Subcommands by their name: arity as Redis counts it, the container included. */
const SUBCOMMANDS: ReadonlyMap<string, readonly [arity: number, asked: Asked]> = new Map([
  ['count', [2, () => commandFacts().length]],
  ['docs', [-2, docs]],
  ['getkeys', [-4, getKeys]],
  ['getkeysandflags', [-4, getKeysAndFlags]],
  ['help', [2, () => new Ready(statusesReply(HELP))]],
  ['info', [-2, infos]],
  ['list', [-2, list]],
]);

/** Arguments: several times as many as there are commands, and what takes a few milliseconds. */
const MOST_NAMES = 1024;
const MOST_ARGUMENTS = 16_384;

/** COMMAND …: from the proxy's own table, so that it is the same whatever server is down. */
export const commandCommand: Answer = (session, frame, buffer) => {
  if (frame.argc === 1) return encodeValue(infos([]), session.protocol);
  const subcommand = wordAt(frame, buffer, 1);
  const found = SUBCOMMANDS.get(subcommand);
  if (found === undefined) return unknownSubcommand('command', buffer, frame);
  const [arity, asked] = found;
  if (arity > 0 ? frame.argc !== arity : frame.argc < -arity)
    return wrongSubcommandArity('command', subcommand);
  const most = subcommand.startsWith('getkeys') ? MOST_ARGUMENTS : MOST_NAMES;
  if (frame.argc - 2 > most)
    return errorReply(`COMMAND ${subcommand.toUpperCase()} has at most ${most} arguments here`);
  const words = Array.from({ length: frame.argc - 2 }, (_, i) => wordAt(frame, buffer, i + 2));
  const answer = asked(words, frame, buffer);
  return answer instanceof Ready ? answer.reply : encodeValue(answer, session.protocol);
};
