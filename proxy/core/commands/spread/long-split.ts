import type { Command } from '../../../protocol/command-table.ts';
import { errorReply } from '../../../protocol/replies.ts';
import type { RequestFrame } from '../../../protocol/request-frame.ts';
import { copyBytes, decimalLength, ownCopy, writeDecimal } from '../../base/bytes.ts';
import { InTurn, KEYS_AT_ONCE } from '../in-turn.ts';
import { keyTooLong, refuseAllEjected } from '../refusals.ts';
import type { Session } from '../session.ts';
import { type Part, type Shape, SplitRequest } from './split-request.ts';

const STAR = 42;

/** The request for one server, while it is put together. */
interface Composed {
  readonly bytes: Uint8Array;
  used: number;
}

/**
 * A request with very many keys: it is split a part at a time, so that others are served meanwhile. Each server gets its
 * part in one piece, as ever. It has the session to itself until all parts are on their way.
 */
export class LongSplit extends InTurn {
  /** Bytes that are kept: the request, where its elements lie, whose key is whose, and the parts. */
  readonly waiting: number;
  private readonly args: Int32Array;
  private readonly bytes: Uint8Array;
  private readonly request: SplitRequest;
  private readonly partOf: (Part | undefined)[] = [];
  private readonly keys: number;
  private readonly composed = new Map<Part, Composed>();
  private readonly owners: Part[] = [];
  /** Bytes of the elements for each server, by its index. */
  private readonly sizes: number[] = [];

  constructor(
    session: Session,
    private readonly command: Command,
    private readonly shape: Shape,
    frame: RequestFrame,
    buffer: Uint8Array,
    from: number,
    to: number,
  ) {
    super(session);
    this.bytes = ownCopy(buffer, from, to);
    this.args = frame.args.slice(0, 2 * frame.argc);
    for (let i = 0; i < this.args.length; i++) this.args[i] -= from;
    this.keys = (frame.argc - 1) / shape.step;
    this.request = new SplitRequest(session, this.tag, shape.merge);
    this.waiting = 2 * (to - from) + this.args.byteLength + 16 * this.keys;
  }

  protected begin(): void {
    this.assign(0);
  }

  /** Finds the servers of the keys from `first` on, a turn's worth. */
  private assign(first: number): void {
    if (this.isOver) return;
    const { args, bytes, keys, owners, partOf, request, session, shape, sizes } = this;
    const { pool, routing } = session;
    const end = Math.min(keys, first + KEYS_AT_ONCE);
    for (let key = first; key < end; key++) {
      const i = 1 + key * shape.step;
      const [keyFrom, keyTo] = [args[2 * i], args[2 * i + 1]];
      if (keyTo - keyFrom > pool.keyLimit) {
        this.finish(() => session.reply(this.tag, errorReply(keyTooLong(pool, keyTo - keyFrom)), 0));
        return;
      }
      const server = routing.serverFor(bytes, keyFrom, keyTo);
      if (server === null) {
        this.finish(() => refuseAllEjected(session, this.tag));
        return;
      }
      let part = partOf[server.index];
      if (part === undefined) {
        part = request.addPart(server.index, key);
        partOf[server.index] = part;
        sizes[server.index] = 0;
      }
      sizes[server.index] += args[2 * (i + shape.step) - 1] - args[2 * i - 1];
      request.addKey(part, key);
      owners.push(part);
    }
    const { loop } = pool;
    if (end < keys) loop.nextTurn(() => this.assign(end));
    else if (request.parts.length === 1) this.send();
    else {
      for (const part of request.parts) this.beginPart(part);
      loop.nextTurn(() => this.compose(0));
    }
  }

  private beginPart(part: Part): void {
    const { composed, shape, sizes } = this;
    const elements = 1 + part.keyCount * shape.step;
    const head = 1 + decimalLength(elements) + shape.name.length;
    const target = new Uint8Array(head + sizes[part.server]);
    target[0] = STAR;
    const at = writeDecimal(elements, target, 1);
    copyBytes(shape.name, 0, shape.name.length, target, at);
    composed.set(part, { bytes: target, used: at + shape.name.length });
  }

  /** Copies the elements of the keys from `first` on to the requests for their servers, a turn's worth. */
  private compose(first: number): void {
    if (this.isOver) return;
    const { args, bytes, composed, keys, owners, session, shape } = this;
    const end = Math.min(keys, first + KEYS_AT_ONCE);
    for (let key = first; key < end; key++) {
      const target = composed.get(owners[key]) as Composed;
      const i = 1 + key * shape.step;
      // an element reaches from the end of the one before to its own, `$n` and CRLF included
      const from = args[2 * i - 1] + 2;
      const to = args[2 * (i + shape.step) - 1] + 2;
      copyBytes(bytes, from, to, target.bytes, target.used);
      target.used += to - from;
    }
    if (end < keys) session.pool.loop.nextTurn(() => this.compose(end));
    else this.send();
  }

  private send(): void {
    const { bytes, command, composed, request, session, tag } = this;
    const { lane, routing } = session;
    const { parts } = request;
    this.finish(() =>
      parts.forEach((part, i) => {
        const connection = routing.connectionFor(routing.servers[part.server], lane, command.id);
        const own = composed.get(part);
        if (own === undefined) connection.send(session, tag, command.id, bytes, 0, bytes.length);
        else connection.send(request, i, command.id, own.bytes, 0, own.used);
      }),
    );
  }

  /** Everything is on its way, or refused. */
  private finish(last: () => void): void {
    this.isOver = true;
    last();
    this.session.soloEnded();
  }
}
