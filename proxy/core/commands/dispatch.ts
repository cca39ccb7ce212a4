import {
  COMMANDS,
  type Command,
  FATE_ANY,
  FATE_KEY,
  FATE_KEYS,
  FATE_LOCAL,
  FATE_SPLIT,
  lookupCommand,
} from '../../protocol/command-table.ts';
import { keyPositions } from '../../protocol/key-positions.ts';
import { errorReply, NO_AUTH, OK, quoted } from '../../protocol/replies.ts';
import type { RequestFrame } from '../../protocol/request-frame.ts';
import type { Client } from '../client/client.ts';
import type { Pool } from '../pool.ts';
import { ALLOWED_BEFORE_AUTH, answerLocally } from './connection/local-commands.ts';
import { keyTooLong, refuse, wrongArity } from './refusals.ts';
import { split } from './spread/split.ts';

/** Keyless commands go to the server that this word hashes to, as in the original. */
const PLACEHOLDER = Buffer.from('placeholder');

/** The original's limit: a key must fit into a buffer of `-m` bytes, less its header. */
const MBUF_HEADER = 48;

/** Sends one request, `buffer[from, to)`, on its way. Every request gets exactly one reply, in order. */
export function dispatch(
  pool: Pool,
  client: Client,
  frame: RequestFrame,
  buffer: Uint8Array,
  from: number,
  to: number,
): void {
  const { args } = frame;
  const id = lookupCommand(buffer, args[0], args[1]);
  if (id < 0) {
    refuse(client, unknownCommand(buffer, frame));
    return;
  }
  const command = COMMANDS[id];
  pool.stats.commands[id]++;
  if (client.isRestricted && refuseRestricted(client, command)) return;
  if (command.fate === FATE_KEY && frame.argc > 1) {
    const keyFrom = args[2];
    const keyTo = args[3];
    if (keyTo - keyFrom > pool.keyLimit) refuse(client, keyTooLong(pool, keyTo - keyFrom));
    else {
      const server = pool.serverFor(buffer, keyFrom, keyTo);
      if (server === null) pool.refuseAllEjected(client);
      else pool.connectionFor(server, client, id).send(client, client.tail++, id, buffer, from, to);
    }
    return;
  }
  dispatchOther(pool, client, command, frame, buffer, from, to);
}

/** Ends what began with a refused MULTI; null = answered as ever. */
const ENDS_TRANSACTION: ReadonlyMap<string, Uint8Array | null> = new Map([
  ['exec', errorReply('Transaction discarded because of previous errors.', 'EXECABORT')],
  ['discard', OK],
  ['reset', null],
  ['quit', null],
]);

/**
 * Answers a request of a client that has not said its password, or whose MULTI was refused: a part of a transaction must
 * not be carried out. False when the request may pass.
 */
function refuseRestricted(client: Client, command: Command): boolean {
  if (!client.authenticated && !ALLOWED_BEFORE_AUTH.has(command.name)) {
    client.reply(client.tail++, NO_AUTH, 0);
    return true;
  }
  if (!client.transactionRefused) return false;
  const end = ENDS_TRANSACTION.get(command.name);
  if (end === undefined) {
    refuse(
      client,
      `'${command.name}' is not executed: it follows a MULTI, which is not served; DISCARD ends this`,
    );
    return true;
  }
  client.transactionRefused = false;
  if (end !== null) client.reply(client.tail++, end, 0);
  return end !== null;
}

/** Largest key that a proxy with this mbuf size takes. */
export function keyLimitOf(mbufSize: number): number {
  return mbufSize - MBUF_HEADER - 1;
}

function dispatchOther(
  pool: Pool,
  client: Client,
  command: Command,
  frame: RequestFrame,
  buffer: Uint8Array,
  from: number,
  to: number,
): void {
  switch (command.fate) {
    case FATE_LOCAL:
      answerLocally(pool, client, command, frame, buffer);
      return;
    case FATE_ANY:
      forward(pool, client, command, PLACEHOLDER, 0, PLACEHOLDER.length, buffer, from, to);
      return;
    case FATE_SPLIT:
      split(pool, client, command, frame, buffer, from, to);
      return;
    case FATE_KEYS:
      forwardTogether(pool, client, command, frame, buffer, from, to);
      return;
    case FATE_KEY:
      refuse(client, wrongArity(command));
      return;
    default:
      if (command.name === 'multi') client.transactionRefused = true;
      refuse(client, `'${command.name}' is not served: ${command.reason}`);
  }
}

function forward(
  pool: Pool,
  client: Client,
  command: Command,
  key: Uint8Array,
  keyFrom: number,
  keyTo: number,
  buffer: Uint8Array,
  from: number,
  to: number,
): void {
  if (keyTo - keyFrom > pool.keyLimit) {
    refuse(client, keyTooLong(pool, keyTo - keyFrom));
    return;
  }
  const server = pool.serverFor(key, keyFrom, keyTo);
  if (server === null) pool.refuseAllEjected(client);
  else
    pool.connectionFor(server, client, command.id).send(client, client.tail++, command.id, buffer, from, to);
}

/** A command with several keys that cannot be split: all must live on one server. */
function forwardTogether(
  pool: Pool,
  client: Client,
  command: Command,
  frame: RequestFrame,
  buffer: Uint8Array,
  from: number,
  to: number,
): void {
  const keys = keyPositions(command, frame, buffer);
  const { args } = frame;
  if (keys === 'subcommand')
    refuse(client, `this subcommand of '${command.name}' is not served: it has no key`);
  else if (keys === 'blocking') {
    refuse(
      client,
      `'${command.name}' with BLOCK is not served: it would hold up everyone on the server connection`,
    );
  } else if (keys === 'unclear') {
    // wrong arguments: any server says so in Redis' own words
    forward(pool, client, command, PLACEHOLDER, 0, PLACEHOLDER.length, buffer, from, to);
  } else {
    const first = keys[0];
    const server = pool.serverFor(buffer, args[2 * first], args[2 * first + 1]);
    for (const key of keys) {
      if (pool.serverFor(buffer, args[2 * key], args[2 * key + 1]) === server) continue;
      refuse(client, apart(pool, command, quotedArg(frame, buffer, first), quotedArg(frame, buffer, key)));
      return;
    }
    forward(pool, client, command, buffer, args[2 * first], args[2 * first + 1], buffer, from, to);
  }
}

function apart(pool: Pool, command: Command, one: string, other: string): string {
  const tag = pool.config.hashTag;
  const advice = tag
    ? `give them a common hash tag, such as ${String.fromCharCode(tag[0])}tag${String.fromCharCode(tag[1])}`
    : 'configure hash_tag for the pool and give them a common tag';
  return `keys ${one} and ${other} of '${command.name}' live on different servers; ${advice}`;
}

/** In Redis' own words, so that clients recognise it. */
function unknownCommand(buffer: Uint8Array, frame: RequestFrame): string {
  const shown = [];
  for (let i = 1; i < Math.min(frame.argc, 5); i++) shown.push(`${quotedArg(frame, buffer, i)} `);
  return `unknown command ${quotedArg(frame, buffer, 0)}, with args beginning with: ${shown.join('')}`;
}

function quotedArg(frame: RequestFrame, buffer: Uint8Array, i: number): string {
  return quoted(buffer, frame.args[2 * i], frame.args[2 * i + 1]);
}
