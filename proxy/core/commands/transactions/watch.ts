import { createHash } from 'node:crypto';
import { commandId } from '../../../protocol/command-table.ts';
import { encodeRequest, errorReply, OK } from '../../../protocol/replies.ts';
import type { RequestFrame } from '../../../protocol/request-frame.ts';
import { type Batch, NOBODY, type Owner, type Receiver } from '../../base/receiver.ts';
import { WholeReplies } from '../../base/whole-replies.ts';
import type { ServerConnection } from '../../server/connection.ts';
import { databaseOf, protocolOf } from '../../server/lane.ts';
import type { PoolServer } from '../../server/server.ts';
import type { Home } from '../home.ts';
import { InTurn } from '../in-turn.ts';
import type { PlacedKey } from '../refusals.ts';
import type { Session } from '../session.ts';

const WATCH = commandId('watch');
const UNWATCH = commandId('unwatch');
const UNWATCH_REQUEST = encodeRequest(['UNWATCH']);
const PLUS = 43;
const PURPOSE = 'watch';
/** Keys that one client may watch: for each new one redis looks through all of them (0.1 s for so many, minutes for 100,000). */
export const MOST_WATCHED = 4096;

/** Keys up to this are kept as they are, longer ones by their hash. */
const SHORT = 40;

/** The keys of a WATCH, each by a short name of its own. */
export function keyNames({ argc, args }: RequestFrame, buffer: Uint8Array): Set<string> {
  const names = new Set<string>();
  for (let i = 1; i < argc; i++) {
    const key = buffer.subarray(args[2 * i], args[2 * i + 1]);
    names.add(
      key.length > SHORT
        ? createHash('sha1').update(key).digest('base64')
        : Buffer.from(key).toString('latin1'),
    );
  }
  return names;
}

/** Who watches on a server, the one that began first in front. */
const watching = new WeakMap<PoolServer, Set<Watch>>();
const watches = new WeakMap<Session, Watch>();

/** What a client watches; undefined when it watches nothing. */
export function watchOf(session: Session): Watch | undefined {
  return watches.get(session);
}

/**
 * What a client watches, on a server connection that it has to itself. The server knows of it as long as the socket lives;
 * after that, as after a write of somebody else, EXEC answers nil.
 */
export class Watch implements Home {
  /** Sockets of the connection when the server took note; -1 = it has not yet. */
  private socket = -1;
  /** Somebody else has got the connection. */
  private isOver = false;
  /** EXEC is under way. */
  private isExecuting = false;
  /** What it watches (`keyNames`): a client may name a key again and again. */
  private readonly watched = new Set<string>();
  private readonly since: number;
  private readonly ended = (): void => this.release(false);

  private constructor(
    private readonly session: Session,
    readonly server: PoolServer,
    /** The first key that is watched. */
    readonly key: PlacedKey,
    readonly connection: ServerConnection,
  ) {
    this.since = session.pool.loop.now();
    watches.set(session, this);
    const others = watching.get(server) ?? new Set();
    watching.set(server, others.add(this));
    session.onOver(this.ended);
  }

  /** @returns null when as many as may watch already do, and none of them for long */
  static begin(session: Session, server: PoolServer, key: PlacedKey): Watch | null {
    const { clientStall, watchingClients } = session.pool.config;
    const take = (): ServerConnection | null => server.pinned.take(PURPOSE, watchingClients, session.lane);
    let connection = take();
    if (connection === null) {
      const [oldest] = [...(watching.get(server) ?? [])].filter((each) => !each.isExecuting);
      if (oldest === undefined || session.pool.loop.now() - oldest.since < clientStall) return null;
      oldest.giveWay();
      connection = take();
    }
    return connection === null ? null : new Watch(session, server, key, connection);
  }

  /** Notes what is watched from now on. */
  note(keys: Iterable<string>): void {
    for (const key of keys) this.watched.add(key);
  }

  /** How many keys would be watched with these. */
  countWith(keys: ReadonlySet<string>): number {
    let count = this.watched.size;
    for (const key of keys) if (!this.watched.has(key)) count++;
    return count;
  }

  /** The one that its connection is in. */
  get database(): number {
    return databaseOf(this.connection.lane, this.session.pool.config.redisDb);
  }

  /** The server has answered that it watches. */
  confirm(): void {
    if (this.socket < 0) this.socket = this.connection.sockets;
  }

  get isConfirmed(): boolean {
    return this.socket >= 0;
  }

  /** False when the server cannot know any more what was watched. */
  get holds(): boolean {
    const { connection, isOver, session, socket } = this;
    return (
      !isOver &&
      connection.isReady &&
      connection.sockets === socket &&
      protocolOf(connection.lane) === session.protocol
    );
  }

  beginExec(): void {
    this.isExecuting = true;
  }

  /** Ends it; the server is told, so that the connection is of use to others. */
  unwatch(): void {
    if (!this.holds) this.release(false);
    else {
      this.forget();
      const { connection, server } = this;
      const end = (clean: boolean): void => server.pinned.release(connection, clean);
      connection.send(new Unwatched(end), 0, UNWATCH, UNWATCH_REQUEST, 0, UNWATCH_REQUEST.length);
    }
  }

  /** Ends it. @param clean EXEC was answered: the server has forgotten it by itself */
  release(clean: boolean): void {
    this.forget();
    if (!this.isOver) this.server.pinned.release(this.connection, clean);
    this.isOver = true;
  }

  private forget(): void {
    watches.delete(this.session);
    watching.get(this.server)?.delete(this);
    this.session.offOver(this.ended);
  }

  /** Another client gets the connection; this one's EXEC will answer nil. */
  private giveWay(): void {
    this.isOver = true;
    watching.get(this.server)?.delete(this);
    this.server.pinned.release(this.connection, false);
  }
}

/** WATCH on its way: it neither overtakes what came before it nor is overtaken, for it goes over another connection. */
export class WatchRequest extends InTurn implements Receiver {
  readonly waiting = 0;
  readonly owner: Owner;
  private watch: Watch | null = null;

  /**
   * @param home the server of its keys
   * @param keys its `keyNames`
   */
  constructor(
    session: Session,
    private readonly home: Home,
    private readonly request: Uint8Array,
    private readonly keys: ReadonlySet<string>,
  ) {
    super(session);
    this.owner = session;
  }

  protected begin(): void {
    const { keys, request, session } = this;
    const { key, server } = this.home;
    const earlier = watchOf(session);
    // EXEC will answer nil, whatever else is watched
    if (earlier !== undefined && !earlier.holds) {
      this.end(OK);
      return;
    }
    this.watch = earlier ?? Watch.begin(session, server, key);
    this.watch?.note(keys);
    if (this.watch === null) {
      const { watchingClients } = session.pool.config;
      this.end(
        errorReply(`${watchingClients} clients watch keys on '${server.name}' already (watching_clients)`),
      );
    } else if (this.watch.database === session.database)
      this.watch.connection.send(this, 0, WATCH, request, 0, request.length);
    else this.sendAside(this.watch, request);
  }

  /** The client has selected another database since it began to watch: its connection goes there and comes back. */
  private sendAside({ connection, database }: Watch, request: Uint8Array): void {
    const select = (to: number): Uint8Array => encodeRequest(['SELECT', String(to)]);
    const aside = new AsideReplies(this);
    connection.sendBatch(aside, 0, WATCH, [
      Buffer.concat([select(this.session.database), request, select(database)]),
    ]);
  }

  reply(_tag: number, chunk: Uint8Array, from: number, to: number): void {
    if (chunk[from] === PLUS) this.watch?.confirm();
    this.releaseUnlessConfirmed();
    this.end(chunk.slice(from, to));
  }

  replyInParts(tag: number, parts: Uint8Array[]): void {
    const whole = Buffer.concat(parts);
    this.reply(tag, whole, 0, whole.length);
  }

  private releaseUnlessConfirmed(): void {
    if (this.watch?.isConfirmed === false) this.watch.release(false);
  }

  fail(_tag: number, text: Uint8Array): void {
    this.releaseUnlessConfirmed();
    this.session.fail(this.tag, text);
    this.session.soloEnded();
  }

  arriving(): void {}

  canStream(): boolean {
    return false;
  }

  stream(): void {}

  streamed(): void {}

  abort(): void {
    this.session.abort();
  }
}

/** Of SELECT, WATCH and SELECT the answer to WATCH is its client's. */
class AsideReplies extends WholeReplies implements Receiver, Batch {
  readonly owner: Owner;
  readonly replies = 3;
  readonly batch = this;
  private answer: Uint8Array = OK;

  constructor(private readonly request: WatchRequest) {
    super();
    this.owner = request.owner;
  }

  before(number: number, chunk: Uint8Array, from: number, to: number): void {
    if (number === 1) this.answer = chunk.slice(from, to);
  }

  refusal(): null {
    return null;
  }

  reply(tag: number): void {
    this.request.reply(tag, this.answer, 0, this.answer.length);
  }

  replyInParts(tag: number): void {
    this.reply(tag);
  }

  fail(tag: number, text: Uint8Array): void {
    this.request.fail(tag, text);
  }

  arriving(): void {}

  abort(): void {
    this.request.abort();
  }
}

/** Waits for the answer to UNWATCH, which the client has had long since. */
class Unwatched extends WholeReplies implements Receiver {
  readonly owner = NOBODY;

  /** @param end called with whether the connection can be used by others */
  constructor(private readonly end: (clean: boolean) => void) {
    super();
  }

  reply(_tag: number, chunk: Uint8Array, from: number): void {
    this.end(chunk[from] === PLUS);
  }

  replyInParts(): void {
    this.end(false);
  }

  lost(): void {
    this.end(false);
  }

  fail(): void {
    this.end(false);
  }

  abort(): void {
    this.end(false);
  }

  arriving(): void {}
}
