import { commandId } from '../../../protocol/command-table.ts';
import { encodeRequest } from '../../../protocol/replies.ts';
import { NOBODY, type Receiver } from '../../base/receiver.ts';
import { WholeReplies } from '../../base/whole-replies.ts';
import type { ServerConnection } from '../../server/connection.ts';
import { FIRST_LANE } from '../../server/lane.ts';
import type { PoolServer } from '../../server/server.ts';

const CLIENT = commandId('client');
const CLIENT_ID = encodeRequest(['CLIENT', 'ID']);
const COLON = 58;

/** Takes one short reply to a request of the proxy's own, an empty text when none comes. */
class OwnReply extends WholeReplies implements Receiver {
  readonly owner = NOBODY;

  constructor(private readonly done: (reply: string) => void) {
    super();
  }

  reply(_tag: number, chunk: Uint8Array, from: number, to: number): void {
    this.done(Buffer.from(chunk.subarray(from, to)).toString('latin1').trimEnd());
  }

  replyInParts(_tag: number, parts: Uint8Array[]): void {
    const whole = Buffer.concat(parts);
    this.reply(0, whole, 0, whole.length);
  }

  lost(): void {
    this.done('');
  }

  fail(): void {
    this.done('');
  }

  arriving(): void {}

  abort(): void {}
}

/** What a server calls a connection of ours, for as long as the socket lives. */
const ids = new WeakMap<ServerConnection, { readonly socket: number; readonly id: string }>();

/** Asks the server what it calls this connection, unless it is known already. Goes ahead of what is sent next. */
export function learnId(connection: ServerConnection): void {
  if (idOf(connection) !== undefined) return;
  const learn = (reply: string): void => {
    if (reply.charCodeAt(0) === COLON)
      ids.set(connection, { socket: connection.sockets, id: reply.slice(1) });
  };
  connection.send(new OwnReply(learn), 0, CLIENT, CLIENT_ID, 0, CLIENT_ID.length);
}

/** What the server calls it; undefined when it did not say, or the socket is another one now. */
function idOf(connection: ServerConnection): string | undefined {
  const known = ids.get(connection);
  return known?.socket === connection.sockets ? known.id : undefined;
}

/** The same of a connection whose only request the server has, and lets wait; undefined as long as that is not known. */
export const idOfWaiting = (connection: ServerConnection): string | undefined =>
  connection.queue.sent === connection.queue.tail ? idOf(connection) : undefined;

/** Ends the waiting of a connection at its server, over a shared one. What became of it, the connection itself tells. */
export function unblock(server: PoolServer, id: string, how: 'TIMEOUT' | 'ERROR'): void {
  const request = encodeRequest(['CLIENT', 'UNBLOCK', id, how]);
  const receiver = new OwnReply(() => {});
  server.pick(FIRST_LANE).send(receiver, 0, CLIENT, request, 0, request.length);
}
