import type { Command } from '../../../protocol/command-table.ts';
import { wordAt } from '../../../protocol/key-positions.ts';
import { AUTH_NOT_SET, AUTH_WRONG, bulkReply, errorReply, OK, PONG } from '../../../protocol/replies.ts';
import type { RequestFrame } from '../../../protocol/request-frame.ts';
import type { Client } from '../../client/client.ts';
import type { Pool } from '../../pool.ts';
import { commandCommand } from '../introspection/command-command.ts';
import { infoText } from '../introspection/info.ts';
import { clientCommand } from './client-command.ts';
import { helloReply } from './hello.ts';

/** Commands that a client may use before AUTH. PING is among them so that a load balancer needs no password. */
export const ALLOWED_BEFORE_AUTH: ReadonlySet<string> = new Set(['auth', 'hello', 'ping', 'quit', 'reset']);

/** Elements allowed, the name included. */
const ARITY: Readonly<Record<string, readonly [least: number, most: number]>> = {
  auth: [2, 3],
  client: [2, 32],
  command: [1, Number.POSITIVE_INFINITY],
  echo: [2, 2],
  hello: [1, 16],
  info: [1, 32],
  ping: [1, 2],
  quit: [1, 32],
  reset: [1, 1],
  select: [2, 2],
  time: [1, 1],
};

/** Replies to a command of the proxy's own, in its turn. */
export function answerLocally(
  pool: Pool,
  client: Client,
  command: Command,
  frame: RequestFrame,
  buffer: Uint8Array,
): void {
  const tag = client.tail++;
  const [least, most] = ARITY[command.name];
  let reply: Uint8Array;
  if (frame.argc < least || frame.argc > most) {
    reply = errorReply(`wrong number of arguments for '${command.name}' command`);
  } else reply = answer(pool, client, command.name, frame, buffer);
  client.reply(tag, reply, 0);
  if (command.name === 'quit') client.finishAfterReplies();
}

function answer(
  pool: Pool,
  client: Client,
  name: string,
  frame: RequestFrame,
  buffer: Uint8Array,
): Uint8Array {
  switch (name) {
    case 'ping':
      return frame.argc === 1 ? PONG : bulkReply(element(frame, buffer, 1));
    case 'auth':
      return auth(pool, client, frame, buffer);
    case 'hello':
      return hello(pool, client, frame, buffer);
    case 'echo':
      return bulkReply(element(frame, buffer, 1));
    case 'select':
      return select(pool, wordAt(frame, buffer, 1));
    case 'client':
      return clientCommand(pool, client, frame, buffer);
    case 'command':
      return commandCommand(client, frame, buffer);
    case 'info':
      return bulkReply(infoText(pool));
    case 'time':
      return time();
    case 'reset':
      client.authenticated = pool.config.redisAuth === null;
      client.name = '';
      client.protocol = 2;
      return Buffer.from('+RESET\r\n');
    default:
      return OK;
  }
}

function element(frame: RequestFrame, buffer: Uint8Array, i: number): Uint8Array {
  return buffer.subarray(frame.args[2 * i], frame.args[2 * i + 1]);
}

function text(frame: RequestFrame, buffer: Uint8Array, i: number): string {
  return Buffer.from(element(frame, buffer, i)).toString();
}

/** A wrong password also takes back an earlier right one, as in the original. */
function auth(pool: Pool, client: Client, frame: RequestFrame, buffer: Uint8Array): Uint8Array {
  if (pool.config.redisAuth === null) return AUTH_NOT_SET;
  const user = frame.argc === 3 ? text(frame, buffer, 1) : null;
  client.authenticated = passwordFits(pool, user, text(frame, buffer, frame.argc - 1));
  if (client.authenticated) return OK;
  return user === null
    ? AUTH_WRONG
    : errorReply('invalid username-password pair or user is disabled.', 'WRONGPASS');
}

function passwordFits(pool: Pool, user: string | null, password: string): boolean {
  const { redisAuth, redisAuthOthers, redisAuthUsers } = pool.config;
  const known = password === redisAuth || redisAuthOthers.includes(password);
  return known && (user === null || redisAuthUsers.includes(user));
}

function hello(pool: Pool, client: Client, frame: RequestFrame, buffer: Uint8Array): Uint8Array {
  let protocol = client.protocol;
  let name: string | null = null;
  if (frame.argc > 1) {
    const version = wordAt(frame, buffer, 1);
    if (version !== '2' && version !== '3') return errorReply('unsupported protocol version', 'NOPROTO');
    protocol = Number(version);
    // the two protocols have server connections of their own, where a read could overtake an earlier write
    if (protocol !== client.protocol && client.head < client.tail - 1)
      return errorReply('HELLO can change the protocol only when earlier requests are answered');
  }
  for (let i = 2; i < frame.argc; i++) {
    const option = wordAt(frame, buffer, i);
    if (option === 'auth' && i + 2 < frame.argc) {
      if (pool.config.redisAuth !== null) {
        client.authenticated = passwordFits(pool, text(frame, buffer, i + 1), text(frame, buffer, i + 2));
        if (!client.authenticated) {
          return errorReply('invalid username-password pair or user is disabled.', 'WRONGPASS');
        }
      }
      i += 2;
    } else if (option === 'setname' && i + 1 < frame.argc) {
      name = text(frame, buffer, ++i);
    } else return errorReply(`Syntax error in HELLO option '${option}'`);
  }
  if (!client.authenticated) {
    return errorReply(
      'HELLO must be called with the client already authenticated, otherwise the HELLO <proto> AUTH <user> <pass> option can be used to authenticate the client and select the RESP protocol version at the same time',
      'NOAUTH',
    );
  }
  client.protocol = protocol;
  if (name !== null) client.name = name;
  return helloReply(protocol, client.id);
}

/** Only the pool's own database: the server connections are shared. */
function select(pool: Pool, index: string): Uint8Array {
  if (!/^-?[0-9]+$/.test(index)) return errorReply('value is not an integer or out of range');
  if (Number(index) === pool.config.redisDb) return OK;
  return errorReply(
    `SELECT ${index} is not possible: this pool serves db ${pool.config.redisDb} only (redis_db)`,
  );
}

function time(): Uint8Array {
  const now = Date.now();
  const seconds = bulkReply(String(Math.floor(now / 1000)));
  const microseconds = bulkReply(String((now % 1000) * 1000));
  return Buffer.concat([Buffer.from('*2\r\n'), seconds, microseconds]);
}
