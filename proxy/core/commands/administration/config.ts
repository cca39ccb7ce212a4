import { encodeValue } from '../../../protocol/encode-value.ts';
import { globMatches } from '../../../protocol/glob.ts';
import { wordAt } from '../../../protocol/key-positions.ts';
import { encodeRequest, statusesReply } from '../../../protocol/replies.ts';
import { replyTree } from '../../../protocol/reply-tree.ts';
import { text } from '../answered.ts';
import { Inquiry } from '../inquiry.ts';
import { partialFailure } from '../partial.ts';
import { refuse, unknownSubcommand, wrongArity, wrongSubcommandArity } from '../refusals.ts';
import type { Handler, PoolContext } from '../session.ts';

/** What several servers' values of one parameter are for the pool. */
type Merge = (values: readonly string[]) => string;

/** What holds on every server. */
const smallest: Merge = (values) => String(Math.min(...values.map(Number)));
/** Room is added up; one server without a bound means a pool without one. */
const added: Merge = (values) =>
  values.includes('0') ? '0' : String(values.reduce((sum, value) => sum + BigInt(value), 0n));
const everywhere: Merge = (values) => (values.every((value) => value === 'yes') ? 'yes' : 'no');
const evicting: Merge = (values) => values.find((value) => value !== 'noeviction') ?? 'noeviction';
/** Flags that all servers have. */
const common: Merge = ([first, ...others]) =>
  [...first].filter((flag) => others.every((value) => value.includes(flag))).join('');
/** Different in words, so that nobody takes one server's for all servers'. */
const each: Merge = (values) => [...new Set(values)].join(' | ');

/**
 * What applications and tools look at, and nothing that is a secret or a place on the server: files, addresses, users,
 * passwords.
 */
const PARAMETERS: ReadonlyMap<string, Merge> = new Map<string, Merge>([
  ['activedefrag', everywhere],
  ['appendfsync', each],
  ['appendonly', everywhere],
  ['databases', smallest],
  ['hash-max-listpack-entries', smallest],
  ['hash-max-listpack-value', smallest],
  ['hz', smallest],
  ['latency-monitor-threshold', smallest],
  ['lazyfree-lazy-eviction', everywhere],
  ['lazyfree-lazy-expire', everywhere],
  ['list-compress-depth', smallest],
  ['list-max-listpack-size', smallest],
  ['lfu-decay-time', smallest],
  ['lfu-log-factor', smallest],
  ['maxclients', smallest],
  ['maxmemory', added],
  ['maxmemory-policy', evicting],
  ['maxmemory-samples', smallest],
  ['min-replicas-max-lag', smallest],
  ['min-replicas-to-write', smallest],
  ['notify-keyspace-events', common],
  ['proto-max-bulk-len', smallest],
  ['replica-read-only', everywhere],
  ['save', each],
  ['set-max-intset-entries', smallest],
  ['slowlog-log-slower-than', smallest],
  ['slowlog-max-len', smallest],
  ['stream-node-max-bytes', smallest],
  ['stream-node-max-entries', smallest],
  ['timeout', smallest],
  ['zset-max-listpack-entries', smallest],
  ['zset-max-listpack-value', smallest],
]);

/** Most patterns of one CONFIG GET: each is held against every parameter. */
const MOST_PATTERNS = 64;
/** Longer ones match nothing. */
const MOST_LETTERS = 128;
const REFUSED: ReadonlySet<string> = new Set(['set', 'rewrite', 'resetstat']);
const HELP = statusesReply([
  'CONFIG <subcommand> [<arg> [value] [opt] ...]. Subcommands are:',
  'GET <pattern> [<pattern> ...]',
  '    Return what applications look at and <pattern> matches, with its value on the servers.',
  'HELP',
  '    Print this help.',
]);

/** CONFIG GET pattern [pattern …], of what is in force on the servers now. Whoever sets it is the operator. */
export const config: Handler = (session, command, frame, buffer) => {
  if (frame.argc < 2) {
    refuse(session, wrongArity(command));
    return;
  }
  const subcommand = wordAt(frame, buffer, 1);
  if (REFUSED.has(subcommand)) {
    refuse(
      session,
      `'config ${subcommand}' is not served: the servers' settings are the operator's, in the stack's file`,
    );
  } else if (subcommand === 'help')
    session.reply(session.tail++, frame.argc === 2 ? HELP : wrongSubcommandArity('config', 'help'), 0);
  else if (subcommand !== 'get') session.reply(session.tail++, unknownSubcommand('config', buffer, frame), 0);
  else if (frame.argc < 3) session.reply(session.tail++, wrongSubcommandArity('config', 'get'), 0);
  else if (frame.argc > MOST_PATTERNS + 2)
    refuse(session, `CONFIG GET has at most ${MOST_PATTERNS} patterns here`);
  else {
    const patterns = Array.from({ length: frame.argc - 2 }, (_, i) => text(frame, buffer, i + 2));
    const names = [...new Set(patterns.flatMap(namesOf))];
    session.runAlone(
      new Inquiry(session, command, 0, (inquiry) => ask(inquiry, session.pool, names, session.protocol)),
    );
  }
};

/** What a pattern means; a name is answered as it was written. */
function namesOf(pattern: string): string[] {
  if (pattern.length > MOST_LETTERS) return [];
  const lower = pattern.toLowerCase();
  if (PARAMETERS.has(lower)) return [pattern];
  return [...PARAMETERS.keys()].filter((name) => globMatches(lower, name));
}

function ask(
  inquiry: Inquiry,
  { config: pool }: PoolContext,
  names: readonly string[],
  protocol: number,
): void {
  if (names.length === 0) {
    inquiry.answer(encodeValue(new Map(), protocol));
    return;
  }
  inquiry.askAll(encodeRequest(['CONFIG', 'GET', ...names]), (replies) => {
    const failure = partialFailure('config get', replies);
    if (failure !== null) {
      inquiry.answer(failure);
      return;
    }
    const maps = replies.map(({ bytes }) => valuesOf(bytes));
    const merged = new Map<string, string>();
    for (const name of maps[0].keys()) {
      const values = maps.flatMap((map) => map.get(name) ?? []);
      if (values.length < maps.length) continue;
      const lower = name.toLowerCase();
      // clients take it for what they may SELECT
      const value =
        lower === 'databases' ? String(pool.databases || pool.redisDb + 1) : PARAMETERS.get(lower)?.(values);
      if (value !== undefined) merged.set(name, value);
    }
    inquiry.answer(encodeValue(merged, protocol));
  });
}

function valuesOf(reply: Uint8Array): ReadonlyMap<string, string> {
  const { items } = replyTree(reply);
  const values = new Map<string, string>();
  for (let i = 0; i + 1 < items.length; i += 2) values.set(items[i].text, items[i + 1].text);
  return values;
}
