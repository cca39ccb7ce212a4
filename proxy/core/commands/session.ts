import type { PoolConfig } from '../../config/pool.ts';
import type { Command } from '../../protocol/command-table.ts';
import type { RequestFrame } from '../../protocol/request-frame.ts';
import type { BufferBudget } from '../base/buffer-budget.ts';
import type { PoolCounters } from '../base/counters.ts';
import type { Loop } from '../base/loop.ts';
import type { Owner, Receiver } from '../base/receiver.ts';
import type { Routing } from '../routing/routing.ts';
import type { Lane } from '../server/lane.ts';

/** Which of how many workers a process is; from 1. */
export interface WorkerPlace {
  place: number;
  workers: number;
}

/** What commands see of the pool that a client is connected to. */
export interface PoolContext {
  readonly config: PoolConfig;
  readonly stats: PoolCounters;
  readonly loop: Loop;
  /** What all clients together may make the process keep. */
  readonly budget: BufferBudget;
  /** Bytes of the longest key. */
  readonly keyLimit: number;
  readonly routing: Routing;
  /** Absent when one process serves alone. */
  readonly worker?: WorkerPlace;
  /** Everyone who is connected. */
  readonly clients: ReadonlySet<Session>;
  /** The other processes that serve the pool; null when there are none. */
  readonly others: Others | null;
  /** Where the numbers of its clients begin: no two proxies of a stack have the same. */
  readonly firstId: number;
  warn(text: string): void;
}

/** The other processes that serve a pool: workers beside this one, and the proxies that are its `peers`. */
export interface Others {
  /**
   * Has each of them carry out a CLIENT command among its own clients.
   * @param words behind CLIENT: `LIST`, `TYPE`, `normal`
   * @param reach all of them, or only the workers of this proxy
   * @param done called once, within a few hundred milliseconds, with the replies that came, in RESP2. Who did not
   *     answer is missing, and the log says so
   */
  ask(
    words: readonly Uint8Array[],
    reach: 'everyone' | 'workers',
    done: (replies: readonly Uint8Array[]) => void,
  ): void;
}

/**
 * One client, as commands see it. Its requests are numbered as they come in; each gets one reply, and they go out in this
 * order whatever order they are given in.
 */
export interface Session extends Owner, Receiver {
  readonly id: number;
  /** Milliseconds since the epoch. */
  readonly connectedAt: number;
  /** When something came from it last, of the loop's clock. */
  readonly heardAt: number;
  /** Bytes that are kept for it, as far as they are accounted for. */
  readonly accounted: number;
  /** Address of the other end, for people. */
  readonly remote: string;
  readonly pool: PoolContext;
  readonly routing: Routing;
  /** What CLIENT SETNAME and SETINFO said. */
  name: string;
  library: string;
  libraryVersion: string;
  /** 2 or 3, see HELLO. */
  protocol: number;
  /** The database that it has selected. */
  database: number;
  /** The number of its own server connections, see `OwnConnections`; 0 = it shares those of all. */
  holder: number;
  /** Which of a server's connections are of use to it: what `protocol`, `database` and `holder` say together. */
  readonly lane: Lane;
  /** False until a client of a pool with a password has said it. */
  authenticated: boolean;
  /** Who has a say in every request before its command has, in the order of their ranks. */
  readonly gates: readonly Gate[];
  /** From now on `gate` has a say; nothing happens when it has one. */
  enter(gate: Gate): void;
  /** From now on it has none. */
  exit(gate: Gate): void;
  /** The request that has the session to itself now. */
  readonly solo: SoloRequest | null;
  /** `solo` gets the next number, and the session to itself until `soloEnded`; it begins at once or when its turn comes. */
  runAlone(solo: SoloRequest): void;
  /** It was answered. */
  soloEnded(): void;
  /** `ended` is called when the client has gone, or says RESET: whatever it had begun is over. */
  onOver(ended: () => void): void;
  /** No longer. */
  offOver(ended: () => void): void;
  /** As a client that has just come: RESET. */
  reset(): void;
  /** So many bytes more (or, negative, fewer) are kept for the client until it says otherwise. */
  keep(bytes: number): void;
  /** Number of the next reply to go out … */
  readonly head: number;
  /** … and of the next request: whoever deals with a request takes its number by counting on. */
  tail: number;
  /** The reply to request `tag` is `bytes[from, to)`, by default up to the end. */
  reply(tag: number, bytes: Uint8Array, from: number, to?: number): void;
  /**
   * `bytes[from, to)` are no reply: what a subscriber is told, between replies and as soon as possible. The bytes stay
   * as they are.
   */
  push(bytes: Uint8Array, from: number, to: number): void;
  /**
   * The same, behind the replies to all requests below `number`, whenever they are there. The bytes are kept until then,
   * and stay as they are.
   */
  pushBehind(number: number, bytes: Uint8Array): void;
  /** Whose replies are thrown away, see CLIENT REPLY: those to requests below this number; Infinity = all. */
  readonly silentUntil: number;
  /** Replies to requests below this number are thrown away. */
  silence(until: number): void;
  /**
   * A request that has the session to itself, and was not begun, gives it back: `request` is looked at anew, as if it had
   * come now.
   * @param tag its number
   */
  comeAgain(tag: number, request: Uint8Array): void;
  /** Its connection is closed at once, and the log says why. */
  letGo(why: string): void;
  /** It has said a wrong password: the log says so, and it is not listened to for a while. */
  wrongPassword(): void;
  /** An answer of the proxy's own was given that may be far larger than its request: no more of them until these are read. */
  afterAnswer(): void;
  /** What it sends makes no sense, or is more than is taken of it: it is told so, and closed. */
  protocolError(fault: string): void;
  /** Takes no more requests; the connection ends when every earlier one is answered. */
  finishAfterReplies(): void;
  /**
   * Ends the connection in order, without an answer to what has the session to itself: nothing of that was carried out.
   * @param why for the log
   */
  leaveUnanswered(why?: string): void;
  /** The connection ends when everything before request `tag` is answered, as it does when a Redis ends. */
  endBefore(tag: number): void;
}

/**
 * A state in which a client's requests are not served as ever: no password was said, a transaction is being put together,
 * it subscribes. The families bring their own; whoever has none of them pays nothing for them.
 */
export interface Gate {
  /** Lower ones come first, see GATE_RANKS. */
  readonly rank: number;
  /** Of a large request it must see everything; otherwise the command and its first arguments will do. */
  readonly needsWhole: boolean;
  /** How many commands it keeps, where that is what it does. */
  readonly queued?: number;
  /** True when it has dealt with the request, which gets its reply then; else the next one is asked. */
  readonly takes: (
    session: Session,
    command: Command,
    frame: RequestFrame,
    buffer: Uint8Array,
    from: number,
    to: number,
  ) => boolean;
  /**
   * A request was refused before any gate was asked: unknown command, or too large.
   * @param why what its client is told, without its code
   */
  onRefused?(session: Session, why: string): void;
}

/** In which order gates are asked. */
export const GATE_RANKS = {
  authentication: 0,
  subscription: 1,
  pause: 2,
  tracking: 3,
  transaction: 4,
  database: 5,
} as const;

/**
 * A request that has the session to itself: it begins when everything before it is answered, and nothing behind it is
 * looked at before it is answered itself.
 */
export interface SoloRequest {
  /** Bytes of it that are kept elsewhere than in the session. */
  readonly waiting: number;
  /** It may wait for ever: a client that sends no more has no use for its answer, and is taken for gone. */
  readonly endsWithInput?: boolean;
  /** Its turn has come, or may have: it has when `session.head` is its number. May be called again. */
  startInTurn(): void;
  /** The client has left, or what it sends makes no sense. */
  abandon(): void;
}

/**
 * Deals with one request, `buffer[from, to)`, whose elements `frame` has found. The bytes stay as they are until it
 * returns. Every request gets exactly one reply, in order.
 */
export interface Handler {
  (
    session: Session,
    command: Command,
    frame: RequestFrame,
    buffer: Uint8Array,
    from: number,
    to: number,
  ): void;
  /** What becomes of the command between MULTI and EXEC; without it, it is refused there. */
  readonly queued?: Queued;
}

/** Who asks: a client, or another process of the pool. */
export type Asker = Pick<Session, 'pool' | 'protocol'>;

/** Makes the reply to a request of `session`. */
export type Answer = (session: Session, frame: RequestFrame, buffer: Uint8Array) => Uint8Array;

/** Between MULTI and EXEC: answered by the proxy in its place, or sent to the server of its keys with the others. */
export type Queued =
  | {
      readonly answer: Answer;
      /** Why not; then the whole transaction is refused. */
      readonly fault?: (session: Session, frame: RequestFrame, buffer: Uint8Array) => string | null;
      /** The database that what comes behind it is in; null = it changes nothing about that. */
      readonly database?: (session: Session, frame: RequestFrame, buffer: Uint8Array) => number | null;
      /** The answer is made of the servers' figures: EXEC is carried out when they are fresh. */
      readonly needsFigures?: (frame: RequestFrame, buffer: Uint8Array) => boolean;
      /** It is for the server of the others to answer after all. */
      readonly goesAlong?: (session: Session, frame: RequestFrame, buffer: Uint8Array) => boolean;
    }
  | {
      /** Numbers of the elements that are keys; none = any server will do. */
      readonly keys: (frame: RequestFrame, buffer: Uint8Array) => readonly number[];
      /** Why not. */
      readonly fault?: (session: Session, frame: RequestFrame, buffer: Uint8Array) => string | null;
      /** The request as the server gets it, where that is not as it came. */
      readonly asSent?: (frame: RequestFrame, buffer: Uint8Array) => Uint8Array;
    };

/** Commands that belong together: who deals with each, by its name. */
export type Family = Readonly<Record<string, Handler>>;
