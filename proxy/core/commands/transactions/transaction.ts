import { type Command, FATE_CHANNEL, FATE_SPLIT } from '../../../protocol/command-table.ts';
import { takesElements } from '../../../protocol/learnt-command.ts';
import { encodeRequest } from '../../../protocol/replies.ts';
import { RequestFrame } from '../../../protocol/request-frame.ts';
import { ChunkList } from '../../base/chunk-list.ts';
import type { ScriptCache } from '../../server/script-cache.ts';
import type { PoolServer } from '../../server/server.ts';
import { excessFault } from '../excess.ts';
import { type Home, homeOf } from '../home.ts';
import { reachFault } from '../reach.ts';
import { apart, type PlacedKey, refuse, wrongArity } from '../refusals.ts';
import { type Answer, GATE_RANKS, type Gate, type Session } from '../session.ts';
import { type QueuedKeys, queuedAs } from './queued-as.ts';
import { QueuedScripts } from './queued-scripts.ts';
import { type Shares, SplitStep, sharesOf } from './split-step.ts';

const MULTI = encodeRequest(['MULTI']);
const EXEC = encodeRequest(['EXEC']);
const QUEUED = Buffer.from('+QUEUED\r\n');
/** What the proxy remembers of a queued command besides its bytes. */
const OVERHEAD = 64;
/** Dealt with at once, not queued. */
const AT_ONCE: ReadonlySet<string> = new Set(['discard', 'exec', 'multi', 'quit', 'reset', 'watch']);

/** The commands of a transaction that go to one server. */
export class Part {
  /** null = none of them has a key yet. */
  server: PoolServer | null = null;
  writes = false;
  /** Numbers of the commands that are the proxy's own. */
  readonly unasked = new Set<number>();
  private count = 0;
  /** The database that the next command would be in. */
  private database: number;
  private readonly bytes = new ChunkList();
  readonly scripts: QueuedScripts;

  /** @param home the database of the connection over which it will go, which must be in that one again at the end */
  constructor(
    cache: ScriptCache,
    private readonly home: number,
  ) {
    this.scripts = new QueuedScripts(cache);
    this.database = home;
    this.append(MULTI);
  }

  /** How many stand between MULTI and EXEC. */
  get commands(): number {
    return this.database === this.home ? this.count : this.count + 1;
  }

  /** Nothing but what the client has said is in it. */
  get isAsAsked(): boolean {
    return this.unasked.size === 0;
  }

  add(command: Command, request: Uint8Array, database: number): void {
    this.enter(database);
    this.count++;
    this.writes ||= command.write;
    this.append(request);
  }

  private enter(database: number): void {
    if (database === this.database) return;
    this.database = database;
    this.unasked.add(this.count++);
    this.append(encodeRequest(['SELECT', String(database)]));
  }

  private append(request: Uint8Array): void {
    this.bytes.append(request, 0, request.length);
  }

  /** All of it, from MULTI to EXEC; nothing is added any more. */
  batch(): Uint8Array[] {
    this.enter(this.home);
    this.append(EXEC);
    return this.bytes.chunks;
  }
}

/** A command that the proxy answers itself when its turn in EXEC's reply has come. */
export interface Local {
  readonly answer: Answer;
  readonly frame: RequestFrame;
  readonly bytes: Uint8Array;
}

const transactions = new WeakMap<Session, Transaction>();

/** The transaction that a client is putting together. */
export function transactionOf(session: Session): Transaction | undefined {
  return transactions.get(session);
}

/** What a client puts together between MULTI and EXEC: checked and kept here, sent to nobody before EXEC. */
export class Transaction implements Gate {
  readonly rank = GATE_RANKS.transaction;
  readonly needsWhole = true;
  /**
   * For each command, in order: the part that it belongs to, the command itself where the proxy answers it, or where several
   * parts have a share of it.
   */
  readonly order: (Part | Local | SplitStep<Part>)[] = [];
  readonly parts: Part[] = [];
  /** What was said to the first command that was refused, without its code: EXEC will be refused, too. Null when none was. */
  fault: string | null = null;
  /** One of its commands publishes. */
  publishes = false;
  /** One of its answers is made of the servers' figures. */
  needsFigures = false;
  /** The key that decided on the server. */
  private firstKey: PlacedKey | null;
  /** Parts of it may go to several servers, atomic on each. */
  private readonly mayHaveParts: boolean;
  private readonly isWatched: boolean;
  private kept = 0;
  /** The database that the next command is in … */
  private database: number;
  /** … and that of the connections over which they will go. */
  private readonly home: number;
  private readonly ended = (): void => this.end();

  /** @param watched a key that the client watches, and its server: the transaction must go there */
  constructor(
    private readonly session: Session,
    watched: (Home & { readonly database: number }) | null,
  ) {
    this.firstKey = watched?.key ?? null;
    this.database = session.database;
    this.home = watched?.database ?? session.database;
    this.isWatched = watched !== null;
    this.mayHaveParts = watched === null && session.pool.config.transactions === 'per_shard';
    if (watched !== null) this.newPart().server = watched.server;
    transactions.set(session, this);
    session.enter(this);
    session.onOver(this.ended);
  }

  takes(
    session: Session,
    command: Command,
    frame: RequestFrame,
    buffer: Uint8Array,
    from: number,
    to: number,
  ): boolean {
    // EXEC says itself what is wrong with it
    if (AT_ONCE.has(command.name) && (command.name === 'exec' || takesElements(command, frame.argc)))
      return false;
    const refusal = this.queue(command, frame, buffer, from, to);
    if (refusal === null) session.reply(session.tail++, QUEUED, 0);
    else {
      this.onRefused(session, refusal);
      refuse(session, refusal);
    }
    return true;
  }

  get queued(): number {
    return this.order.length;
  }

  /** Some of the commands are answered by the proxy. */
  get hasAnswers(): boolean {
    return this.order.some((step) => 'answer' in step);
  }

  onRefused(_session: Session, why: string): void {
    this.fault ??= why;
  }

  /** Nothing more is queued, and nothing is kept. */
  end(): void {
    const { session } = this;
    transactions.delete(session);
    session.exit(this);
    session.offOver(this.ended);
    session.keep(-this.kept);
    this.kept = 0;
  }

  /** Takes a command into the transaction; returns why not, or null. */
  private queue(
    command: Command,
    frame: RequestFrame,
    buffer: Uint8Array,
    from: number,
    to: number,
  ): string | null {
    if (!takesElements(command, frame.argc)) return wrongArity(command);
    const queued = queuedAs(this.session, command, frame, buffer);
    if (typeof queued === 'string') return queued;
    if ('answer' in queued) {
      const excess = this.keep(to - from);
      if (excess !== null) return excess;
      const own = new Uint8Array(buffer.subarray(from, to));
      const frameOfOwn = new RequestFrame();
      frameOfOwn.begin(0);
      frameOfOwn.parse(own, own.length);
      this.order.push({ answer: queued.answer, frame: frameOfOwn, bytes: own });
      this.needsFigures ||= queued.needsFigures?.(frame, buffer) === true;
      this.database = queued.database?.(this.session, frame, buffer) ?? this.database;
    } else {
      const shares =
        this.mayHaveParts && command.fate === FATE_SPLIT
          ? sharesOf(this.session, command, frame, buffer)
          : null;
      if (typeof shares === 'string') return shares;
      if (shares !== null) return this.addShares(command, shares);
      const part = this.partFor(command, frame, buffer, queued);
      if (typeof part === 'string') return part;
      const request = queued.request ?? part.scripts.asSent(command, frame, buffer, from, to);
      const excess = this.keep(request.length);
      if (excess !== null) return excess;
      part.add(command, request, this.database);
      this.publishes ||= command.fate === FATE_CHANNEL;
      this.order.push(part);
    }
    return null;
  }

  /** A command whose keys live on several servers: each gets its own, all in their place; returns why not, or null. */
  private addShares(command: Command, { owners, shares }: Shares): string | null {
    const length = shares.reduce((sum, { request }) => sum + request.length, 0);
    const excess = this.keep(length + owners.length * OVERHEAD);
    if (excess !== null) return excess;
    const parts = shares.map(({ request, server }) => {
      const part = this.partOf(server);
      part.add(command, request, this.database);
      return part;
    });
    this.order.push(new SplitStep(command, parts, owners));
    return null;
  }

  /** The part that goes to this server. */
  private partOf(server: PoolServer): Part {
    const same = this.parts.find((part) => part.server === server);
    if (same !== undefined) return same;
    const part = this.parts.find((each) => each.server === null) ?? this.newPart();
    part.server = server;
    return part;
  }

  /** Notes that a command of so many bytes is kept, or says why there is no room for it. */
  private keep(length: number): string | null {
    const { largeRequestBytes, requestBytes } = this.session.pool.config;
    const bytes = this.kept + length + OVERHEAD;
    if (bytes > requestBytes) return `a transaction has at most ${requestBytes} bytes (request_bytes)`;
    // its server keeps all of it too
    if (bytes > largeRequestBytes)
      return `a transaction has at most ${largeRequestBytes} bytes (large_request_bytes)`;
    this.session.keep(bytes - this.kept);
    this.kept = bytes;
    return null;
  }

  /** The part that a command with these keys belongs to, or why it does not belong to the transaction. */
  private partFor(
    command: Command,
    frame: RequestFrame,
    buffer: Uint8Array,
    { keys }: QueuedKeys,
  ): Part | string {
    const own = homeOf(this.session, frame, buffer, keys, `of '${command.name}'`);
    if (typeof own === 'string') return own;
    const fault =
      reachFault(this.session, command, frame, buffer, own?.server ?? null) ??
      excessFault(command, frame, buffer, keys);
    if (fault !== null) return fault;
    if (own === null) return this.parts[0] ?? this.newPart();
    const { server } = own;
    const isFirst = !this.parts.some((part) => part.server === server);
    if (isFirst && this.firstKey !== null && !this.mayHaveParts) {
      const { pool } = this.session;
      const inParts =
        pool.config.transactions === 'per_shard' ? '; behind WATCH it does not run in parts' : '';
      const more = this.isWatched ? inParts : ', or let caches run theirs in parts (transactions: per_shard)';
      return apart(pool, 'of this transaction', this.firstKey, own.key, more);
    }
    this.firstKey ??= own.key;
    return this.partOf(server);
  }

  private newPart(): Part {
    const part = new Part(this.session.routing.scripts, this.home);
    this.parts.push(part);
    return part;
  }
}
