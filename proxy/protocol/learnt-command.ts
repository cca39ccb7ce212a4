import { arityFits } from './command-arity.ts';
import { Command, commandId, FATE_KEYS } from './command-table.ts';
import { wordAt } from './key-positions.ts';
import type { ReplyTree } from './reply-tree.ts';
import type { RequestFrame } from './request-frame.ts';

/**
 * As what a command that the table does not have goes through the proxy: what is written, and what may be repeated, goes by
 * the number of a command, and these two are such of which all that is known is where their keys are.
 */
const WRITES = commandId('fcall');
const READS = commandId('fcall_ro');

/** Redis' flags and categories of commands that do something with their connection, or with the server as a whole. */
const OF_CONNECTIONS = ['pubsub', 'no_auth', '@connection', '@pubsub', '@transaction'];
const OF_SERVERS = ['admin', '@admin', '@dangerous'];
const BLOCKING = ['blocking', '@blocking'];

/** One key specification of COMMAND, as far as keys are found by it. */
interface KeySpec {
  /** Place of the element at which the search begins; with a keyword, of the first that may be it. */
  readonly from: number;
  /** In lower case; empty = the keys begin at `from`. */
  readonly keyword: string;
  readonly find:
    | { readonly kind: 'range'; readonly last: number; readonly step: number; readonly limit: number }
    | { readonly kind: 'counted'; readonly at: number; readonly first: number; readonly step: number };
}

/** What a server says of one of its commands that the proxy does not know. */
export class LearntCommand extends Command {
  constructor(
    name: string,
    /** Elements with the name; negative: at least so many. */
    readonly arity: number,
    private readonly marks: ReadonlySet<string>,
    /** Null when the server does not say all about its keys. */
    private readonly specs: readonly KeySpec[] | null,
    private readonly subcommands: ReadonlyMap<string, LearntCommand>,
    /** What the server has said of it. */
    readonly entry: ReplyTree,
  ) {
    const reads = marks.has('readonly') && !marks.has('write');
    super(reads ? READS : WRITES, name, !reads, FATE_KEYS, null, 'learnt from the servers');
  }

  /** The entry that says what becomes of a request: that of its subcommand, where there is one. */
  of(frame: RequestFrame, buffer: Uint8Array): LearntCommand {
    if (this.subcommands.size === 0 || frame.argc < 2) return this;
    return this.subcommands.get(wordAt(frame, buffer, 1)) ?? this;
  }

  /** Such as `@read`. */
  get categories(): ReadonlySet<string> {
    return this.marks;
  }

  /** Its subcommands, by their names `command|subcommand`. */
  get parts(): readonly LearntCommand[] {
    return [...this.subcommands.values()];
  }

  /** It may wait for something to come. */
  get mayWait(): boolean {
    return this.has(BLOCKING);
  }

  private has(marks: readonly string[]): boolean {
    return marks.some((mark) => this.marks.has(mark));
  }

  /** Why it cannot go over a connection that all clients share; null when it can. */
  get refusal(): string | null {
    if (this.has(OF_SERVERS)) return 'it administers one server: connect to that server';
    if (this.has(OF_CONNECTIONS)) return 'it concerns the connection to a server, which all clients share';
    return this.mayWait ? 'it may wait, and other clients use the same server connection' : null;
  }

  /**
   * Numbers of the elements that are keys; none when it has none.
   * @returns null when the server does not say where they all are
   */
  keysOf(frame: RequestFrame, buffer: Uint8Array): number[] | null {
    return this.specs?.flatMap((spec) => keysBy(spec, frame, buffer)) ?? null;
  }
}

/** True when a request of `count` elements, its name included, may be one of this command. */
export function takesElements(command: Command, count: number): boolean {
  if (!(command instanceof LearntCommand)) return arityFits(command.id, count);
  return command.arity >= 0 ? count === command.arity : count >= -command.arity;
}

/** As Redis does it (db.c, getKeysUsingKeySpecs); of wrong arguments there are none, and any server says so. */
function keysBy({ find, from, keyword }: KeySpec, frame: RequestFrame, buffer: Uint8Array): number[] {
  const { argc } = frame;
  let first = from;
  if (keyword !== '') {
    first = 0;
    const step = from < 0 ? -1 : 1;
    for (let i = from < 0 ? argc + from : from; i > 0 && i < argc && first === 0; i += step)
      if (wordAt(frame, buffer, i) === keyword) first = i + 1;
    if (first === 0) return [];
  }
  let last: number;
  if (find.kind === 'counted') {
    const count = first + find.at < argc ? Number(wordAt(frame, buffer, first + find.at)) : Number.NaN;
    if (!Number.isInteger(count) || count < 0) return [];
    first += find.first;
    last = first + (count - 1) * find.step;
  } else if (find.last >= 0) last = first + find.last;
  else if (find.limit > 1) last = first + Math.floor((argc - first) / find.limit) + find.last;
  else last = argc + find.last;
  const keys: number[] = [];
  for (let i = first; i <= last && i < argc; i += find.step) keys.push(i);
  return keys;
}

/** Entries of COMMAND INFO that are understood; others are left out. */
export function learntFrom(reply: ReplyTree, most: number): LearntCommand[] {
  return reply.items.slice(0, most).flatMap((entry) => learnt(entry, true) ?? []);
}

function learnt(entry: ReplyTree, mayHaveSubcommands: boolean): LearntCommand | null {
  const [name, arity, flags, first, last, step, categories, , specs, subcommands] = entry.items;
  if (step === undefined || !/^[!-~]{1,128}$/.test(name.text)) return null;
  const marks = new Set([...flags.items, ...(categories?.items ?? [])].map(({ text }) => text));
  const parts = mayHaveSubcommands ? (subcommands?.items ?? []) : [];
  const own = parts.slice(0, MOST_SUBCOMMANDS).flatMap((part) => learnt(part, false) ?? []);
  return new LearntCommand(
    name.text.toLowerCase(),
    Number(arity.text),
    marks,
    specs === undefined ? byPlaces(marks, [first, last, step]) : bySpecs(marks, specs),
    new Map(own.map((part) => [part.name.slice(part.name.indexOf('|') + 1), part])),
    entry,
  );
}

const MOST_SUBCOMMANDS = 64;

/** Before Redis 7: first key, last key, step, and whether there may be others. */
function byPlaces(marks: ReadonlySet<string>, places: readonly ReplyTree[]): KeySpec[] | null {
  if (marks.has('movablekeys')) return null;
  const [first, last, step] = places.map(({ text }) => Number(text));
  if (first === 0) return [];
  const behind = last < 0 ? last : last - first;
  return [
    { from: first, keyword: '', find: { kind: 'range', last: behind, step: Math.max(1, step), limit: 0 } },
  ];
}

function bySpecs(marks: ReadonlySet<string>, { items }: ReplyTree): KeySpec[] | null {
  const specs = items.map(specOf);
  const known = specs.filter((spec) => spec !== null);
  if (known.length < specs.length) return null;
  // a module that finds its keys by a function of its own says nothing of them here
  const isPlain = known.every(({ find, keyword }) => keyword === '' && find.kind === 'range');
  return marks.has('movablekeys') && isPlain ? null : known;
}

/** Null when it does not say all. */
function specOf(tree: ReplyTree): KeySpec | null {
  const spec = pairs(tree);
  const [begin, find] = [typed(spec.get('begin_search')), typed(spec.get('find_keys'))];
  if (spec.get('flags')?.items.some(({ text }) => text === 'incomplete') ?? true) return null;
  if (begin.type !== 'index' && begin.type !== 'keyword') return null;
  const from = begin.number(begin.type === 'index' ? 'index' : 'startfrom');
  const keyword = begin.type === 'keyword' ? begin.text('keyword').toLowerCase() : '';
  const step = Math.max(1, find.number('keystep'));
  if (find.type === 'range')
    return {
      from,
      keyword,
      find: { kind: 'range', last: find.number('lastkey'), step, limit: find.number('limit') },
    };
  if (find.type !== 'keynum') return null;
  return {
    from,
    keyword,
    find: { kind: 'counted', at: find.number('keynumidx'), first: find.number('firstkey'), step },
  };
}

/** A map, in RESP2 a flat array. */
function pairs({ items }: ReplyTree): Map<string, ReplyTree> {
  const found = new Map<string, ReplyTree>();
  for (let i = 0; i + 1 < items.length; i += 2) found.set(items[i].text, items[i + 1]);
  return found;
}

function typed(tree: ReplyTree | undefined): {
  type: string;
  text(name: string): string;
  number(name: string): number;
} {
  const outer = tree === undefined ? new Map<string, ReplyTree>() : pairs(tree);
  const details = outer.get('spec');
  const inner = details === undefined ? new Map<string, ReplyTree>() : pairs(details);
  return {
    type: outer.get('type')?.text ?? '',
    text: (name) => inner.get(name)?.text ?? '',
    number: (name) => Number(inner.get(name)?.text ?? 0),
  };
}
