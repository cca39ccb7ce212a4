import { arityFits } from '../../../protocol/command-arity.ts';
import { commandId } from '../../../protocol/command-table.ts';
import { wordAt } from '../../../protocol/key-positions.ts';
import { encodeRequest, errorReply, integerReply } from '../../../protocol/replies.ts';
import { type Batch, NOBODY, type Owner, type Receiver } from '../../base/receiver.ts';
import { WholeReplies } from '../../base/whole-replies.ts';
import type { ServerConnection } from '../../server/connection.ts';
import type { PoolServer } from '../../server/server.ts';
import { type Blocked, beginToWait, endToWait } from '../blocked.ts';
import { InTurn } from '../in-turn.ts';
import { failureOf } from '../partial.ts';
import { refuse, wrongArity } from '../refusals.ts';
import type { Handler, Session } from '../session.ts';
import { afterPause } from '../slow-refusal.ts';
import { PURPOSE } from './blocking-request.ts';
import { idOfWaiting, learnId, unblock } from './server-client.ts';

const WAIT = commandId('wait');
const PING = encodeRequest(['PING']);
const COLON = 58;
/** What a server says to one who waits when CLIENT UNBLOCK … ERROR ends that. */
const UNBLOCKED = errorReply('client unblocked via CLIENT UNBLOCK', 'UNBLOCKED');
/** No replica that is known to have it. */
const NOT_KNOWN = integerReply(0);

/**
 * WAIT of one server, over a connection that nobody else uses meanwhile. A server counts the replicas that have all that
 * it had carried out when this connection was last answered (`woff`): hence the PING in front.
 */
class WaitAtServer extends WholeReplies implements Receiver, Batch {
  readonly owner: Owner = NOBODY;
  readonly replies = 2;
  readonly batch = this;
  private isReleased = false;

  constructor(
    readonly server: PoolServer,
    readonly connection: ServerConnection,
    /** Called once, with the reply or an error. */
    private readonly done: (reply: Uint8Array) => void,
  ) {
    super();
  }

  send(request: Uint8Array, patience: number): void {
    this.connection.patience = patience;
    learnId(this.connection);
    this.connection.sendBatch(this, 0, WAIT, [Buffer.concat([PING, request])]);
  }

  /** It is answered by now. */
  get isOver(): boolean {
    return this.isReleased;
  }

  /** The connection is for others again. @param clean it was answered */
  release(clean: boolean): void {
    if (this.isReleased) return;
    this.isReleased = true;
    this.connection.patience = 0;
    this.server.pinned.release(this.connection, clean);
  }

  before(): void {}

  refusal(): null {
    return null;
  }

  reply(_tag: number, chunk: Uint8Array, from: number, to: number): void {
    this.end(chunk.slice(from, to), true);
  }

  replyInParts(_tag: number, parts: Uint8Array[]): void {
    this.end(Buffer.concat(parts), true);
  }

  /** What was written may be lost with that master, or not: of the next one this says nothing. */
  lost(_tag: number, _wasSent: boolean, why: string): void {
    this.end(errorReply(`the replicas of '${this.server.name}' are not known: ${why}`), false);
  }

  fail(_tag: number, text: Uint8Array): void {
    this.end(text, false);
  }

  private end(reply: Uint8Array, clean: boolean): void {
    if (this.isReleased) return;
    this.release(clean);
    this.done(reply);
  }

  arriving(): void {}

  abort(): void {
    this.fail(0, errorReply('the server connection broke off'));
  }
}

/** WAIT of a client: of all servers of the pool the one with the fewest replicas counts. */
class WaitRequest extends InTurn implements Blocked {
  readonly doing = 'wait';
  readonly waiting = 0;
  readonly endsWithInput = true;
  private readonly open: WaitAtServer[] = [];
  private readonly answers: { server: PoolServer; bytes: Uint8Array }[] = [];

  /** @param patience milliseconds, Infinity = for ever */
  constructor(
    session: Session,
    private readonly request: Uint8Array,
    private readonly patience: number,
  ) {
    super(session);
  }

  protected begin(): void {
    const { open, session } = this;
    beginToWait(session, this);
    const { servers } = session.routing;
    for (const server of servers) {
      const connection = server.pinned.take(PURPOSE, session.pool.config.blockingClients, session.lane);
      if (connection === null) {
        this.refuseFor(server);
        return;
      }
      open.push(new WaitAtServer(server, connection, (bytes) => this.note(server, bytes)));
    }
    for (const each of open) each.send(this.request, this.patience);
  }

  private refuseFor({ name }: PoolServer): void {
    const { session } = this;
    const full = `${session.pool.config.blockingClients} clients wait on '${name}' already (blocking_clients)`;
    for (const each of this.open) each.release(true);
    afterPause(session, () => this.answer(errorReply(full)));
  }

  private note(server: PoolServer, bytes: Uint8Array): void {
    this.answers.push({ server, bytes });
    const { length } = this.session.routing.servers;
    if (this.answers.length < length) return;
    const failed = this.answers.find((each) => each.bytes[0] !== COLON);
    if (failed !== undefined && Buffer.compare(failed.bytes, UNBLOCKED) === 0) this.answer(failed.bytes);
    else if (failed !== undefined) {
      const failure = failureOf('wait', { ...failed, isError: true }, length);
      afterPause(this.session, () => this.answer(failure));
    } else {
      const counts = this.answers.map((each) => Number(Buffer.from(each.bytes).toString('latin1', 1)));
      this.answer(integerReply(Math.min(...counts)));
    }
  }

  private answer(reply: Uint8Array): void {
    if (this.isOver) return;
    this.isOver = true;
    endToWait(this.session);
    this.end(reply);
  }

  /** The client has left. */
  override abandon(): void {
    if (this.isOver) return;
    this.isOver = true;
    endToWait(this.session);
    for (const each of this.open) each.release(false);
  }

  dismiss(): void {
    const { open, session } = this;
    if (this.isOver) return;
    // earlier replies are still on their way, and would go with the connection
    if (session.owner.unread > 0) this.answer(NOT_KNOWN);
    else {
      this.isOver = true;
      endToWait(session);
      session.leaveUnanswered();
    }
    for (const each of open) each.release(false);
  }

  unblock(how: 'TIMEOUT' | 'ERROR'): boolean {
    const waiting = this.open.filter(({ isOver }) => !isOver);
    const known = waiting.flatMap(({ connection, server }) => {
      const id = idOfWaiting(connection);
      return id === undefined ? [] : [{ id, server }];
    });
    if (known.length === 0 || known.length < waiting.length) return false;
    for (const { id, server } of known) unblock(server, id, how);
    return true;
  }
}

/**
 * WAIT numreplicas timeout: how many replicas have what this client has written, at the server where they are fewest. What
 * others have written there by then counts, too, so it never says too much. Wrong arguments are for the servers to refuse.
 */
export const wait: Handler = (session, command, frame, buffer, from, to) => {
  if (!arityFits(command.id, frame.argc)) {
    refuse(session, wrongArity(command));
    return;
  }
  const timeout = Number(wordAt(frame, buffer, 2));
  const patience = timeout > 0 ? timeout : Number.POSITIVE_INFINITY;
  session.runAlone(new WaitRequest(session, new Uint8Array(buffer.subarray(from, to)), patience));
};
