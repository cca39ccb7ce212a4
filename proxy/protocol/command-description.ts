import { COMMAND_FACTS, FLAG_NAMES } from './command-facts.ts';
import { fateInWords } from './command-fate.ts';
import { COMMANDS, type Command, commandId } from './command-table.ts';
import type { ReplyValue } from './encode-value.ts';

/** What Redis says of a command. */
export interface CommandFacts {
  readonly command: Command;
  /** Elements with the name; negative: at least so many. */
  readonly arity: number;
  readonly flags: readonly string[];
  /** First and last key and step between keys, as COMMAND INFO has it; 0 0 0 = none, or not at fixed places. */
  readonly keys: readonly [first: number, last: number, step: number];
  readonly since: string;
  readonly group: string;
  /** The arguments as the manual writes them. */
  readonly syntax: string;
}

let all: readonly CommandFacts[] | null = null;

/** The facts about every command, sorted by name. Read when somebody asks. */
export function commandFacts(): readonly CommandFacts[] {
  all ??= COMMAND_FACTS.trim().split('\n').map(parse);
  return all;
}

/** The facts about one command, by its name in lower case; undefined when there is none. */
export function factsOf(name: string): CommandFacts | undefined {
  return commandFacts().find(({ command }) => command.name === name);
}

function parse(line: string): CommandFacts {
  const [name, arity, flags, first, last, step, since, group, ...syntax] = line.split(' ');
  return {
    command: COMMANDS[commandId(name)],
    arity: Number(arity),
    flags: flags === '-' ? [] : [...flags].map((letter) => FLAG_NAMES[letter]),
    keys: [Number(first), Number(last), Number(step)],
    since,
    group,
    syntax: syntax.join(' '),
  };
}

/** The ACL categories of groups that are not named like them. */
const CATEGORIES: Readonly<Record<string, string>> = {
  generic: 'keyspace',
  'sorted-set': 'sortedset',
  transactions: 'transaction',
};

/** As in Redis derived from flags and group; @dangerous only where a flag says so. */
export function aclCategories({ flags, group }: CommandFacts): Set<string> {
  const has = (flag: string): boolean => flags.includes(flag);
  const categories = new Set<string>();
  if (has('write')) categories.add('@write');
  if (has('readonly')) categories.add('@read');
  if (group !== 'server') categories.add(`@${CATEGORIES[group] ?? group}`);
  if (has('admin')) categories.add('@admin').add('@dangerous');
  if (has('pubsub')) categories.add('@pubsub');
  if (has('blocking')) categories.add('@blocking');
  return categories.add(has('fast') ? '@fast' : '@slow');
}

/** One entry of COMMAND INFO. Subcommands are not listed one by one. */
export function commandInfo(facts: CommandFacts): ReplyValue {
  const { arity, command, flags, keys } = facts;
  return [command.name, arity, new Set(flags), ...keys, aclCategories(facts), [], keySpecs(facts), []];
}

/** One entry of COMMAND DOCS; the summary is what the proxy does with the command. */
export function commandDocs({ command, group, since, syntax }: CommandFacts): ReplyValue {
  const docs = new Map<string, ReplyValue>([
    ['summary', fateInWords(command)],
    ['since', since],
    ['group', group],
  ]);
  const parts = syntaxParts(syntax);
  if (parts.length > 0) docs.set('arguments', parts.map(argument));
  return docs;
}

/** The arguments one by one: brackets and what they hold belong together. */
function syntaxParts(syntax: string): string[] {
  const parts: string[] = [];
  let depth = 0;
  for (const word of syntax === '' ? [] : syntax.split(' ')) {
    if (depth === 0) parts.push(word);
    else parts[parts.length - 1] += ` ${word}`;
    for (const letter of word) {
      if ('[<'.includes(letter)) depth++;
      if (']>'.includes(letter)) depth--;
    }
  }
  return parts;
}

function argument(part: string): ReplyValue {
  const optional = part.startsWith('[');
  const name = optional ? part.slice(1, -1) : part;
  const described = new Map<string, ReplyValue>([
    ['name', name],
    ['type', 'string'],
    ['display_text', name],
  ]);
  if (optional) described.set('flags', new Set(['optional']));
  return described;
}

/** Where the keys are, in the words of COMMAND INFO, from the rules by which the proxy itself finds them. */
function keySpecs({ command, keys: [first, last, step] }: CommandFacts): ReplyValue {
  const spec = (begin: ReplyValue, find: ReplyValue): ReplyValue =>
    new Map<string, ReplyValue>([
      ['flags', new Set(command.write ? ['RW', 'access', 'update'] : ['RO', 'access'])],
      ['begin_search', begin],
      ['find_keys', find],
    ]);
  const rule = command.keys;
  if (rule?.kind === 'counted') {
    const counted = spec(search('index', ['index', rule.at]), numbered());
    return rule.firstToo ? [spec(search('index', ['index', 1]), range(0, 1)), counted] : [counted];
  }
  if (command.name.startsWith('xread')) {
    const begin = search('keyword', ['keyword', 'STREAMS'], ['startfrom', 1]);
    return [spec(begin, range(-1, 1, 2))];
  }
  if (first === 0) return [];
  return [spec(search('index', ['index', first]), range(last < 0 ? last : last - first, step))];
}

type Pair = readonly [name: string, value: ReplyValue];

function search(type: string, ...pairs: readonly Pair[]): ReplyValue {
  return new Map<string, ReplyValue>([
    ['type', type],
    ['spec', new Map<string, ReplyValue>(pairs)],
  ]);
}

function range(lastkey: number, keystep: number, limit = 0): ReplyValue {
  return search('range', ['lastkey', lastkey], ['keystep', keystep], ['limit', limit]);
}

function numbered(): ReplyValue {
  return search('keynum', ['keynumidx', 0], ['firstkey', 1], ['keystep', 1]);
}
