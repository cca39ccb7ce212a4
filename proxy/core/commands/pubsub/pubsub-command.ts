import { commandId } from '../../../protocol/command-table.ts';
import { encodeValue, type ReplyValue } from '../../../protocol/encode-value.ts';
import { wordAt } from '../../../protocol/key-positions.ts';
import { EMPTY_ARRAY, encodeRequest, REFUSED, statusesReply } from '../../../protocol/replies.ts';
import type { RequestFrame } from '../../../protocol/request-frame.ts';
import { FanOut, type ServerReply } from '../../routing/fan-out.ts';
import { forConnection } from '../../server/segment.ts';
import type { PoolServer } from '../../server/server.ts';
import { element } from '../answered.ts';
import { failureOf, partialFailure } from '../partial.ts';
import { refuse, shownArg, unknownSubcommand, wrongArity, wrongSubcommandArity } from '../refusals.ts';
import type { Handler, Session } from '../session.ts';
import { INTERNAL_CHANNELS } from './messages.ts';

const PUBSUB = commandId('pubsub');
const LF = 10;
const COLON = 58;

/** In Redis' words (pubsub.c). */
const HELP = statusesReply([
  'PUBSUB <subcommand> [<arg> [value] [opt] ...]. Subcommands are:',
  'CHANNELS [<pattern>]',
  "    Return the currently active channels matching a <pattern> (default: '*').",
  'NUMPAT',
  '    Return number of subscriptions to patterns.',
  'NUMSUB [<channel> ...]',
  '    Return the number of subscribers for the specified channels, excluding',
  '    pattern subscriptions(default: no channels).',
  'SHARDCHANNELS [<pattern>]',
  "    Return the currently active shard level channels matching a <pattern> (default: '*').",
  'SHARDNUMSUB [<shardchannel> ...]',
  '    Return the number of subscribers for the specified shard level channel(s)',
  'HELP',
  '    Prints this help.',
]);

/** PUBSUB: what the servers say of their subscribers, each of whom is a connection there whatever proxy it came by. */
export const pubsub: Handler = (session, command, frame, buffer) => {
  if (frame.argc < 2) {
    refuse(session, wrongArity(command));
    return;
  }
  const subcommand = wordAt(frame, buffer, 1);
  switch (subcommand) {
    case 'help':
      if (frame.argc === 2) session.reply(session.tail++, HELP, 0);
      else refuseArity(session, subcommand);
      session.afterAnswer();
      return;
    case 'channels':
    case 'shardchannels':
      if (frame.argc <= 3) askAll(session, frame, buffer, together);
      else refuse(session, tooMany(shownArg(frame, buffer, 1)));
      return;
    case 'numpat':
      if (frame.argc === 2) askAll(session, frame, buffer, most);
      else refuseArity(session, subcommand);
      return;
    case 'numsub':
    case 'shardnumsub':
      numberOfSubscribers(session, subcommand, frame, buffer);
      return;
    default:
      session.reply(session.tail++, unknownSubcommand('pubsub', buffer, frame), 0);
  }
};

/** In Redis' words. */
const tooMany = (subcommand: string): string =>
  `unknown subcommand or wrong number of arguments for '${subcommand}'. Try PUBSUB HELP.`;

function refuseArity(session: Session, subcommand: string): void {
  session.reply(session.tail++, wrongSubcommandArity('pubsub', subcommand), 0);
}

/** Asks every server the same; `merge` makes one answer of theirs. */
function askAll(
  session: Session,
  frame: RequestFrame,
  buffer: Uint8Array,
  merge: (replies: readonly Uint8Array[]) => ReplyValue,
): void {
  const words = Array.from({ length: frame.argc }, (_, i) => element(frame, buffer, i));
  const request = encodeRequest(words);
  const requests = new Map(session.routing.servers.map((server) => [server, request]));
  ask(session, wordAt(frame, buffer, 1), requests, (replies) => merge(replies.map(({ bytes }) => bytes)));
}

/** One answer of all, or an error that says which server did not give its part. */
function ask(
  session: Session,
  subcommand: string,
  requests: ReadonlyMap<PoolServer, Uint8Array>,
  merge: (replies: readonly ServerReply[]) => ReplyValue,
): void {
  const tag = session.tail++;
  const fan = new FanOut(session, tag, session.pool.config.requestBytes, (replies) => {
    const reply = failure(session, subcommand, replies) ?? encodeValue(merge(replies), session.protocol);
    session.reply(tag, reply, 0, reply.length);
  });
  for (const [server, request] of requests) {
    fan.ask(server, (who, number) =>
      server.pick(session.lane).send(who, number, PUBSUB, forConnection(request), 0, request.length),
    );
  }
  fan.close();
}

function failure(
  { routing }: Session,
  subcommand: string,
  replies: readonly ServerReply[],
): Uint8Array | null {
  const what = `pubsub ${subcommand}`;
  const [first] = replies;
  if (replies.length === 1) return first.isError ? failureOf(what, first, routing.servers.length) : null;
  return partialFailure(what, replies);
}

/** Channels of all servers; events of keys are listened to on several of them. */
function together(replies: readonly Uint8Array[]): ReplyValue {
  const names = new Set<string>();
  for (const reply of replies) for (const name of elements(reply)) names.add(latin1(name));
  return [...names]
    .filter((name) => !name.startsWith(INTERNAL_CHANNELS))
    .map((name) => Buffer.from(name, 'latin1'));
}

/** Every pattern is on every server, but for one that has just come back. */
function most(replies: readonly Uint8Array[]): ReplyValue {
  return Math.max(...replies.map((reply) => Number(latin1(reply.subarray(1)).trimEnd())));
}

/** Each server is asked about its own channels; the answer is in the order of the question. */
function numberOfSubscribers(
  session: Session,
  subcommand: string,
  frame: RequestFrame,
  buffer: Uint8Array,
): void {
  if (frame.argc === 2) {
    session.reply(session.tail++, EMPTY_ARRAY, 0);
    return;
  }
  const names = Array.from(
    { length: frame.argc - 2 },
    (_, i) => new Uint8Array(element(frame, buffer, i + 2)),
  );
  const byServer = new Map<PoolServer, Uint8Array[]>();
  for (const name of names) {
    const server = session.routing.serverFor(name, 0, name.length);
    if (server === null) {
      refuse(session, REFUSED);
      return;
    }
    const its = byServer.get(server);
    if (its === undefined) byServer.set(server, [name]);
    else its.push(name);
  }
  const requests = new Map(
    [...byServer].map(([server, its]) => [server, encodeRequest(['PUBSUB', subcommand, ...its])]),
  );
  ask(session, subcommand, requests, (replies) => {
    const counts = new Map<string, number>();
    for (const { bytes } of replies) {
      const values = elements(bytes);
      for (let i = 0; i + 1 < values.length; i += 2)
        counts.set(latin1(values[i]), Number(latin1(values[i + 1])));
    }
    return names.flatMap((name) => [name, counts.get(latin1(name)) ?? 0]);
  });
}

/** The elements of an array of bulk strings and integers. */
function elements(reply: Uint8Array): Uint8Array[] {
  const found: Uint8Array[] = [];
  let at = reply.indexOf(LF) + 1;
  while (at < reply.length) {
    const begin = reply.indexOf(LF, at) + 1;
    const line = reply.subarray(at + 1, begin - 2);
    if (reply[at] === COLON) {
      found.push(line);
      at = begin;
    } else {
      const length = Number(latin1(line));
      found.push(reply.subarray(begin, begin + length));
      at = begin + length + 2;
    }
  }
  return found;
}

function latin1(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1');
}
