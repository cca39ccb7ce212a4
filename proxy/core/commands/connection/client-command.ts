import { wordAt } from '../../../protocol/key-positions.ts';
import {
  bulkReply,
  EMPTY_ARRAY,
  errorReply,
  integerReply,
  nullReply,
  OK,
  SYNTAX_ERROR,
  statusesReply,
  verbatimReply,
} from '../../../protocol/replies.ts';
import { text } from '../answered.ts';
import { blockedIn } from '../blocked.ts';
import { unknownSubcommand, wrongSubcommandArity } from '../refusals.ts';
import type { Answer, Session } from '../session.ts';
import { clientLine, clientList } from './client-list.ts';

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

/** Replies that a client does not want would have to be kept from it one by one. */
const replyMode: Answer = (_session, frame, buffer) => {
  const mode = wordAt(frame, buffer, 2);
  if (mode === 'on') return OK;
  return mode === 'off' || mode === 'skip'
    ? errorReply(`'client reply ${mode}' is not served: every request is answered`)
    : SYNTAX_ERROR;
};

const NOT_TRACKING = errorReply(
  'CLIENT CACHING can be called only when the client is in tracking mode with OPTIN or OPTOUT mode enabled',
);

/** Tracking is not served, so it is off for everybody. */
const trackingInfo: Answer = ({ protocol }) =>
  Buffer.concat([
    Buffer.from(protocol === 3 ? '%3\r\n' : '*6\r\n'),
    bulkReply('flags'),
    Buffer.from(protocol === 3 ? '~1\r\n' : '*1\r\n'),
    bulkReply('off'),
    bulkReply('redirect'),
    integerReply(-1),
    bulkReply('prefixes'),
    EMPTY_ARRAY,
  ]);

/** Of the clients of this process. */
const unblock: Answer = (session, frame, buffer) => {
  const how = frame.argc === 4 ? wordAt(frame, buffer, 3) : 'timeout';
  if (frame.argc > 4 || !['timeout', 'error'].includes(how)) {
    return errorReply('CLIENT UNBLOCK reason should be TIMEOUT or ERROR');
  }
  if (!/^-?[0-9]{1,18}$/.test(wordAt(frame, buffer, 2)))
    return errorReply('value is not an integer or out of range');
  const id = Number(wordAt(frame, buffer, 2));
  for (const other of session.pool.clients) {
    if (other.id !== id) continue;
    return integerReply(blockedIn(other)?.unblock(how === 'error' ? 'ERROR' : 'TIMEOUT') ? 1 : 0);
  }
  return integerReply(0);
};

const refused = (subcommand: string): Answer => {
  const reply = errorReply(
    `'client ${subcommand}' is not served: only what concerns the connection to the proxy is`,
  );
  return () => reply;
};

const HELP = [
  'CLIENT <subcommand> [<arg> [value] [opt] ...]. Subcommands are:',
  'GETNAME, SETNAME <name>, SETINFO <LIB-NAME|LIB-VER> <value>',
  '    What this connection is called, and what it says of its library.',
  'ID, INFO',
  '    The number of this connection, and all that is known of it.',
  'LIST [TYPE (NORMAL|MASTER|REPLICA|PUBSUB)] [ID <id> ...]',
  '    The clients of this pool in this proxy, and in no other one.',
  'UNBLOCK <id> [TIMEOUT|ERROR]',
  '    A client of this proxy does not wait any longer.',
  'GETREDIR, TRACKINGINFO, NO-EVICT (ON|OFF), NO-TOUCH (ON|OFF), REPLY ON',
  '    Answered as by a Redis that has none of it under way.',
  'HELP',
  '    Print this help.',
];

/** Subcommands by their name: arity as Redis counts it, the container included, and the answer. */
const SUBCOMMANDS: ReadonlyMap<string, readonly [arity: number, answer: Answer]> = new Map([
  ['caching', [3, () => NOT_TRACKING]],
  ['getname', [2, ({ name, protocol }: Session) => (name === '' ? nullReply(protocol) : bulkReply(name))]],
  ['getredir', [2, () => integerReply(-1)]],
  ['help', [2, () => statusesReply(HELP)]],
  ['id', [2, ({ id }: Session) => integerReply(id)]],
  ['info', [2, (session: Session) => verbatimReply(`${clientLine(session)}\n`, session.protocol)]],
  ['kill', [-3, refused('kill')]],
  ['list', [-2, clientList]],
  ['no-evict', [3, onOrOff]],
  ['no-touch', [3, onOrOff]],
  ['pause', [-3, refused('pause')]],
  ['reply', [3, replyMode]],
  ['setinfo', [4, setInfo]],
  ['setname', [3, setName]],
  ['tracking', [-3, refused('tracking')]],
  ['trackinginfo', [2, trackingInfo]],
  ['unblock', [-3, unblock]],
  ['unpause', [2, refused('unpause')]],
]);

/** CLIENT …: what concerns the client's own connection. */
export const clientCommand: Answer = (session, frame, buffer) => {
  const subcommand = wordAt(frame, buffer, 1);
  const found = SUBCOMMANDS.get(subcommand);
  if (found === undefined) return unknownSubcommand('client', buffer, frame);
  const [arity, answer] = found;
  if (arity > 0 ? frame.argc !== arity : frame.argc < -arity)
    return wrongSubcommandArity('client', subcommand);
  return answer(session, frame, buffer);
};
