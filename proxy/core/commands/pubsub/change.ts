import { bulkReply, errorReply, nullReply } from '../../../protocol/replies.ts';
import { type ListeningKind, OPPOSITES } from '../../server/listening-kind.ts';
import { InTurn } from '../in-turn.ts';
import type { Session } from '../session.ts';
import { Subscriptions, subscriptionsOf } from './subscriptions.ts';

const MINUS = 45;

/** What a client listens to becomes more or less. */
abstract class Change extends InTurn {
  readonly waiting: number;

  /** @param names as the client has said them, in latin1 */
  constructor(
    session: Session,
    protected readonly kind: ListeningKind,
    protected readonly names: readonly string[],
  ) {
    super(session);
    this.waiting = names.reduce((sum, name) => sum + name.length, 0);
  }
}

/**
 * SUBSCRIBE and its like: it goes over connections of its own, so that it neither overtakes what came before it nor is
 * overtaken, and is answered when the servers have confirmed it.
 */
export class Subscribe extends Change {
  protected begin(): void {
    const { kind, session } = this;
    const subscriptions = Subscriptions.of(session);
    const known = subscriptions.names[kind];
    const fresh = [...new Set(this.names)].filter((name) => !known.has(name));
    const before = subscriptions.count(kind);
    if (fresh.length === 0) this.end(this.confirmations(new Set(), before));
    else {
      subscriptions.add(kind, fresh, (fault) => {
        if (this.isOver) return;
        if (fault === null) this.end(this.confirmations(new Set(fresh), before));
        else this.end(typeof fault === 'string' ? errorReply(fault) : fault);
      });
    }
  }

  /** One for each name, with how many there are by then. */
  private confirmations(fresh: Set<string>, before: number): Uint8Array {
    const { kind, names, session } = this;
    let count = before;
    const pieces = names.map((name) => {
      if (fresh.delete(name)) count++;
      return confirmation(session.protocol, kind, name, count);
    });
    return Buffer.concat(pieces);
  }

  protected override end(reply: Uint8Array): void {
    const { session, tag } = this;
    confirm(session, tag, reply);
    subscriptionsOf(session)?.release();
    session.soloEnded();
  }
}

/** UNSUBSCRIBE and its like; without names, of all of the kind. */
export class Unsubscribe extends Change {
  protected begin(): void {
    const { kind, session } = this;
    const subscriptions = subscriptionsOf(session);
    const known = subscriptions?.names[kind] ?? new Map<string, never>();
    const names = this.names.length > 0 ? this.names : [...known.keys()];
    const gone = new Set(names.filter((name) => known.has(name)));
    let count = subscriptions?.count(kind) ?? 0;
    const left = new Set(gone);
    const pieces = names.map((name) => {
      if (left.delete(name)) count--;
      return confirmation(session.protocol, OPPOSITES[kind], name, count);
    });
    if (names.length === 0) pieces.push(confirmation(session.protocol, OPPOSITES[kind], null, count));
    const reply = Buffer.concat(pieces);
    if (subscriptions === undefined) this.end(reply);
    else subscriptions.remove(kind, [...gone], () => this.end(reply));
  }

  protected override end(reply: Uint8Array): void {
    if (this.isOver) return;
    const { session, tag } = this;
    confirm(session, tag, reply);
    session.soloEnded();
  }
}

/** A confirmation is pushed: who does not want replies gets it all the same. */
function confirm(session: Session, tag: number, reply: Uint8Array): void {
  const isUnwanted = tag < session.silentUntil && reply[0] !== MINUS;
  if (isUnwanted) session.push(reply, 0, reply.length);
  session.reply(tag, reply, 0, isUnwanted ? 0 : reply.length);
}

/** @param name in latin1; null when there is none */
function confirmation(protocol: number, verb: string, name: string | null, count: number): Uint8Array {
  return Buffer.concat([
    Buffer.from(protocol === 3 ? '>3\r\n' : '*3\r\n'),
    bulkReply(verb),
    name === null ? nullReply(protocol) : bulkReply(Buffer.from(name, 'latin1')),
    Buffer.from(`:${count}\r\n`),
  ]);
}
