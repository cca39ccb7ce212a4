import { CATEGORY_NAMES, COMMAND_FACTS, FLAG_NAMES, KEY_FLAG_NAMES } from './command-facts.ts';
import { fateInWords } from './command-fate.ts';
import { COMMAND_SUMMARIES } from './command-summaries.ts';
import { COMMANDS, type Command, commandId } from './command-table.ts';
import type { ReplyValue } from './encode-value.ts';
import { keySpecs } from './key-specs.ts';
import { SUBCOMMAND_FACTS } from './subcommand-facts.ts';
import { SUBCOMMAND_SUMMARIES } from './subcommand-summaries.ts';

/** What Redis says of a command, or of a subcommand. */
export interface CommandFacts {
  /** Lower case; of a subcommand `container|subcommand`. */
  readonly name: string;
  /** The command, or the one that the subcommand is part of. */
  readonly command: Command;
  /** Elements with the name; negative: at least so many. */
  readonly arity: number;
  readonly flags: readonly string[];
  readonly categories: ReadonlySet<string>;
  /** What becomes of its first key, and of the others. */
  readonly keyFlags: readonly (readonly string[])[];
  /** First and last key and step between keys, as COMMAND INFO has it; 0 0 0 = none, or not at fixed places. */
  readonly keys: readonly [first: number, last: number, step: number];
  readonly since: string;
  readonly group: string;
  /** The arguments as the manual writes them. */
  readonly syntax: string;
  readonly summary: string;
  readonly subcommands: readonly CommandFacts[];
}

/** Commands by name; with subcommands. Read when somebody asks. */
interface Table {
  readonly commands: readonly CommandFacts[];
  readonly byName: ReadonlyMap<string, CommandFacts>;
}

let table: Table | null = null;

function read(): Table {
  const summaries = new Map(
    [...linesOf(COMMAND_SUMMARIES), ...linesOf(SUBCOMMAND_SUMMARIES)].map((line) => {
      const blank = line.indexOf(' ');
      return [line.slice(0, blank), line.slice(blank + 1)];
    }),
  );
  const subcommands = linesOf(SUBCOMMAND_FACTS).map((line) => parse(line, summaries, []));
  const commands = linesOf(COMMAND_FACTS).map((line) => {
    const container = `${line.slice(0, line.indexOf(' '))}|`;
    return parse(
      line,
      summaries,
      subcommands.filter(({ name }) => name.startsWith(container)),
    );
  });
  return { commands, byName: new Map([...commands, ...subcommands].map((facts) => [facts.name, facts])) };
}

const linesOf = (text: string): string[] => text.trim().split('\n');

/** The facts about every command, sorted by name; subcommands are with theirs. */
export function commandFacts(): readonly CommandFacts[] {
  table ??= read();
  return table.commands;
}

/** The facts about one command or `container|subcommand`, by its name in lower case; undefined when there is none. */
export function factsOf(name: string): CommandFacts | undefined {
  table ??= read();
  return table.byName.get(name);
}

function parse(
  line: string,
  summaries: ReadonlyMap<string, string>,
  subcommands: readonly CommandFacts[],
): CommandFacts {
  const [name, arity, flags, categories, keyFlags, first, last, step, since, group, ...syntax] =
    line.split(' ');
  return {
    name,
    command: COMMANDS[commandId(name.split('|')[0])],
    arity: Number(arity),
    flags: named(flags, FLAG_NAMES),
    categories: new Set(named(categories, CATEGORY_NAMES)),
    keyFlags: keyFlags === '-' ? [] : keyFlags.split('/').map((letters) => named(letters, KEY_FLAG_NAMES)),
    keys: [Number(first), Number(last), Number(step)],
    since,
    group,
    syntax: syntax.join(' '),
    summary: summaries.get(name) ?? '',
    subcommands,
  };
}

function named(letters: string, names: Readonly<Record<string, string>>): string[] {
  return letters === '-' ? [] : [...letters].map((letter) => names[letter]);
}

/** One entry of COMMAND INFO. */
export function commandInfo(facts: CommandFacts): ReplyValue {
  const { arity, categories, command, flags, keyFlags, keys, name, subcommands } = facts;
  return [
    name,
    arity,
    new Set(flags),
    ...keys,
    categories,
    [],
    keySpecs(command, keyFlags, keys),
    subcommands.map((each) => commandInfo(each)),
  ];
}

/** One entry of COMMAND DOCS; the summary says also what the proxy does with the command. */
export function commandDocs(facts: CommandFacts): ReplyValue {
  const { command, group, name, since, subcommands, summary, syntax } = facts;
  const here = name === command.name ? `${summary} (here: ${fateInWords(command)})` : summary;
  const docs = new Map<string, ReplyValue>([
    ['summary', here],
    ['since', since],
    ['group', group],
  ]);
  const parts = syntaxParts(syntax);
  if (parts.length > 0) docs.set('arguments', parts.map(argument));
  if (subcommands.length > 0)
    docs.set('subcommands', new Map(subcommands.map((each) => [each.name, commandDocs(each)])));
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
