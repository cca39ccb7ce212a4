import { type Command, commandId } from '../../../protocol/command-table.ts';
import { encodeRequest, errorReply, integerReply, nullReply } from '../../../protocol/replies.ts';
import type { ServerReply } from '../../routing/fan-out.ts';
import type { PoolServer } from '../../server/server.ts';
import type { Inquiry } from '../inquiry.ts';
import { failureOf, partialFailure } from '../partial.ts';
import type { Session } from '../session.ts';

const LF = 10;
const DBSIZE_ID = commandId('dbsize');
const DBSIZE = encodeRequest(['DBSIZE']);
const RANDOMKEY = encodeRequest(['RANDOMKEY']);

/** The number in `:n` or the header `*n`; -1 when it is neither. */
function numberIn({ bytes }: ServerReply): number {
  const found = /^[:*](\d+)\r\n/.exec(Buffer.from(bytes.subarray(0, 24)).toString('latin1'));
  return found === null ? -1 : Number(found[1]);
}

/** Ends the inquiry with an error unless every server answered with a number. */
function failed(inquiry: Inquiry, command: Command, replies: readonly ServerReply[]): boolean {
  const strange = replies.find((reply) => !reply.isError && numberIn(reply) < 0);
  const failure =
    partialFailure(command.name, replies) ??
    (strange && errorReply(`'${strange.server.name}' answered '${command.name}' with something else`));
  if (failure) inquiry.answer(failure);
  return Boolean(failure);
}

/** DBSIZE: the keys of all servers. */
export function dbsize(inquiry: Inquiry, command: Command, request: Uint8Array): void {
  inquiry.askAll(request, (replies) => {
    if (failed(inquiry, command, replies)) return;
    inquiry.answer(integerReply(replies.reduce((sum, reply) => sum + numberIn(reply), 0)));
  });
}

/** KEYS pattern: those of all servers. What they have together is bounded by `request_bytes`. */
export function keys(inquiry: Inquiry, command: Command, request: Uint8Array): void {
  inquiry.askAll(request, (replies) => {
    if (failed(inquiry, command, replies)) return;
    const count = replies.reduce((sum, reply) => sum + numberIn(reply), 0);
    const lists = replies.map(({ bytes }) => bytes.subarray(bytes.indexOf(LF) + 1));
    inquiry.answer(Buffer.from(`*${count}\r\n`), ...lists.filter(({ length }) => length > 0));
  });
}

interface Share {
  readonly server: PoolServer;
  readonly keys: number;
}

/** RANDOMKEY: of a server that is drawn by the number of its keys, so that every key may come up as often. */
export function randomKey(inquiry: Inquiry, command: Command, session: Session): void {
  inquiry.askAll(
    DBSIZE,
    (replies) => {
      if (failed(inquiry, command, replies)) return;
      draw(
        inquiry,
        session,
        replies.map((reply) => ({ server: reply.server, keys: numberIn(reply) })),
      );
    },
    DBSIZE_ID,
  );
}

/** A server whose last keys went meanwhile has none to give: the others are asked then. */
function draw(inquiry: Inquiry, session: Session, shares: readonly Share[]): void {
  const all = shares.reduce((sum, share) => sum + share.keys, 0);
  let number = Math.random() * all;
  const drawn = shares.find((share) => {
    number -= share.keys;
    return share.keys > 0 && number < 0;
  });
  if (drawn === undefined) {
    inquiry.answer(nullReply(session.protocol));
    return;
  }
  const { server } = drawn;
  inquiry.ask(server, server.pick(session.lane), RANDOMKEY, (reply) => {
    const isNil = reply.bytes[0] === 95 || reply.bytes[1] === 45;
    if (reply.isError) inquiry.answer(failureOf('randomkey', reply, session.routing.servers.length));
    else if (isNil) {
      draw(
        inquiry,
        session,
        shares.filter((share) => share !== drawn),
      );
    } else inquiry.answer(reply.bytes);
  });
}
