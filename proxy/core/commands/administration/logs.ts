import { wordAt } from '../../../protocol/key-positions.ts';
import { arrayOf, encodeRequest, errorReply, integerReply } from '../../../protocol/replies.ts';
import { type ReplyTree, replyTree } from '../../../protocol/reply-tree.ts';
import type { RequestFrame } from '../../../protocol/request-frame.ts';
import type { ServerReply } from '../../routing/fan-out.ts';
import { element } from '../answered.ts';
import { Inquiry } from '../inquiry.ts';
import { partialFailure } from '../partial.ts';
import { refuse, wrongArity } from '../refusals.ts';
import type { Handler } from '../session.ts';

/** Entries that SLOWLOG GET gives when no number is said. */
const SLOWLOG_COUNT = 10;

/** How the replies of all servers, of which none is an error, become one. */
type Merge = (replies: readonly ServerReply[], frame: readonly string[]) => Uint8Array;

const numberOf = (item: ReplyTree | undefined): number => Number(item?.text ?? 0);
const sum: Merge = (replies) =>
  integerReply(replies.reduce((total, { bytes }) => total + numberOf(replyTree(bytes)), 0));
const earliest: Merge = (replies) =>
  integerReply(Math.min(...replies.map(({ bytes }) => numberOf(replyTree(bytes)))));
const same: Merge = ([first]) => first.bytes;

/** Newest first. Numbers are each server's own: they get another one that no two entries share, and still grow. */
const slowest: Merge = (replies, words) => {
  const entries = replies.flatMap(({ bytes }, server) =>
    replyTree(bytes).items.map(({ items }) => ({
      time: numberOf(items[1]),
      bytes: arrayOf([
        integerReply(numberOf(items[0]) * replies.length + server),
        ...items.slice(1).map((item) => item.bytes),
      ]),
    })),
  );
  const count = words.length > 2 ? Number(words[2]) : SLOWLOG_COUNT;
  const newest = entries.sort((a, b) => b.time - a.time).map((entry) => entry.bytes);
  return arrayOf(count < 0 ? newest : newest.slice(0, count));
};

/** Of each event: name, the last time, how long it took then, and the longest that it ever took. */
const latest: Merge = (replies) => {
  const events = new Map<string, { name: Uint8Array; time: number; last: number; longest: number }>();
  for (const { items } of replies.flatMap(({ bytes }) => replyTree(bytes).items)) {
    const [name, ...numbers] = items;
    const [time, last, longest] = numbers.map(numberOf);
    const known = events.get(name.text);
    const isNewer = known === undefined || time > known.time;
    events.set(name.text, {
      name: name.bytes,
      time: isNewer ? time : known.time,
      last: isNewer ? last : known.last,
      longest: Math.max(longest, known?.longest ?? 0),
    });
  }
  return arrayOf(
    [...events.values()].map(({ last, longest, name, time }) =>
      arrayOf([name, ...[time, last, longest].map(integerReply)]),
    ),
  );
};

const history: Merge = (replies) => {
  const spikes = replies.flatMap(({ bytes }) => replyTree(bytes).items);
  return arrayOf(
    spikes.sort((a, b) => numberOf(a.items[0]) - numberOf(b.items[0])).map((each) => each.bytes),
  );
};

const MERGES: Readonly<Record<string, Merge>> = {
  lastsave: earliest,
  'latency help': same,
  'latency history': history,
  'latency latest': latest,
  'latency reset': sum,
  'slowlog get': slowest,
  'slowlog help': same,
  'slowlog len': sum,
  'slowlog reset': same,
};

/** LASTSAVE, SLOWLOG and LATENCY, of all servers together. Redis' own words when nothing is to be merged. */
export const logs: Handler = (session, command, frame, buffer) => {
  const hasSubcommands = command.name !== 'lastsave';
  if (hasSubcommands && frame.argc < 2) {
    refuse(session, wrongArity(command));
    return;
  }
  const name = hasSubcommands ? `${command.name} ${wordAt(frame, buffer, 1)}` : command.name;
  const request = requestOf(frame, buffer);
  const words = Array.from({ length: frame.argc }, (_, i) => wordAt(frame, buffer, i));
  session.runAlone(
    new Inquiry(session, command, request.length, (inquiry) =>
      inquiry.askAll(request, (replies) => {
        const failure = partialFailure(name, replies);
        if (failure !== null) inquiry.answer(failure);
        else if (replies.length === 1) inquiry.answer(replies[0].bytes);
        else inquiry.answer(MERGES[name]?.(replies, words) ?? notMerged(name));
      }),
    ),
  );
};

function notMerged(name: string): Uint8Array {
  return errorReply(
    `'${name}' is not served: the words of several servers do not become one's; ask each of them`,
  );
}

function requestOf(frame: RequestFrame, buffer: Uint8Array): Uint8Array {
  return encodeRequest(Array.from({ length: frame.argc }, (_, i) => element(frame, buffer, i)));
}
