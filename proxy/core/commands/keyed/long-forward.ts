import type { Command } from '../../../protocol/command-table.ts';
import { RequestFrame } from '../../../protocol/request-frame.ts';
import { ownCopy } from '../../base/bytes.ts';
import { NamedKeys } from '../excess.ts';
import { InTurn, KEYS_AT_ONCE } from '../in-turn.ts';
import { apartFault, refuse } from '../refusals.ts';
import type { Session } from '../session.ts';

/** Sends a request, which is all of `buffer`, to the server of element `first`. */
type Send = (
  session: Session,
  command: Command,
  frame: RequestFrame,
  buffer: Uint8Array,
  first: number,
) => void;

/**
 * A request with very many keys that must live on one server: they are looked at a part at a time, so that others are
 * served meanwhile. It has the session to itself until it is on its way.
 */
export class LongForward extends InTurn {
  /** Bytes that are kept: the request, where its elements lie, which are keys, and how often each is named. */
  readonly waiting: number;
  private readonly bytes: Uint8Array;
  private readonly frame: RequestFrame;
  private readonly named: NamedKeys;

  constructor(
    session: Session,
    private readonly command: Command,
    private readonly keys: readonly number[],
    { argc, args }: RequestFrame,
    buffer: Uint8Array,
    [from, to]: readonly [from: number, to: number],
    private readonly send: Send,
  ) {
    super(session);
    this.bytes = ownCopy(buffer, from, to);
    this.frame = new RequestFrame();
    this.frame.argc = argc;
    this.frame.args = args.slice(0, 2 * argc);
    this.frame.end = to - from;
    for (let i = 0; i < 2 * argc; i++) this.frame.args[i] -= from;
    this.named = new NamedKeys(command.name);
    this.waiting = 2 * (to - from) + this.frame.args.byteLength + 64 * keys.length;
  }

  protected begin(): void {
    this.look(0);
  }

  /** Looks at the keys from number `at` on, a turn's worth. */
  private look(at: number): void {
    if (this.isOver) return;
    const { bytes, command, frame, keys, session } = this;
    const { pool, routing } = session;
    const { args } = frame;
    const [first] = keys;
    // the servers may be others than they were a turn ago
    const server = routing.serverFor(bytes, args[2 * first], args[2 * first + 1]);
    const end = Math.min(keys.length, at + KEYS_AT_ONCE);
    for (let i = at; i < end; i++) {
      const key = keys[i];
      const fault =
        apartFault(session, command, frame, bytes, first, server, key) ?? this.named.note(frame, bytes, key);
      if (fault === null) continue;
      this.finish(() => refuse(session, fault));
      return;
    }
    if (end < keys.length) pool.loop.nextTurn(() => this.look(end));
    else this.finish(() => this.send(session, command, frame, bytes, first));
  }

  /** Dealt with as if it came now: it takes its number again. */
  private finish(last: () => void): void {
    this.isOver = true;
    this.session.tail = this.tag;
    last();
    this.session.soloEnded();
  }
}
