import { wordAt } from '../../../protocol/key-positions.ts';
import { arrayOf, encodeRequest, errorReply, integerReply, mapOf } from '../../../protocol/replies.ts';
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
type Merge = (replies: readonly ServerReply[], frame: readonly string[], protocol: number) => Uint8Array;

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

/** How often a command was carried out, and how many of these took up to so many microseconds, fewer first. */
interface Histogram {
  readonly name: Uint8Array;
  calls: number;
  /** Of each server: bound → how many took no longer. */
  readonly counts: ReadonlyArray<readonly [bound: number, upTo: number]>[];
}

const histograms: Merge = (replies, _words, protocol) => {
  const commands = new Map<string, Histogram>();
  for (const { bytes } of replies) {
    const { items } = replyTree(bytes);
    for (let i = 0; i + 1 < items.length; i += 2) {
      const [name, { items: fields }] = [items[i], items[i + 1]];
      const known = commands.get(name.text) ?? { name: name.bytes, calls: 0, counts: [] };
      known.calls += numberOf(fields[1]);
      known.counts.push(countsOf(fields[3]?.items ?? []));
      commands.set(name.text, known);
    }
  }
  const [calls, within] = ['$5\r\ncalls\r\n', '$14\r\nhistogram_usec\r\n'].map((text) => Buffer.from(text));
  const all = [...commands.values()].map(({ name, calls: count, counts }) => {
    const bounds = [...new Set(counts.flat().map(([bound]) => bound))].sort((a, b) => a - b);
    const sums = bounds.flatMap((bound) => [
      integerReply(bound),
      integerReply(counts.reduce((total, each) => total + upTo(each, bound), 0)),
    ]);
    return [name, mapOf([calls, integerReply(count), within, mapOf(sums, protocol)], protocol)];
  });
  return mapOf(all.flat(), protocol);
};

function countsOf(items: readonly ReplyTree[]): [bound: number, upTo: number][] {
  const counts: [number, number][] = [];
  for (let i = 0; i + 1 < items.length; i += 2) counts.push([numberOf(items[i]), numberOf(items[i + 1])]);
  return counts;
}

/** A server leaves out bounds at which nothing is added: the one before holds. */
const upTo = (counts: Histogram['counts'][number], bound: number): number =>
  counts.findLast(([each]) => each <= bound)?.[1] ?? 0;

const MERGES: Readonly<Record<string, Merge>> = {
  lastsave: earliest,
  'latency help': same,
  'latency histogram': histograms,
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
        else inquiry.answer(MERGES[name]?.(replies, words, session.protocol) ?? notMerged(name));
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
