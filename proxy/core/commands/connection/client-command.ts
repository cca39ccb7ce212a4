import { wordAt } from '../../../protocol/key-positions.ts';
import {
  bulkReply,
  encodeRequest,
  errorReply,
  integerReply,
  nullReply,
  OK,
  SYNTAX_ERROR,
  statusesReply,
  verbatimReply,
} from '../../../protocol/replies.ts';
import type { RequestFrame } from '../../../protocol/request-frame.ts';
import { answered, answeredInTurn, text } from '../answered.ts';
import { blockedIn } from '../blocked.ts';
import { forbidden } from '../forbidden.ts';
import { fitsArity, subcommandFault, unknownSubcommand, wrongSubcommandArity } from '../refusals.ts';
import type { Answer, Asker, Handler, PoolContext, Session } from '../session.ts';
import { clientKill } from './client-kill.ts';
import { clientLine, clientList } from './client-list.ts';
import { clientPause, clientUnpause } from './client-pause.ts';
import { clientReply } from './client-reply.ts';
import {
  clientCaching,
  clientCachingQueued,
  clientGetRedir,
  clientTrackingInfo,
  TrackingRequest,
} from './client-tracking.ts';
import { Everywhere, killed, type Merge, sum, together } from './everywhere.ts';
import { framed, NO_QUESTION, peerRequest } from './peers.ts';
import { trackingOf } from './tracking.ts';

/** Bytes of what a client may be called, and may say of its library: it is kept, and shown to whoever asks for a list. */
const LONGEST_WORD = 512;

/** Why a client name, or what it says of its library, will not do; null when it will. */
export function wordFault(word: string, what: string): string | null {
  if (word.length > LONGEST_WORD) return `${what} cannot have more than ${LONGEST_WORD} bytes`;
  return /[^!-~]/.test(word) ? `${what} cannot contain spaces, newlines or special characters.` : null;
}

const setName: Answer = (session, frame, buffer) => {
  const name = text(frame, buffer, 2);
  const fault = wordFault(name, 'Client names');
  if (fault !== null) return errorReply(fault);
  session.name = name;
  return OK;
};

const setInfo: Answer = (session, frame, buffer) => {
  const key = text(frame, buffer, 2).toLowerCase();
  const value = text(frame, buffer, 3);
  if (key !== 'lib-name' && key !== 'lib-ver') return errorReply(`Unrecognized option '${key}'`);
  const fault = wordFault(value, key);
  if (fault !== null) return errorReply(fault);
  if (key === 'lib-name') session.library = value;
  else session.libraryVersion = value;
  return OK;
};

const onOrOff: Answer = (_session, frame, buffer) =>
  ['on', 'off'].includes(wordAt(frame, buffer, 2)) ? OK : SYNTAX_ERROR;

/** Of the clients of this process. */
const unblock = ({ pool }: Asker, frame: RequestFrame, buffer: Uint8Array): Uint8Array => {
  const how = frame.argc === 4 ? wordAt(frame, buffer, 3) : 'timeout';
  if (frame.argc > 4 || !['timeout', 'error'].includes(how)) {
    return errorReply('CLIENT UNBLOCK reason should be TIMEOUT or ERROR');
  }
  if (!/^-?[0-9]{1,18}$/.test(wordAt(frame, buffer, 2)))
    return errorReply('value is not an integer or out of range');
  const id = Number(wordAt(frame, buffer, 2));
  for (const other of pool.clients) {
    if (other.id !== id) continue;
    return integerReply(blockedIn(other)?.unblock(how === 'error' ? 'ERROR' : 'TIMEOUT') ? 1 : 0);
  }
  return integerReply(0);
};

const HELP = [
  'CLIENT <subcommand> [<arg> [value] [opt] ...]. Subcommands are:',
  'GETNAME, SETNAME <name>, SETINFO <LIB-NAME|LIB-VER> <value>',
  '    What this connection is called, and what it says of its library.',
  'ID, INFO',
  '    The number of this connection, and all that is known of it.',
  'LIST [TYPE (NORMAL|MASTER|REPLICA|PUBSUB)] [ID <id> ...]',
  '    The clients of this pool, in all proxies that know each other (peers).',
  'KILL <ip:port>, KILL <option> <value> ...: ID, TYPE, USER, ADDR, LADDR, SKIPME (YES|NO)',
  '    Closes connections of clients of this pool.',
  'PAUSE <milliseconds> [WRITE|ALL], UNPAUSE',
  '    The clients of this pool wait; they go on.',
  'REPLY (ON|OFF|SKIP)',
  '    Whether this connection wants replies.',
  'UNBLOCK <id> [TIMEOUT|ERROR]',
  '    A client of this pool does not wait any longer.',
  'TRACKING (ON|OFF) [BCAST] [PREFIX <prefix> ...] [OPTIN] [OPTOUT] [NOLOOP]',
  '    Whether this connection, in RESP3, is told when keys change that it has read.',
  'CACHING (YES|NO), TRACKINGINFO, GETREDIR',
  '    Whether it counts for the next command; how it is.',
  'NO-EVICT (ON|OFF), NO-TOUCH (ON|OFF)',
  '    Answered, and without effect.',
  'HELP',
  '    Print this help.',
];

type OwnAnswer = (asker: Asker, frame: RequestFrame, buffer: Uint8Array) => Uint8Array;

/** Subcommands by their name: arity as Redis counts it, the container included, and the answer of this process. */
const SUBCOMMANDS: ReadonlyMap<string, readonly [arity: number, answer: Answer]> = new Map([
  ['caching', [3, clientCaching]],
  ['getname', [2, ({ name, protocol }: Session) => (name === '' ? nullReply(protocol) : bulkReply(name))]],
  ['getredir', [2, clientGetRedir]],
  ['help', [2, () => statusesReply(HELP)]],
  ['id', [2, ({ id }: Session) => integerReply(id)]],
  [
    'info',
    [2, (session: Session) => verbatimReply(`${clientLine(session, 'client|info')}\n`, session.protocol)],
  ],
  ['no-evict', [3, onOrOff]],
  ['no-touch', [3, onOrOff]],
  ['peer', [-4, () => NO_QUESTION]],
  ['reply', [3, clientReply]],
  ['setinfo', [4, setInfo]],
  ['setname', [3, setName]],
  ['trackinginfo', [2, clientTrackingInfo]],
]);

const own: Merge = (_session, reply) => reply;

/** What concerns all clients of the pool: the same, and how the answers of its processes are made one. */
const EVERYWHERE: ReadonlyMap<string, readonly [arity: number, answer: OwnAnswer, merge: Merge]> = new Map([
  ['kill', [-3, clientKill, killed]],
  ['list', [-2, clientList, together]],
  ['pause', [-3, clientPause, own]],
  ['unblock', [-3, unblock, sum]],
  ['unpause', [2, clientUnpause, own]],
]);

/** Changes how others are answered, so its turn must have come. */
const IN_TURN: ReadonlySet<string> = new Set(['reply']);
/** Cannot be a part of a transaction. */
const ALONE: ReadonlySet<string> = new Set([...IN_TURN, 'tracking']);

const ownAnswer: Answer = (session, frame, buffer) => {
  const subcommand = wordAt(frame, buffer, 1);
  const found = SUBCOMMANDS.get(subcommand);
  if (subcommand === 'tracking') return wrongSubcommandArity('client', subcommand);
  if (found === undefined) return answerEverywhere(session, frame, buffer);
  const [arity, answer] = found;
  return fitsArity(arity, frame)
    ? answer(session, frame, buffer)
    : wrongSubcommandArity('client', subcommand);
};

/** As a part of a transaction. */
const queuedAnswer: Answer = (session, frame, buffer) =>
  isCaching(frame, buffer) ? clientCachingQueued(session, frame, buffer) : ownAnswer(session, frame, buffer);

const isCaching = (frame: RequestFrame, buffer: Uint8Array): boolean =>
  frame.argc === 3 && wordAt(frame, buffer, 1) === 'caching';

const answerEverywhere: OwnAnswer = (asker, frame, buffer) => {
  const subcommand = wordAt(frame, buffer, 1);
  const found = EVERYWHERE.get(subcommand);
  if (found === undefined) return unknownSubcommand('client', buffer, frame);
  const refusal = forbidden(asker.pool, `client ${subcommand}`);
  if (refusal !== null) return errorReply(refusal);
  const [arity, answer] = found;
  return fitsArity(arity, frame) ? answer(asker, frame, buffer) : wrongSubcommandArity('client', subcommand);
};

/**
 * What another worker of this proxy wants to be done with the clients of a pool here.
 * @param words behind CLIENT, as the other one asks them
 * @returns the reply, in RESP2
 */
export function answerSibling(pool: PoolContext, words: readonly Uint8Array[]): Uint8Array {
  const request = encodeRequest(['CLIENT', ...words]);
  return answerEverywhere({ pool, protocol: 2 }, framed(request), request);
}

/** Why a subcommand cannot be a part of a transaction. */
function fault({ pool }: Session, frame: RequestFrame, buffer: Uint8Array): string | null {
  const wrong = subcommandFault('client', buffer, frame);
  if (wrong !== null) return wrong;
  const subcommand = frame.argc > 1 ? wordAt(frame, buffer, 1) : '';
  const concernsOthers = EVERYWHERE.has(subcommand) && pool.others !== null;
  const concernsParts = subcommand === 'caching' && pool.config.transactions === 'per_shard';
  return concernsOthers || concernsParts || ALONE.has(subcommand)
    ? `'client ${subcommand}' is not served inside a transaction`
    : null;
}

const atOnce = answered(2, Number.POSITIVE_INFINITY, ownAnswer);
const inTurn = answeredInTurn(2, Number.POSITIVE_INFINITY, ownAnswer);

/** CLIENT …: what concerns the client's own connection, and the others of the pool. */
const handle: Handler = (session, command, frame, buffer, from, to) => {
  const subcommand = frame.argc > 1 ? wordAt(frame, buffer, 1) : '';
  if (subcommand === 'peer' && frame.argc > 3) {
    const request = peerRequest(session, frame, buffer);
    if (request !== null) askAll(session, request, wordAt(frame, buffer, 3), 'workers');
  } else if (subcommand === 'tracking' && frame.argc > 2)
    session.runAlone(new TrackingRequest(session, new Uint8Array(buffer.subarray(from, to))));
  else if (EVERYWHERE.has(subcommand) && session.pool.others !== null)
    askAll(session, new Uint8Array(buffer.subarray(from, to)), subcommand, 'everyone');
  else (IN_TURN.has(subcommand) ? inTurn : atOnce)(session, command, frame, buffer, from, to);
};

/** @param reach a peer asks every proxy itself */
function askAll(
  session: Session,
  request: Uint8Array,
  subcommand: string,
  reach: 'everyone' | 'workers',
): void {
  const merge = EVERYWHERE.get(subcommand)?.[2];
  if (merge === undefined) session.reply(session.tail++, NO_QUESTION, 0);
  else session.runAlone(new Everywhere(session, request, reach, answerEverywhere, merge));
}

export const clientCommand: Handler = Object.assign(handle, {
  queued: {
    answer: queuedAnswer,
    fault,
    goesAlong: (session: Session, frame: RequestFrame, buffer: Uint8Array) =>
      isCaching(frame, buffer) && trackingOf(session)?.watches === false,
  },
});
