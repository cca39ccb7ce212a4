import type { Command } from '../../../protocol/command-table.ts';
import { arrayOf, errorReply, INVALID, integerReply, OK, REFUSED } from '../../../protocol/replies.ts';
import type { RequestFrame } from '../../../protocol/request-frame.ts';
import type { PoolServer } from '../../server/server.ts';
import { MOST_KEYS } from '../home.ts';
import { keyTooLong } from '../refusals.ts';
import type { Session } from '../session.ts';
import { splitError } from '../split-error.ts';
import { Elements, isArray } from './merge.ts';

const MINUS = 45;
const COLON = 58;
const NOTHING: ReadonlySet<number> = new Set();

/** What one server is to do of a command with keys on several. */
export interface Share {
  readonly server: PoolServer;
  readonly request: Uint8Array;
}

/** A command, taken apart. */
export interface Shares {
  readonly shares: readonly Share[];
  /** For each key the number of its share. */
  readonly owners: readonly number[];
}

/**
 * Takes MGET, MSET, DEL and the like apart by the servers of their keys.
 * @returns null when there is nothing to take apart, a text when it cannot be served
 */
export function sharesOf(
  { pool, routing }: Session,
  command: Command,
  frame: RequestFrame,
  buffer: Uint8Array,
): Shares | string | null {
  const { args, argc } = frame;
  const step = command.name === 'mset' ? 2 : 1;
  // a server says so when it carries the others out
  if ((argc - 1) % step !== 0) return null;
  if ((argc - 1) / step > MOST_KEYS)
    return `'${command.name}' has at most ${MOST_KEYS} keys inside a transaction`;
  const pieces = new Map<PoolServer, { number: number; elements: Uint8Array[] }>();
  const owners: number[] = [];
  for (let i = 1; i < argc; i += step) {
    const [from, to] = [args[2 * i], args[2 * i + 1]];
    if (to - from > pool.keyLimit) return keyTooLong(pool, to - from);
    const server = routing.serverFor(buffer, from, to);
    if (server === null) return REFUSED;
    const piece = pieces.get(server) ?? { number: pieces.size, elements: [] };
    pieces.set(server, piece);
    // an element reaches from the end of the one before to its own, `$n` and CRLF included
    piece.elements.push(buffer.subarray(args[2 * i - 1] + 2, args[2 * (i + step) - 1] + 2));
    owners.push(piece.number);
  }
  if (pieces.size < 2) return null;
  const shares = [...pieces].map(([server, { elements }]) => {
    const { name } = command;
    const head = Buffer.from(`*${1 + elements.length * step}\r\n$${name.length}\r\n${name}\r\n`);
    return { server, request: Buffer.concat([head, ...elements]) };
  });
  return { shares, owners };
}

/** A command of a transaction that several servers have a share of, and how their replies become one. */
export class SplitStep<P> {
  /** @param parts the parts of the transaction that its shares belong to, in their order */
  constructor(
    private readonly command: Command,
    private readonly parts: readonly P[],
    private readonly owners: readonly number[],
  ) {}

  /** @param next the next reply to what a part was asked */
  merged(next: (part: P) => Uint8Array): Uint8Array {
    const replies = this.parts.map(next);
    const errors = replies.filter((reply) => reply[0] === MINUS);
    if (errors.length > 0) return splitError(errors, replies.length);
    if (this.command.name === 'mset') return OK;
    if (this.command.name === 'mget') return this.values(replies);
    if (replies.some((reply) => reply[0] !== COLON)) return errorReply(INVALID);
    return integerReply(
      replies.reduce((sum, reply) => sum + Number(Buffer.from(reply).toString('latin1', 1)), 0),
    );
  }

  private values(replies: readonly Uint8Array[]): Uint8Array {
    if (!replies.every(isArray)) return errorReply(INVALID);
    const lists = replies.map((reply) => new Elements(reply, NOTHING));
    return arrayOf(this.owners.map((owner) => lists[owner].next()));
  }
}
