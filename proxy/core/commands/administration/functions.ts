import { wordAt } from '../../../protocol/key-positions.ts';
import { encodeRequest, errorReply } from '../../../protocol/replies.ts';
import { replyTree, unordered } from '../../../protocol/reply-tree.ts';
import type { ServerReply } from '../../routing/fan-out.ts';
import { element } from '../answered.ts';
import { Inquiry } from '../inquiry.ts';
import { partialFailure } from '../partial.ts';
import { refuse, unknownSubcommand, wrongArity } from '../refusals.ts';
import type { Handler } from '../session.ts';

const LIST = encodeRequest(['FUNCTION', 'LIST', 'WITHCODE']);

/** Carried out by all servers … */
const CHANGES: ReadonlySet<string> = new Set(['load', 'delete', 'flush', 'restore']);
/** … or asked of them, who must all have the same libraries. */
const SHOWS: ReadonlySet<string> = new Set(['list', 'dump', 'stats', 'help']);

/** FUNCTION LOAD, DELETE, FLUSH, RESTORE, LIST, DUMP, STATS: every server has every library, for keys live on any. */
export const functions: Handler = (session, command, frame, buffer) => {
  if (frame.argc < 2) {
    refuse(session, wrongArity(command));
    return;
  }
  const subcommand = wordAt(frame, buffer, 1);
  if (subcommand === 'kill') {
    refuse(session, `'function kill' is not served: it would wait behind the function that it is to end`);
    return;
  }
  if (!CHANGES.has(subcommand) && !SHOWS.has(subcommand)) {
    session.reply(session.tail++, unknownSubcommand('function', buffer, frame), 0);
    return;
  }
  const words = Array.from({ length: frame.argc }, (_, i) => element(frame, buffer, i));
  const request = encodeRequest(words);
  const name = `function ${subcommand}`;
  session.runAlone(
    new Inquiry(session, command, request.length, (inquiry) => {
      if (subcommand === 'dump' && session.routing.servers.length > 1) dump(inquiry, request);
      else inquiry.askAll(request, (replies) => inquiry.answer(answerTo(name, replies)));
    }),
  );
};

function answerTo(name: string, replies: readonly ServerReply[]): Uint8Array {
  const failure = partialFailure(name, replies);
  if (failure !== null) return failure;
  if (name === 'function list') return difference(replies) ?? replies[0].bytes;
  if (name === 'function stats') return busiest(replies);
  return replies[0].bytes;
}

/** An error unless all have the same libraries, in whatever order. */
function difference(replies: readonly ServerReply[]): Uint8Array | null {
  const first = unordered(replyTree(replies[0].bytes));
  const other = replies.find(({ bytes }) => unordered(replyTree(bytes)) !== first);
  if (other === undefined) return null;
  return errorReply(
    `'${replies[0].server.name}' and '${other.server.name}' have different function libraries; FUNCTION LOAD REPLACE loads one everywhere, FUNCTION FLUSH removes all`,
  );
}

/** Payloads of equal libraries may differ: what is compared is what they hold. */
function dump(inquiry: Inquiry, request: Uint8Array): void {
  inquiry.askAll(LIST, (lists) => {
    const failure = partialFailure('function dump', lists) ?? difference(lists);
    if (failure !== null) inquiry.answer(failure);
    else inquiry.askAll(request, (replies) => inquiry.answer(answerTo('function dump', replies)));
  });
}

/** Of the server that runs one now, or of the first. */
function busiest(replies: readonly ServerReply[]): Uint8Array {
  const running = replies.find(({ bytes }) => (replyTree(bytes).items[1]?.items.length ?? 0) > 0);
  return (running ?? replies[0]).bytes;
}
