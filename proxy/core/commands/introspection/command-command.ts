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
import type { LearntCommand } from '../../../protocol/learnt-command.ts';
import { learntDocs, learntInfo } from '../../../protocol/learnt-description.ts';
import { errorReply, SYNTAX_ERROR, statusesReply } from '../../../protocol/replies.ts';
import type { RequestFrame } from '../../../protocol/request-frame.ts';
import { answered, text } from '../answered.ts';
import { byLearntCommands, type Deal } from '../looked-at-later.ts';
import { subcommandFault, unknownSubcommand, wrongSubcommandArity } from '../refusals.ts';
import type { Answer, Handler } from '../session.ts';
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

/** Commands of the servers that the proxy's own table has not. */
interface Learnt {
  all(): readonly LearntCommand[];
  find(name: string): LearntCommand | undefined;
}

/** What is asked for, the words behind the subcommand in lower case; the reply's value, or the reply. */
type Asked = (
  words: readonly string[],
  learnt: Learnt,
  frame: RequestFrame,
  buffer: Uint8Array,
) => ReplyValue | Ready;

/** A reply that is the same in both protocols: an error, or lines. */
class Ready {
  constructor(readonly reply: Uint8Array) {}
}

const infos = (names: readonly string[], learnt: Learnt): ReplyValue =>
  names.length === 0
    ? [...commandFacts().map(commandInfo), ...learnt.all().map(learntInfo)]
    : names.map((name) => infoOf(name, learnt));

function infoOf(name: string, learnt: Learnt): ReplyValue {
  const facts = factsOf(name);
  if (facts !== undefined) return commandInfo(facts);
  const command = learnt.find(name);
  return command === undefined ? null : learntInfo(command);
}

const docs: Asked = (words, learnt) => {
  // each is described once, however often it is named
  const names = [...new Set(words)];
  const wanted = names.length === 0 ? commandFacts() : names.map(factsOf);
  const others = names.length === 0 ? learnt.all() : names.map((name) => learnt.find(name));
  const found = new Map<string, ReplyValue>();
  for (const facts of wanted) if (facts !== undefined) found.set(facts.name, commandDocs(facts));
  for (const command of others) if (command !== undefined) found.set(command.name, learntDocs(command));
  return found;
};

/** As a command of the table, as far as it is looked for by that. */
const listed = (command: LearntCommand): Listed => ({ name: command.name, categories: command.categories });

type Listed = Pick<CommandFacts, 'name' | 'categories'>;

const list: Asked = (words, learnt, frame, buffer) => {
  const all: readonly Listed[] = [
    ...commandFacts().flatMap((facts) => [facts, ...facts.subcommands]),
    ...learnt.all().flatMap((command) => [command, ...command.parts].map(listed)),
  ];
  const names = (fits: (facts: Listed) => boolean): string[] => all.filter(fits).map(({ name }) => name);
  if (words.length === 0) return names(() => true);
  const [filter, kind, value] = words;
  if (filter !== 'filterby' || words.length !== 3) return new Ready(SYNTAX_ERROR);
  // which module a command is of its server does not say
  if (kind === 'module') return [];
  if (kind === 'aclcat') return names(({ categories }) => categories.has(`@${value}`));
  if (kind !== 'pattern') return new Ready(SYNTAX_ERROR);
  const pattern = text(frame, buffer, 4).toLowerCase();
  return names(({ name }) => globMatches(pattern, name));
};

const getKeys: Asked = (_words, _learnt, frame, buffer) => {
  const keys = commandKeys(frame, buffer);
  return typeof keys === 'string' ? new Ready(errorReply(keys)) : keys.map(([key]) => key);
};

const getKeysAndFlags: Asked = (_words, _learnt, frame, buffer) => {
  const keys = commandKeys(frame, buffer);
  return typeof keys === 'string' ? new Ready(errorReply(keys)) : withFlags(keys);
};

/** Subcommands by their name: arity as Redis counts it, the container included. */
const SUBCOMMANDS: ReadonlyMap<string, readonly [arity: number, asked: Asked]> = new Map([
  ['count', [2, (_words, learnt) => commandFacts().length + learnt.all().length]],
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

/**
 * COMMAND …: from the proxy's own table, so that it is the same whatever server is down, and from what the servers have said
 * of commands of their own.
 */
const answer: Answer = (session, frame, buffer) => {
  const { learnt } = session.routing;
  if (frame.argc === 1) return encodeValue(infos([], learnt), session.protocol);
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
  const value = asked(words, learnt, frame, buffer);
  return value instanceof Ready ? value.reply : encodeValue(value, session.protocol);
};

/** Whether what is asked for depends on what the servers have: all commands, or one that the table has not. */
function needsServers(frame: RequestFrame, buffer: Uint8Array): boolean {
  if (frame.argc === 1) return true;
  const subcommand = wordAt(frame, buffer, 1);
  if (subcommand === 'count' || subcommand === 'list') return true;
  if (subcommand !== 'info' && subcommand !== 'docs') return false;
  if (frame.argc === 2) return true;
  const most = Math.min(frame.argc, MOST_NAMES + 2);
  for (let i = 2; i < most; i++) if (factsOf(wordAt(frame, buffer, i)) === undefined) return true;
  return false;
}

const atOnce = answered(1, Number.POSITIVE_INFINITY, answer, (_session, frame, buffer) =>
  subcommandFault('command', buffer, frame),
);

const handle: Handler = (session, command, frame, buffer, from, to) => {
  const deal = (...[, again, bytes, start, end]: Parameters<Deal>): void =>
    atOnce(session, command, again, bytes, start, end);
  if (needsServers(frame, buffer)) byLearntCommands(session, frame, buffer, from, to, deal);
  else atOnce(session, command, frame, buffer, from, to);
};

/** Inside a transaction nobody is asked: by what is known. */
export const commandCommand: Handler = Object.assign(handle, { queued: atOnce.queued });
