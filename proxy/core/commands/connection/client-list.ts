import { wordAt } from '../../../protocol/key-positions.ts';
import { errorReply, SYNTAX_ERROR, verbatimReply } from '../../../protocol/replies.ts';
import type { RequestFrame } from '../../../protocol/request-frame.ts';
import { blockedIn } from '../blocked.ts';
import { executingOf } from '../executing.ts';
import { isListening, listeningOf } from '../listening.ts';
import { shownArg } from '../refusals.ts';
import { type Asker, GATE_RANKS, type PoolContext, type Session } from '../session.ts';
import { isPeer } from './peers.ts';
import { trackingOf } from './tracking.ts';

/** Every client of a proxy is a normal one, or a subscriber. */
const TYPES: ReadonlySet<string> = new Set(['normal', 'master', 'replica', 'slave', 'pubsub']);

/** What takes a few milliseconds to read. */
const MOST_IDS = 16_384;

/** Bytes of a line besides what the client has said of itself, at most. */
const LINE = 512;

/** Whether Redis knows the word in TYPE. */
export const isClientType = (word: string): boolean => TYPES.has(word);

/** Whether a client is of a type as CLIENT LIST and KILL name it. */
export const isOfType = (session: Session, type: string): boolean =>
  type === (isListening(session) ? 'pubsub' : 'normal');

/** CLIENT LIST [TYPE type | ID id …]: the clients of this pool that are connected to this process. */
export const clientList = (session: Asker, frame: RequestFrame, buffer: Uint8Array): Uint8Array => {
  const { argc } = frame;
  if (argc === 2) return lines(session, () => true);
  if (argc > MOST_IDS + 3) return errorReply(`CLIENT LIST has at most ${MOST_IDS} ids here`);
  const filter = wordAt(frame, buffer, 2);
  if (filter === 'type' && argc === 4) {
    const type = wordAt(frame, buffer, 3);
    if (!isClientType(type)) return errorReply(`Unknown client type '${shownArg(frame, buffer, 3)}'`);
    return lines(session, (each) => isOfType(each, type));
  }
  if (filter !== 'id' || argc < 4) return SYNTAX_ERROR;
  const ids = new Set<number>();
  for (let i = 3; i < argc; i++) {
    const id = wordAt(frame, buffer, i);
    if (!/^-?[0-9]{1,19}$/.test(id)) return errorReply('Invalid client ID');
    ids.add(Number(id));
  }
  return lines(session, ({ id }) => ids.has(id));
};

/** Why an answer of so many bytes is not made now, or null: there must be room for it before it is made. */
export function listFault({ budget }: PoolContext, bytes: number): Uint8Array | null {
  if (budget.share(bytes) >= bytes) return null;
  return errorReply(
    `CLIENT LIST would have up to ${bytes} bytes, for which there is no room now (--buffer-limit)`,
  );
}

function lines(asker: Asker, fits: (each: Session) => boolean): Uint8Array {
  const { pool, protocol } = asker;
  const chosen: Session[] = [];
  let bytes = 0;
  for (const each of pool.clients) {
    if (isPeer(each) || !fits(each)) continue;
    chosen.push(each);
    bytes += LINE + each.name.length + each.library.length + each.libraryVersion.length;
  }
  const fault = listFault(pool, bytes);
  if (fault !== null) return fault;
  let text = '';
  for (const each of chosen) text += `${clientLine(each, each === asker ? 'client|list' : undefined)}\n`;
  return verbatimReply(text, protocol);
}

/**
 * One client as CLIENT LIST shows it, without a line end: every field of Redis 7.0, in its order, for clients that take the line
 * apart miss one that is not there (redis-py up to 5). What the proxy does not know of is 0.
 * @param command the last that the client has said, when that is known
 */
export function clientLine(session: Session, command = doingOf(session)): string {
  const { config, worker, loop } = session.pool;
  const seconds = (milliseconds: number): number => Math.max(0, Math.floor(milliseconds / 1000));
  const age = seconds(Date.now() - session.connectedAt);
  const idle = Math.min(age, seconds(loop.now() - session.heardAt));
  const { channels, patterns, shardChannels } = listeningOf(session);
  const queued = queuedBy(session) ?? -1;
  const where = worker === undefined ? '' : ` worker=${worker.place}`;
  return (
    `id=${session.id} addr=${session.remote} laddr=${config.listenText} fd=-1 name=${session.name} age=${age} idle=${idle} ` +
    `flags=${flagsOf(session)} db=${session.database} sub=${channels} psub=${patterns} ssub=${shardChannels} multi=${queued} ` +
    `qbuf=0 qbuf-free=0 argv-mem=0 multi-mem=0 rbs=0 rbp=0 obl=0 oll=0 omem=0 tot-mem=${session.accounted} events=r ` +
    `cmd=${command} user=${userOf(session)} redir=${trackingOf(session) === undefined ? -1 : 0} resp=${session.protocol} ` +
    `lib-name=${session.library} lib-ver=${session.libraryVersion}${where}`
  );
}

/** How many commands the transaction has that it is putting together, or that is executed now; undefined when there is none. */
const queuedBy = (session: Session): number | undefined =>
  session.gates.find(({ rank }) => rank === GATE_RANKS.transaction)?.queued ?? executingOf(session);

/** What a client is at, as far as that is known without a look at each command of each: it waits, or listens. */
function doingOf(session: Session): string {
  const waits = blockedIn(session)?.doing;
  if (waits !== undefined) return waits;
  const { channels, patterns, shardChannels } = listeningOf(session);
  if (channels > 0) return 'subscribe';
  if (patterns > 0) return 'psubscribe';
  return shardChannels > 0 ? 'ssubscribe' : 'NULL';
}

/** The pool's account: everyone who has said its password is it. */
export const userOf = ({ pool: { config } }: Session): string =>
  config.redisAuth === null ? 'default' : config.redisAuthUsers[0];

/** As Redis has them: what subscribes, is between MULTI and EXEC, waits, is tracked and how. */
function flagsOf(session: Session): string {
  const tracking = trackingOf(session);
  const flags = [
    isListening(session) ? 'P' : '',
    queuedBy(session) === undefined ? '' : 'x',
    blockedIn(session) === undefined ? '' : 'b',
    tracking === undefined ? '' : 't',
    tracking?.options.bcast === true ? 'B' : '',
  ].join('');
  return flags === '' ? 'N' : flags;
}
