import type { Command } from '../../../protocol/command-table.ts';
import { commandId, FATE_KEY, FATE_SPLIT } from '../../../protocol/command-table.ts';
import { keyPositions, type NoKeys } from '../../../protocol/key-positions.ts';
import { encodeRequest } from '../../../protocol/replies.ts';
import type { RequestFrame } from '../../../protocol/request-frame.ts';
import { NOBODY, type Receiver } from '../../base/receiver.ts';
import { WholeReplies } from '../../base/whole-replies.ts';
import type { HeldConnection, Holder } from '../../server/holder.ts';
import { refuse } from '../refusals.ts';
import { GATE_RANKS, type Gate, type Session } from '../session.ts';
import { broadcastFault, noteBroadcast } from './broadcasts.ts';

const CLIENT = commandId('client');
const YES = encodeRequest(['CLIENT', 'CACHING', 'YES']);
const NO = encodeRequest(['CLIENT', 'CACHING', 'NO']);
/** Everything may have changed. */
const EVERYTHING = Buffer.from('>2\r\n$10\r\ninvalidate\r\n_\r\n');
const INVALIDATE = Buffer.from('>2\r\n$10\r\ninvalidate\r\n');
const MINUS = 45;
/**
 * Bytes of a key that a server remembers for a client. It remembers each that was read, whether it exists or not, beside its
 * data and also after the client has left; it bounds how many (tracking-table-max-keys), not how long they are.
 */
export const LONGEST_TRACKED = 512;
/** A script's keys are remembered if it reads at all. */
const SCRIPTS = /^(eval|fcall)/;

/** What CLIENT TRACKING ON was given. */
export interface TrackingOptions {
  readonly bcast: boolean;
  readonly optin: boolean;
  readonly optout: boolean;
  readonly noloop: boolean;
  /** In latin1. */
  readonly prefixes: readonly string[];
}

const tracked = new WeakMap<Session, Tracking>();
let lastHolder = 0;

/** How a client is tracked; undefined when it is not. */
export const trackingOf = (session: Session): Tracking | undefined => tracked.get(session);

/**
 * A client that caches what it reads, and is told what changes. Each server knows which keys this one client has read, so
 * the client has a connection of its own to each, and everything it asks of its keys goes there: what the server says is
 * in the order in which it happened, and NOLOOP, OPTIN and prefixes mean what they mean in Redis. It costs those who use it.
 *
 * What is invalidated comes behind every reply that the server gave before, also where such a reply still waits for those
 * of other servers: a client that caches an answer after it was told that it is out of date would keep it for ever.
 */
export class Tracking implements Gate, Holder {
  readonly rank = GATE_RANKS.tracking;
  readonly needsWhole = false;
  readonly greeting: readonly (string | Uint8Array)[];
  /** Said by CLIENT CACHING for the next command, or the next transaction. */
  caching: 'yes' | 'no' | null = null;
  /** It counts for the command that is under way. */
  private isUsed = false;
  /** The client watches: what it reads in its transaction comes over another connection, and is not remembered. */
  watches = false;
  private isOn = false;
  private lostInTurn = -1;
  /** When, and behind which answers, a server has said last that everything may have changed. */
  private doubt = { turn: -1, behind: -1 };
  private broadcastsNoMore = (): void => undefined;
  private readonly number = ++lastHolder;
  private readonly ended = (): void => this.end();

  private constructor(
    private readonly session: Session,
    readonly options: TrackingOptions,
  ) {
    const { bcast, noloop, optin, optout, prefixes } = options;
    const words = ['CLIENT', 'TRACKING', 'ON'];
    if (bcast) words.push('BCAST');
    if (optin) words.push('OPTIN');
    if (optout) words.push('OPTOUT');
    if (noloop) words.push('NOLOOP');
    // all keys are those of the others, too, and one request cannot name both
    const named = prefixes.includes('') ? [] : prefixes;
    this.greeting = [...words, ...named.flatMap((prefix) => ['PREFIX', Buffer.from(prefix, 'latin1')])];
  }

  /** @returns why not, when there is no room for one more */
  static begin(session: Session, options: TrackingOptions): Tracking | string {
    const { pool } = session;
    const fault = options.bcast ? broadcastFault(pool, options.prefixes) : null;
    if (fault !== null) return fault;
    const tracking = new Tracking(session, options);
    const { trackingClients } = pool.config;
    for (const server of session.routing.servers) {
      if (server.own.admit(tracking.number, tracking, trackingClients)) continue;
      tracking.leaveServers();
      return `${trackingClients} clients are tracked on '${server.name}' already (tracking_clients)`;
    }
    if (options.bcast) tracking.broadcastsNoMore = noteBroadcast(pool, options.prefixes);
    tracked.set(session, tracking);
    session.pool.stats.trackingClients++;
    session.holder = tracking.number;
    session.enter(tracking);
    session.onOver(tracking.ended);
    return tracking;
  }

  get owner(): Session {
    return this.session;
  }

  /** Every server has confirmed it. */
  confirm(): void {
    this.isOn = true;
  }

  /** It is tracked no longer. */
  end(): void {
    const { session } = this;
    if (tracked.get(session) !== this) return;
    this.isOn = false;
    tracked.delete(session);
    session.pool.stats.trackingClients--;
    this.broadcastsNoMore();
    session.holder = 0;
    session.exit(this);
    session.offOver(this.ended);
    this.leaveServers();
  }

  private leaveServers(): void {
    for (const server of this.session.routing.servers) server.own.leave(this.number);
  }

  /** Sees to whom CACHING is for; takes what would have servers remember too much. */
  takes(session: Session, command: Command, frame: RequestFrame, buffer: Uint8Array): boolean {
    this.seeToCaching(session, command);
    if (this.options.bcast || longestRead(command, frame, buffer) <= LONGEST_TRACKED) return false;
    const why = `a client that is tracked (CLIENT TRACKING, without BCAST) reads keys of at most ${LONGEST_TRACKED} bytes: servers remember each`;
    for (const gate of session.gates) gate.onRefused?.(session, why);
    refuse(session, why);
    return true;
  }

  private seeToCaching(session: Session, { name }: Command): void {
    if (this.isUsed) {
      this.isUsed = false;
      this.caching = null;
    }
    const isQueueing = session.gates.some(({ rank }) => rank === GATE_RANKS.transaction);
    const isEnd = name === 'exec' || name === 'discard';
    if (name === 'watch') this.watches = true;
    else if (this.watches && (isEnd || name === 'unwatch')) {
      this.watches = false;
      if (name === 'exec') session.pushBehind(session.tail + 1, EVERYTHING);
    }
    if (this.caching !== null && name !== 'client' && (isQueueing ? isEnd : name !== 'multi'))
      this.isUsed = true;
  }

  onPicked(connection: HeldConnection): void {
    if (!this.isUsed || this.caching === null) return;
    const request = this.caching === 'yes' ? YES : NO;
    connection.send(new CachingReply(() => this.onLost()), 0, CLIENT, request, 0, request.length);
  }

  onPush(buffer: Uint8Array, from: number, to: number): void {
    const { session } = this;
    if (!this.isOn || !isInvalidation(buffer, from)) return;
    const bytes = buffer.slice(from, to);
    if (Buffer.compare(bytes, EVERYTHING) !== 0 || this.isNewDoubt())
      session.pushBehind(this.answered, bytes);
  }

  /**
   * False when the client is told in this very place already that everything may have changed: FLUSHALL is a FLUSHDB of each
   * database at its servers, and each of these says so.
   */
  private isNewDoubt(): boolean {
    const { turn } = this.session.pool.loop;
    const { answered, doubt } = this;
    this.doubt = { turn, behind: answered };
    return doubt.turn !== turn || doubt.behind !== answered;
  }

  /** Everything that the servers gave before now answers a request below this number. */
  private get answered(): number {
    const { solo, tail } = this.session;
    // what waits for something to come, or will when its turn has come, has no answer yet, and may not have for long
    return solo?.endsWithInput === true ? tail - 1 : tail;
  }

  /** A server has forgotten what was read: all that is cached is in doubt, and so is what is on its way. */
  onLost(): void {
    const { session } = this;
    const { turn } = session.pool.loop;
    if (!this.isOn || this.lostInTurn === turn) return;
    this.lostInTurn = turn;
    session.push(EVERYTHING, 0, EVERYTHING.length);
    if (session.head < this.answered) session.pushBehind(this.answered, EVERYTHING);
  }

  arriving(bytes: number): void {
    this.session.arriving(0, bytes);
  }
}

/** Bytes of the longest key that a request reads. */
function longestRead(command: Command, frame: RequestFrame, buffer: Uint8Array): number {
  if (command.write && !SCRIPTS.test(command.name)) return 0;
  const { args } = frame;
  // of a large request the first key alone may have come; it is its only one
  if (command.fate === FATE_KEY) return frame.argc > 1 ? args[3] - args[2] : 0;
  const keys = keysIn(command, frame, buffer);
  if (typeof keys === 'string') return 0;
  let longest = 0;
  for (const i of keys) longest = Math.max(longest, args[2 * i + 1] - args[2 * i]);
  return longest;
}

function keysIn(command: Command, frame: RequestFrame, buffer: Uint8Array): number[] | NoKeys {
  if (command.fate === FATE_SPLIT) return Array.from({ length: frame.argc - 1 }, (_, i) => i + 1);
  // the one command that reads keys and has a family of its own: it may wait
  const hasKeys = command.keys !== null || command.name === 'xread';
  return hasKeys ? keyPositions(command, frame, buffer) : 'none';
}

function isInvalidation(buffer: Uint8Array, from: number): boolean {
  return INVALIDATE.every((byte, i) => buffer[from + i] === byte);
}

/** Waits for what the server says to CLIENT CACHING: without it, the next command's keys are not remembered. */
class CachingReply extends WholeReplies implements Receiver {
  readonly owner = NOBODY;

  constructor(private readonly failed: () => void) {
    super();
  }

  reply(_tag: number, chunk: Uint8Array, from: number): void {
    if (chunk[from] === MINUS) this.failed();
  }

  replyInParts(_tag: number, [first]: Uint8Array[]): void {
    this.reply(0, first, 0);
  }

  lost(): void {
    this.failed();
  }

  fail(): void {
    this.failed();
  }

  abort(): void {
    this.failed();
  }

  arriving(): void {}
}
