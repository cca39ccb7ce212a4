import { commandId } from '../../../protocol/command-table.ts';
import { arrayOf, errorReply } from '../../../protocol/replies.ts';
import type { Receiver } from '../../base/receiver.ts';
import { FanOut, type ServerReply } from '../../routing/fan-out.ts';
import type { ServerConnection } from '../../server/connection.ts';
import type { PoolServer } from '../../server/server.ts';
import { ExecPart } from '../exec-part.ts';
import { whileExecuting } from '../executing.ts';
import type { Session } from '../session.ts';
import { Elements, isArray } from './merge.ts';
import { SplitStep } from './split-step.ts';
import type { Part, Transaction } from './transaction.ts';

/** As what a transaction goes to a server: one that writes, or one that only reads and may be repeated. */
const WRITES = commandId('exec');
const READS = commandId('multi');

/** Sends what a server is to do of a transaction, to be answered to `who` under `tag`; `done` is called after that. */
export type SendPart = (part: Part, server: PoolServer, who: Receiver, tag: number, done: () => void) => void;

const NOTHING = (): void => {};

/** Bytes of the proxy's own answers in one EXEC: a small request may have a large one. */
const ANSWERS_AT_MOST = 1024 * 1024;
const TOO_LARGE = errorReply(
  `the proxy's own answers in one transaction have at most ${ANSWERS_AT_MOST} bytes`,
);

/**
 * Executes a transaction whose reply is `tag`'s; nothing of it was refused.
 * @param replied called when the reply was given, and not when the client has left by then
 */
export function execute(
  session: Session,
  tag: number,
  transaction: Transaction,
  send: SendPart,
  replied: () => void = NOTHING,
): void {
  const { parts } = transaction;
  const [first] = parts;
  if (parts.length === 1 && first.isAsAsked && !transaction.hasAnswers) {
    send(first, serverOf(session, first), session, tag, replied);
    return;
  }
  const fan = new FanOut(session, tag, session.pool.config.requestBytes, (replies) => {
    const reply = whileExecuting(session, transaction.queued, () => merged(session, transaction, replies));
    session.reply(tag, reply, 0, reply.length);
    replied();
  });
  for (const part of parts) {
    const server = serverOf(session, part);
    fan.ask(server, (who, number) => send(part, server, who, number, NOTHING));
  }
  fan.close();
}

/** Over the connection that all clients share, in its turn among this client's other requests. */
export function shared(session: Session): SendPart {
  return (part, server, who, tag, done) =>
    sendOver(server.pick(session.lane), part, new ExecPart(who, tag, part.commands, done));
}

export function sendOver(connection: ServerConnection, part: Part, who: Receiver): void {
  connection.sendBatch(who, 0, part.writes ? WRITES : READS, part.batch());
}

/** Without a key any server will do: always the same. */
function serverOf({ routing }: Session, part: Part): PoolServer {
  return part.server ?? routing.servers[0];
}

/**
 * The replies to all commands in their order. Where a server answered with an error, it stands in the place of each of
 * its commands; when no server did anything, it is the reply.
 */
function merged(
  session: Session,
  { order, parts }: Transaction,
  replies: readonly ServerReply[],
): Uint8Array {
  if (replies.length > 0 && !replies.some(({ bytes }) => isArray(bytes))) return replies[0].bytes;
  let built = 0;
  const elements = new Map(parts.map((part, i) => [part, new Elements(replies[i].bytes, part.unasked)]));
  const next = (part: Part): Uint8Array => (elements.get(part) as Elements).next();
  return arrayOf(
    order.map((step) => {
      if ('answer' in step) {
        if (built > ANSWERS_AT_MOST) return TOO_LARGE;
        const answer = step.answer(session, step.frame, step.bytes);
        built += answer.length;
        return answer;
      }
      return step instanceof SplitStep ? step.merged(next) : next(step);
    }),
  );
}
