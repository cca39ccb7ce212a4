import { encodeRequest, errorReply, INVALID, reasonOf } from '../../protocol/replies.ts';
import { type Stoppable, UNREAD } from '../base/receiver.ts';
import type { ConnectedServer, EndKind } from './connected-server.ts';
import { FIRST_LANE } from './lane.ts';
import { KINDS, type ListeningKind, OPPOSITES, type Subscriber } from './listening-kind.ts';
import { ServerLink } from './server-link.ts';
import { WholeReplies } from './whole-replies.ts';

const MINUS = 45;
/** Names in one command: a client may listen to as many as it likes. */
const MOST_NAMES = 1000;
/** Milliseconds between two attempts to reach the server; doubled each time. */
const FIRST_PAUSE = 20;
const LONGEST_PAUSE = 1000;
/**
 * Redis ends subscribers that are behind for so long (client-output-buffer-limit): one that was slow in this time and
 * whose connection is closed was probably ended for that. Milliseconds.
 */
const SLOW_FOR = 60_000;

/** Second byte of the first word of a message: `message`, `pmessage`, `smessage`; `*3\r\n$7\r\nm`. */
const MESSAGE_WORDS = ['message', 'pmessage', 'smessage'].map((word) =>
  Buffer.from(`\r\n$${word.length}\r\n${word}\r\n`),
);

/** One SUBSCRIBE or UNSUBSCRIBE of the client that the server has not confirmed. */
interface Change {
  readonly kind: ListeningKind;
  readonly adds: boolean;
  readonly names: readonly string[];
  /** @param fault the error reply, when it was refused */
  readonly done: (fault: Uint8Array | null) => void;
  readonly deadline: NodeJS.Timeout | null;
}

/** A command that was sent, and how many confirmations are still to come. */
interface Sent {
  left: number;
  /** Of the change under way, or something that is repeated on a new socket. */
  readonly isChange: boolean;
}

/**
 * A connection that one client listens on: the server counts its subscribers by connections, and each must be one.
 * When the socket is lost, or the master moves, it is made anew and everything is subscribed again, without a word.
 * Names are bytes, as latin1.
 */
export class SubscribingConnection extends ServerLink implements Stoppable {
  private readonly names: Readonly<Record<ListeningKind, Set<string>>> = {
    subscribe: new Set(),
    psubscribe: new Set(),
    ssubscribe: new Set(),
  };
  private readonly replies = new WholeReplies({
    onWhole: (buffer, from, to) => {
      this.onWhole(buffer, from, to);
      return this.isConnected;
    },
    onKept: (bytes) => this.listener.arriving(bytes),
  });
  private unwritten: Uint8Array[] = [];
  private sent: Sent[] = [];
  private change: Change | null = null;
  private isPaused = false;
  private slowAt = Number.NEGATIVE_INFINITY;
  private retry: NodeJS.Timeout | null = null;
  private pause = FIRST_PAUSE;

  constructor(
    server: ConnectedServer,
    private readonly listener: Subscriber,
  ) {
    super(server, FIRST_LANE);
  }

  /** Nothing is listened to here. */
  get isUnused(): boolean {
    return KINDS.every((kind) => this.names[kind].size === 0);
  }

  /**
   * Begins to listen; one change at a time.
   * @param done called when the server has confirmed it, or with an error reply; then nothing has changed
   */
  add(kind: ListeningKind, names: readonly string[], done: Change['done']): void {
    for (const name of names) this.names[kind].add(name);
    const { config, holds } = this.server;
    const limit = holds ? config.failoverHold : config.timeout;
    const deadline = limit > 0 ? setTimeout(() => this.onDeadline(limit), limit).unref() : null;
    this.change = { kind, adds: true, names, done, deadline };
    if (this.isReady) this.send(kind, names, true);
    else this.connectNow();
  }

  /** Ends it; `done` is called when the server has confirmed it, or there is nothing to be confirmed. */
  remove(kind: ListeningKind, names: readonly string[], done: Change['done']): void {
    for (const name of names) this.names[kind].delete(name);
    this.change = { kind, adds: false, names, done, deadline: null };
    if (this.isReady) this.send(OPPOSITES[kind], names, true);
    else this.finish(null);
  }

  /** Closes the socket for good; nobody is told. */
  close(): void {
    if (this.change?.deadline) clearTimeout(this.change.deadline);
    this.change = null;
    for (const kind of KINDS) this.names[kind].clear();
    this.drop();
  }

  /** The server has moved: everything is said anew where it is now. */
  startOver(): void {
    this.drop();
    this.pause = FIRST_PAUSE;
    if (this.change?.adds === false) this.finish(null);
    this.tryAgain();
  }

  /** The server may be used again. */
  tryAgain(): void {
    if (!this.isConnected && !this.isUnused) this.connectNow();
  }

  private connectNow(): void {
    if (this.retry !== null) clearTimeout(this.retry);
    this.retry = null;
    this.connect();
  }

  protected onReady(): void {
    this.pause = FIRST_PAUSE;
    this.server.onReady();
    const { change } = this;
    for (const kind of KINDS) {
      const fresh = new Set(change?.adds && change.kind === kind ? change.names : []);
      const old = [...this.names[kind]].filter((name) => !fresh.has(name));
      for (const [names, isChange] of [
        [old, false],
        [[...fresh], true],
      ] as const) {
        for (let i = 0; i < names.length; i += MOST_NAMES)
          this.send(kind, names.slice(i, i + MOST_NAMES), isChange);
      }
    }
  }

  private send(verb: string, names: readonly string[], isChange: boolean): void {
    // what was said just before may have found it gone; all of it is said to the next one
    if (!this.isReady) return;
    const words = [verb.toUpperCase(), ...names.map((name) => Buffer.from(name, 'latin1'))];
    this.sent.push({ left: names.length, isChange });
    this.unwritten.push(encodeRequest(words));
    if (!this.blocked) this.write();
  }

  private write(): void {
    const { link } = this;
    while (link !== null && this.unwritten.length > 0) {
      const [first] = this.unwritten;
      const taken = link.write(first, 0, first.length);
      if (taken < 0) {
        this.end('error', 'Broken pipe');
        return;
      }
      if (taken < first.length) {
        this.unwritten[0] = first.subarray(taken);
        this.blocked = true;
        return;
      }
      this.unwritten.shift();
    }
  }

  onWritable(): void {
    this.blocked = false;
    this.write();
  }

  onBytes(chunk: Uint8Array): void {
    if (!this.replies.read(chunk)) this.end('error', INVALID);
    else if (this.isConnected) this.pauseIfSlow();
  }

  private onWhole(buffer: Uint8Array, from: number, to: number): void {
    if (!this.isReady) this.greeted(Buffer.from(buffer.subarray(from, to)));
    else if (MESSAGE_WORDS.some((word) => beginsAt(buffer, from + 2, word)))
      this.listener.onMessage(buffer, from, to);
    else this.onAnswer(buffer, from, to);
  }

  /** A confirmation, or an error. */
  private onAnswer(buffer: Uint8Array, from: number, to: number): void {
    const [first] = this.sent;
    if (first === undefined) this.end('error', INVALID);
    else if (buffer[from] === MINUS) {
      this.sent.shift();
      const error = buffer.slice(from, to);
      if (first.isChange) this.refused(error);
      else this.listener.onOver(Buffer.from(error).toString('latin1', 1).trimEnd());
    } else {
      first.left--;
      if (first.left === 0) this.sent.shift();
      if (this.sent.length === 0) this.finish(null);
    }
  }

  /** The server did not do it; of several commands it may have done some. */
  private refused(error: Uint8Array): void {
    const wasSplit = (this.change?.names.length ?? 0) > MOST_NAMES;
    this.finish(error);
    if (wasSplit) this.startOver();
  }

  /** The change under way is over. */
  private finish(fault: Uint8Array | null): void {
    const { change } = this;
    if (change === null) return;
    if (change.deadline !== null) clearTimeout(change.deadline);
    this.change = null;
    if (fault !== null && change.adds) for (const name of change.names) this.names[change.kind].delete(name);
    change.done(fault);
  }

  private onDeadline(milliseconds: number): void {
    const { name } = this.server;
    // what the server makes of it now is not known
    this.drop();
    this.finish(errorReply(`server '${name}' did not confirm it within ${milliseconds} ms`));
    if (!this.isUnused) this.connectLater();
  }

  /** What is not read stays on the server, which ends the connection when it has kept too much. */
  private pauseIfSlow(): void {
    const { owner } = this.listener;
    if (this.isPaused || this.link === null || owner.unread <= UNREAD) return;
    this.isPaused = true;
    this.link.pause();
    this.link.watchPeer();
    owner.stop(this);
  }

  readOn(): void {
    if (!this.isPaused) return;
    this.endSlow();
    this.link?.resume();
  }

  private endSlow(): void {
    if (!this.isPaused) return;
    this.isPaused = false;
    this.slowAt = this.server.loop.now();
  }

  end(kind: EndKind, text: string): void {
    const { counters } = this.server;
    if (kind === 'eof') counters.eof++;
    else counters.errors++;
    this.drop();
    this.giveUp(kind, text);
  }

  protected giveUp(_kind: EndKind, text: string): void {
    if (this.server.loop.now() - this.slowAt < SLOW_FOR) {
      this.listener.onOver(`server '${this.server.name}' closed its connection, and it was slow to read`);
      return;
    }
    if (this.change !== null && !(this.change.adds && this.server.holds))
      this.finish(this.change.adds ? errorReply(reasonOf(text)) : null);
    if (!this.isUnused) this.connectLater();
  }

  private connectLater(): void {
    if (this.retry !== null) clearTimeout(this.retry);
    this.retry = setTimeout(() => this.connectNow(), this.pause).unref();
    this.pause = Math.min(LONGEST_PAUSE, 2 * this.pause);
  }

  override drop(): void {
    super.drop();
    this.endSlow();
    if (this.retry !== null) clearTimeout(this.retry);
    this.retry = null;
    this.replies.restart();
    this.sent = [];
    this.unwritten = [];
  }
}

function beginsAt(buffer: Uint8Array, at: number, word: Uint8Array): boolean {
  for (let i = 0; i < word.length; i++) if (buffer[at + i] !== word[i]) return false;
  return true;
}
