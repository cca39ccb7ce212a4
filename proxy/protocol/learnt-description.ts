import type { ReplyValue } from './encode-value.ts';
import type { LearntCommand } from './learnt-command.ts';
import type { ReplyTree } from './reply-tree.ts';

/** An entry of COMMAND INFO as its server gave it, in whichever protocol it is read. */
export function learntInfo({ entry }: LearntCommand): ReplyValue {
  return infoOf(entry);
}

/** An entry of COMMAND DOCS: what is known here, and what becomes of it. */
export function learntDocs(command: LearntCommand): ReplyValue {
  const { parts, refusal } = command;
  const fate = refusal === null ? 'sent to the server of its keys' : `refused, ${refusal}`;
  const docs = new Map<string, ReplyValue>([
    ['summary', `A command of the servers (here: learnt from them, and ${fate})`],
    ['since', ''],
    ['group', 'module'],
  ]);
  if (parts.length > 0) docs.set('subcommands', new Map(parts.map((part) => [part.name, learntDocs(part)])));
  return docs;
}

function infoOf({ items }: ReplyTree): ReplyValue {
  const [name, arity, flags, first, last, step, categories, tips, specs, subcommands] = items;
  return [
    name.text.toLowerCase(),
    ...[arity].map(numberOf),
    words(flags),
    ...[first, last, step].map(numberOf),
    words(categories),
    tips?.items.map(({ text }) => text) ?? [],
    specs?.items.map(mapOf) ?? [],
    subcommands?.items.map(infoOf) ?? [],
  ];
}

const numberOf = ({ text }: ReplyTree): number => Number(text);

const words = (tree: ReplyTree | undefined): ReadonlySet<string> =>
  new Set(tree?.items.map(({ text }) => text));

/** What a key specification has of maps: the rest are words and numbers. */
const MAPS: ReadonlySet<string> = new Set(['begin_search', 'find_keys', 'spec']);

function mapOf({ items }: ReplyTree): ReplyValue {
  const map = new Map<string, ReplyValue>();
  for (let i = 0; i + 1 < items.length; i += 2) {
    const [{ text: name }, value] = [items[i], items[i + 1]];
    if (name === 'flags') map.set(name, words(value));
    else if (MAPS.has(name)) map.set(name, mapOf(value));
    else map.set(name, value.kind === ':' ? Number(value.text) : value.text);
  }
  return map;
}
