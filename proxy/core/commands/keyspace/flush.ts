import { databasesOf } from '../../../config/pool.ts';
import { type Command, commandId } from '../../../protocol/command-table.ts';
import { encodeRequest, OK } from '../../../protocol/replies.ts';
import type { ServerReply } from '../../routing/fan-out.ts';
import { forConnection } from '../../server/segment.ts';
import { ExecPart } from '../exec-part.ts';
import type { Inquiry } from '../inquiry.ts';
import { partialFailure } from '../partial.ts';
import type { Session } from '../session.ts';

const EXEC = commandId('exec');

/**
 * FLUSHDB [ASYNC | SYNC] as it goes to a server. Unless SYNC is said, the keys are gone at once and their memory is freed
 * beside: a server that frees ten million keys first is silent for seconds, is taken for dead, and gets a successor.
 */
export function flushRequest(words: readonly Uint8Array[]): Uint8Array {
  return encodeRequest(['FLUSHDB', ...(words.length === 0 ? ['ASYNC'] : words)]);
}

/** FLUSHDB. With `wait_replicas` each server's is confirmed before it counts as done. */
export function flushDatabase(inquiry: Inquiry, command: Command, request: Uint8Array): void {
  inquiry.askAll(request, (replies) =>
    inquiry.answer(partialFailure(command.name, replies) ?? replies[0].bytes),
  );
}

/**
 * FLUSHALL: every database of the pool, and not what others keep in other databases of the same servers; on each server
 * in one transaction.
 */
export function flushAll(inquiry: Inquiry, command: Command, request: Uint8Array, session: Session): void {
  const databases = databasesOf(session.pool.config);
  if (databases.length === 1) {
    flushDatabase(inquiry, command, request);
    return;
  }
  const select = (database: number): Uint8Array => encodeRequest(['SELECT', String(database)]);
  const commands = databases.flatMap((database) => [select(database), request]);
  // the connection stays in the database that it is in
  commands.push(select(session.database));
  const batch = Buffer.concat([encodeRequest(['MULTI']), ...commands, encodeRequest(['EXEC'])]);
  inquiry.sendAll(
    (connection, who, number) =>
      connection.sendBatch(new ExecPart(who, number, commands.length), 0, EXEC, [forConnection(batch)]),
    (replies) => inquiry.answer(partialFailure(command.name, replies.map(ofItsCommands)) ?? OK),
  );
}

/** EXEC is answered with what its commands are, a status or an error each: refused is it when one of them is. */
function ofItsCommands(reply: ServerReply): ServerReply {
  if (reply.isError) return reply;
  const bytes = Buffer.from(reply.bytes);
  const at = bytes.indexOf('\r\n-') + 2;
  if (at < 2) return reply;
  return { ...reply, bytes: bytes.subarray(at, bytes.indexOf('\r\n', at) + 2), isError: true };
}
