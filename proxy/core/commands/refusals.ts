import { factsOf } from '../../protocol/command-description.ts';
import type { Command } from '../../protocol/command-table.ts';
import { wordAt } from '../../protocol/key-positions.ts';
import { errorReply, quoted, REFUSED } from '../../protocol/replies.ts';
import type { RequestFrame } from '../../protocol/request-frame.ts';
import type { PoolServer } from '../server/server.ts';
import { LARGEST_INT } from './database-number.ts';
import type { PoolContext, Session } from './session.ts';

const ALL_EJECTED = errorReply(REFUSED);

/** Answers the request at hand with an error; the connection goes on. */
export function refuse(session: Session, text: string): void {
  session.reply(session.tail++, errorReply(text), 0);
}

/** There is no server to send the request at hand, or the one with number `tag`, to. */
export function refuseAllEjected(session: Session, tag = session.tail++): void {
  session.fail(tag, ALL_EJECTED);
}

export function wrongArity(command: Command): string {
  return `wrong number of arguments for '${command.name}' command`;
}

export function keyTooLong({ keyLimit }: PoolContext, length: number): string {
  return `key of ${length} bytes is too long, at most ${keyLimit} (see -m)`;
}

/** A key, quoted, and the name of the server that it lives on. */
export interface PlacedKey {
  readonly key: string;
  readonly server: string;
}

/**
 * Two keys that must live together live on different servers.
 * @param whose what they belong to: `of 'rename'`
 * @param moreAdvice what else can be done, after a comma
 */
export function apart(
  { config }: PoolContext,
  whose: string,
  one: PlacedKey,
  other: PlacedKey,
  moreAdvice = '',
): string {
  const tag = config.hashTag;
  const advice = tag
    ? `give them a common hash tag, such as ${String.fromCharCode(tag[0])}tag${String.fromCharCode(tag[1])}`
    : 'configure hash_tag for the pool and give them a common tag';
  const where = `keys ${one.key} (${one.server}) and ${other.key} (${other.server}) ${whose} live on different servers`;
  return `${where}; ${advice}, or use a pool on one shard${moreAdvice}`;
}

/** Why element `key` of a request cannot go to `server`, with that of element `first`; null where one of the two is nowhere. */
export function apartFault(
  { pool, routing }: Pick<Session, 'pool' | 'routing'>,
  { name }: Command,
  frame: RequestFrame,
  buffer: Uint8Array,
  first: number,
  server: PoolServer | null,
  key: number,
): string | null {
  const other = routing.serverFor(buffer, frame.args[2 * key], frame.args[2 * key + 1]);
  if (other === server || server === null || other === null) return null;
  return apart(pool, `of '${name}'`, placed(frame, buffer, first, server), placed(frame, buffer, key, other));
}

/** A pattern of SORT may name keys that live on other servers: the answer would lack them without a word. */
export function patternApart({ config }: PoolContext, command: Command, pattern: string): string {
  const tag = config.hashTag;
  const advice = tag
    ? `give it the hash tag of the sorted key in front of its *, such as ${String.fromCharCode(tag[0])}tag${String.fromCharCode(tag[1])}:*`
    : 'configure hash_tag for the pool, and give it the tag of the sorted key in front of its *';
  return `'${command.name}' with the pattern ${pattern} is not served: it may name keys of other servers; ${advice}, or use a pool on one shard`;
}

/** No key says which server a script is for, and one of them would see its own keys only. */
export function scriptWithoutKeys(command: Command): string {
  return `'${command.name}' with 0 keys is not served: the pool has several servers, and nothing says for which of them it is; name a key that it uses, or use a pool on one shard`;
}

const OF_ONE_SERVER: ReadonlySet<string> = new Set(['memory doctor', 'memory malloc-stats', 'memory purge']);

/** Why a subcommand without a key is not served, inside a transaction or at all; null when any server may answer it. */
export function oneServersFault(session: Session, command: string, subcommand: string): string | null {
  const name = `${command} ${subcommand}`;
  if (session.routing.servers.length === 1) return null;
  if (name === 'memory stats')
    return `'${name}' is not served inside a transaction: it concerns every server`;
  if (!OF_ONE_SERVER.has(name)) return null;
  return `'${name}' is not served: it is about one server, and this pool has several; INFO has what they use together, and each of them (# Shards)`;
}

/**
 * Why a database that is none of the pool's is out of reach; with several databases in Redis' own words.
 * @param what would reach it
 */
export function databaseFault({ config }: PoolContext, what: string, database: number): string {
  if (config.databases === 0)
    return `${what} is not possible, this pool serves db ${config.redisDb} only (redis_db)`;
  return database > LARGEST_INT || database < -LARGEST_INT - 1
    ? `value is out of range, value must between ${-LARGEST_INT - 1} and ${LARGEST_INT}`
    : 'DB index is out of range';
}

/** Bytes of a command's name, and of its arguments together, that an error repeats (server.c, processCommand). */
const MOST_REPEATED = 128;

/** In Redis' own words, so that clients recognise it. */
export function unknownCommand(buffer: Uint8Array, frame: RequestFrame): string {
  let shown = '';
  for (let i = 1; i < frame.argc && shown.length < MOST_REPEATED; i++)
    shown += `'${shownArg(frame, buffer, i, MOST_REPEATED - shown.length)}' `;
  return `unknown command '${shownArg(frame, buffer, 0)}', with args beginning with: ${shown}`;
}

/** In Redis' own words: a subcommand that it does not have either. */
export function unknownSubcommand(command: string, buffer: Uint8Array, frame: RequestFrame): Uint8Array {
  return errorReply(noSuchSubcommand(command, buffer, frame));
}

const noSuchSubcommand = (command: string, buffer: Uint8Array, frame: RequestFrame): string =>
  `unknown subcommand '${shownArg(frame, buffer, 1)}'. Try ${command.toUpperCase()} HELP.`;

export function wrongSubcommandArity(command: string, subcommand: string): Uint8Array {
  return errorReply(wrongElements(command, subcommand));
}

const wrongElements = (command: string, subcommand: string): string =>
  `wrong number of arguments for '${command}|${subcommand}' command`;

/** Whether a refusal is one of those in Redis' own words, for what no Redis would queue in a transaction. */
export const isRedisOwn = (refusal: string): boolean =>
  /^(wrong number of arguments for|unknown command|unknown subcommand) /.test(refusal);

/** Whether a request has as many elements as an arity of Redis asks: so many, or at least as many where it is negative. */
export const fitsArity = (arity: number, { argc }: RequestFrame): boolean =>
  arity >= 0 ? argc === arity : argc >= -arity;

/** Subcommands of Redis 7.2 that are served here, with their arity. */
const NEWER_SUBCOMMANDS: ReadonlyMap<string, number> = new Map([
  ['client|no-touch', 3],
  ['client|setinfo', 4],
]);

/** What Redis says of a subcommand before it looks at anything else of it; null when nothing, or there are none. */
export function subcommandFault(command: string, buffer: Uint8Array, frame: RequestFrame): string | null {
  if (frame.argc < 2 || (factsOf(command)?.subcommands.length ?? 0) === 0) return null;
  const subcommand = wordAt(frame, buffer, 1);
  const name = `${command}|${subcommand}`;
  const arity = NEWER_SUBCOMMANDS.get(name) ?? factsOf(name)?.arity;
  if (arity === undefined) return noSuchSubcommand(command, buffer, frame);
  return fitsArity(arity, frame) ? null : wrongElements(command, subcommand);
}

/** At most so many bytes of element `i` for an error in Redis' own words, which repeats them up to a NUL as they are. */
export function shownArg(
  frame: RequestFrame,
  buffer: Uint8Array,
  i: number,
  most: number = MOST_REPEATED,
): string {
  const from = frame.args[2 * i];
  const shown = buffer.subarray(from, Math.min(frame.args[2 * i + 1], from + most));
  const end = shown.indexOf(0);
  return Buffer.from(end < 0 ? shown : shown.subarray(0, end)).toString();
}

/** Element `i` for an error message. */
export function quotedArg(frame: RequestFrame, buffer: Uint8Array, i: number): string {
  return quoted(buffer, frame.args[2 * i], frame.args[2 * i + 1]);
}

/** Element `i`, which is a key, for an error message. */
export function placed(
  frame: RequestFrame,
  buffer: Uint8Array,
  i: number,
  server: { readonly name: string },
): PlacedKey {
  return { key: quotedArg(frame, buffer, i), server: server.name };
}
