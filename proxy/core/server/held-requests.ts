import { COMMANDS } from '../../protocol/command-table.ts';
import { errorReply, NOT_EXECUTED, reasonOf } from '../../protocol/replies.ts';
import type { Receiver } from '../base/receiver.ts';
import { unknownOutcome } from '../base/unknown-outcome.ts';
import type { ConnectedServer } from './connected-server.ts';
import type { Detached, RequestQueue } from './request-queue.ts';
import type { ScriptCalls } from './script-calls.ts';

/** What it needs of its connection. */
interface HoldingConnection {
  readonly queue: RequestQueue;
  readonly server: ConnectedServer;
  readonly scriptCalls: ScriptCalls;
  touch(): void;
  /** Sends again after a pause, or connects. */
  resume(): void;
  /** Closes the socket without a word to the statistics. Requests stay queued. */
  drop(): void;
  /** Requests were put back to be sent (again); those of the connection's own were dropped. */
  onRequeued(): void;
  /** The server refused a write because too few replicas follow it. */
  onTooFewReplicas(): void;
}

/** A request that the server refused without carrying it out, and its words. */
interface Refused extends Detached {
  error: Uint8Array;
}

/** How long to wait before a request is offered again, and the longest pause between attempts. Milliseconds. */
const FIRST_PAUSE = 50;
const LONGEST_PAUSE = 400;

/**
 * Refusals of a server that is not (or not yet, or no longer) fit to be the master: nothing was carried out, another time
 * it may be. MISCONF is that of a full disk: sentinels take it for silence and replace the master.
 */
const RETRYABLE = ['READONLY ', 'MASTERDOWN ', 'LOADING ', 'NOREPLICAS ', 'MISCONF '] as const;
/** Those that say: this is not the master. */
const DEMOTED: readonly string[] = ['READONLY ', 'MASTERDOWN '];

/**
 * Requests of one connection that wait for a master: refused ones, and all others while the server is away. Each
 * waits `failover_hold` at most and is sent again in its client's order; what may have been carried out is not.
 */
export class HeldRequests {
  /** True while nothing may be sent: refused requests must go first, or a pause is on. */
  blocks = false;
  /** True from a refusal until everything that was sent is answered. */
  draining = false;
  private refused: Refused[] = [];
  private demoted = false;
  private pause = 0;
  private timer: NodeJS.Timeout | null = null;
  /** For the error of requests that waited in vain. */
  lastFault = '';

  constructor(private readonly connection: HoldingConnection) {}

  /** A new request while nothing is sent, or answered: true when it was refused because too much waits already. */
  refuses(who: Receiver, tag: number, length: number): boolean {
    const { queue, server } = this.connection;
    if (queue.bytesIn - queue.bytesWritten + length <= server.config.failoverHoldBytes) return false;
    const limit = server.config.failoverHoldBytes;
    who.fail(
      tag,
      errorReply(`${limit} bytes already wait for a master of '${server.name}'; ${NOT_EXECUTED}`),
    );
    return true;
  }

  /** The reply to the oldest request is `buffer[from, to)`, an error. True when the request is kept for a retry. */
  takesBack(buffer: Uint8Array, from: number, to: number): boolean {
    const { queue, server } = this.connection;
    if (!server.holds || queue.isLocal(queue.head)) return false;
    const text = Buffer.from(buffer.subarray(from + 1, Math.min(to, from + 16))).toString('latin1');
    const code = RETRYABLE.find((prefix) => text.startsWith(prefix));
    if (code === undefined) return false;
    if (!queue.isRepeatable(queue.head) || queue.isBound(queue.head)) {
      // its client must send it again; the others need not find out for themselves
      if (DEMOTED.includes(code)) server.onDemoted();
      return false;
    }
    const time = queue.times[queue.head & queue.mask];
    if (server.loop.now() - time >= server.config.failoverHold) return false;
    this.refused.push({ ...queue.detach(queue.head), error: buffer.slice(from, to) });
    queue.pop(true);
    this.blocks = true;
    this.draining = true;
    this.lastFault = code.trim();
    if (DEMOTED.includes(code)) this.demoted = true;
    if (code === 'NOREPLICAS ') this.connection.onTooFewReplicas();
    this.onReply();
    return true;
  }

  /** A request that was sent after a refused one of the same client was carried out: the refused one came too late. */
  onLaterReply(who: Receiver): void {
    const late = this.refused.filter((request) => request.who.owner === who.owner);
    if (late.length === 0) return;
    this.refused = this.refused.filter((request) => request.who.owner !== who.owner);
    for (const request of late) request.who.reply(request.tag, request.error, 0, request.error.length);
  }

  /** When everything that was sent is answered, the refused ones go back to the front. */
  onReply(): void {
    const { connection, demoted } = this;
    const { queue } = connection;
    if (queue.head !== queue.sent) return;
    // half a request was written, and will be sent again from its beginning
    const needsSocket = queue.isTorn;
    this.requeue(queue.detachAll());
    this.demoted = false;
    if (demoted || needsSocket) connection.drop();
    if (demoted) connection.server.onDemoted();
    this.pauseThenResume();
  }

  private requeue(others: Detached[]): void {
    const { queue, scriptCalls } = this.connection;
    // they may go to another server now
    scriptCalls.forget();
    for (const request of this.refused) queue.pushDetached(scriptCalls.renewed(request));
    for (const request of others) queue.pushDetached(scriptCalls.renewed(request));
    this.refused = [];
    this.draining = false;
    this.connection.onRequeued();
    if (queue.length > 0) this.connection.server.watchTimeouts();
  }

  /**
   * The socket is gone: keeps what the server cannot have carried out, and reads; tells the clients of the rest that
   * the outcome is unknown.
   */
  keepUnexecuted(kind: string, text: string): void {
    const { queue, server } = this.connection;
    this.lastFault = reasonOf(text);
    const kept: Detached[] = [];
    const lost: Detached[] = [];
    const torn: Detached[] = [];
    const bound: { request: Detached; wasSent: boolean }[] = [];
    const doubtful = new Set<Receiver['owner']>();
    // newest first: a read that is repeated behind a later write of its client would see that write
    for (let i = queue.tail - 1; i >= queue.head; i--) {
      if (queue.isLocal(i)) continue;
      const request = queue.detach(i);
      const { owner } = request.who;
      if (queue.isBound(i)) {
        bound.push({ request, wasSent: queue.wasSent(i) });
        continue;
      }
      if (queue.wasSent(i) && COMMANDS[request.command].write) doubtful.add(owner);
      if (doubtful.has(owner)) lost.push(request);
      else (queue.isRepeatable(i) ? kept : torn).push(request);
    }
    queue.clear();
    const overtaken = this.refused.filter((request) => doubtful.has(request.who.owner));
    this.refused = this.refused.filter((request) => !doubtful.has(request.who.owner));
    this.requeue(kept.reverse());
    const notAnswered = `sent to '${server.name}' and not answered (${reasonOf(text)})`;
    for (const { command, tag, who } of lost.reverse()) {
      const outcome = COMMANDS[command].write
        ? 'the outcome of this write is unknown'
        : 'not repeated, for the outcome of a later write of this client is unknown';
      who.fail(tag, unknownOutcome(`${outcome}: ${notAnswered}`));
    }
    for (const request of overtaken) request.who.reply(request.tag, request.error, 0, request.error.length);
    for (const { request, wasSent } of bound.reverse())
      request.who.lost?.(request.tag, wasSent, reasonOf(text));
    const cut = `half of this request was sent to '${server.name}', it is too large to be sent again (${reasonOf(text)}); not executed`;
    for (const request of torn) request.who.fail(request.tag, errorReply(cut));
    // a socket that was cut (sentinel kills clients as it promotes) is replaced at once
    if (kind === 'eof' && this.pause === 0) this.pause = 1;
    this.pauseThenResume();
  }

  private pauseThenResume(): void {
    this.blocks = true;
    this.timer ??= setTimeout(
      () => {
        this.timer = null;
        this.blocks = false;
        this.forgetLeft();
        this.connection.resume();
      },
      Math.max(this.pause, 1),
    );
    this.pause = Math.min(Math.max(FIRST_PAUSE, this.pause * 2), LONGEST_PAUSE);
  }

  /** The server has a new address, or speaks again: no reason to wait any longer. */
  endPause(): void {
    if (this.timer !== null) clearTimeout(this.timer);
    this.timer = null;
    this.pause = 0;
    this.blocks = this.draining;
    this.connection.resume();
  }

  onReady(): void {
    this.lastFault = '';
    this.pause = 0;
    this.forgetLeft();
  }

  /**
   * What waited for a client that has left is not sent any more: it may have come back over another connection and
   * written anew, and this would come after.
   */
  forgetLeft(): void {
    const { queue, server } = this.connection;
    if (!server.holds || queue.head !== queue.sent || !this.someLeft()) return;
    for (const request of queue.detachAll()) if (!request.who.owner.gone) queue.pushDetached(request);
    this.connection.onRequeued();
  }

  private someLeft(): boolean {
    const { queue } = this.connection;
    for (let i = queue.head; i < queue.tail; i++) if (queue.who[i & queue.mask].owner.gone) return true;
    return false;
  }

  /** No more attempts: the pool closes. */
  stop(): void {
    if (this.timer !== null) clearTimeout(this.timer);
    this.timer = null;
  }

  /** Fails what has waited longer than `failover_hold` for a chance to be sent. */
  expire(now: number): void {
    const { queue, server } = this.connection;
    const { failoverHold } = server.config;
    if (queue.head !== queue.sent || queue.length === 0) return;
    if (now - queue.times[queue.head & queue.mask] < failoverHold) return;
    const all = queue.detachAll();
    const { kept, expired } = this.sort(all, now);
    for (const request of kept) queue.pushDetached(request);
    this.connection.onRequeued();
    this.failExpired(expired);
    this.connection.touch();
  }

  /** Which requests may wait on at `now`, and which have waited for too long. */
  sort(requests: readonly Detached[], now: number): { kept: Detached[]; expired: Detached[] } {
    const { failoverHold } = this.connection.server.config;
    const kept: Detached[] = [];
    const expired: Detached[] = [];
    for (const request of requests) (now - request.time >= failoverHold ? expired : kept).push(request);
    return { kept, expired };
  }

  failExpired(expired: readonly Detached[]): void {
    if (expired.length === 0) return;
    const { server } = this.connection;
    const why = this.lastFault === '' ? '' : ` (last: ${this.lastFault})`;
    const within = `within ${server.config.failoverHold} ms`;
    const error = errorReply(`no master of '${server.name}' ${within}${why}; ${NOT_EXECUTED}`);
    for (const request of expired) request.who.fail(request.tag, error);
  }
}
