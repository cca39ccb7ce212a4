import { errorReply, REFUSED } from '../../protocol/replies.ts';
import type { Receiver } from '../base/receiver.ts';
import { type BegunSubscription, whenOver } from '../commands/begun-subscriptions.ts';
import type { SoloRequest } from '../commands/session.ts';
import type { Lane } from '../server/lane.ts';
import type { PassingConnection, PassingRequest } from '../server/passing-request.ts';
import { Segment } from '../server/segment.ts';
import type { PoolServer } from '../server/server.ts';
import type { WorkingClient } from './working-client.ts';

/** Above so many bytes that the server has not taken yet, the client is not read from. */
const WINDOW = 256 * 1024;

/**
 * A large request on its way through the proxy: its bytes go to a server connection of its own while they come in. So
 * that a client's requests stay in order, it starts when everything before it is answered, and nothing behind it is
 * read before it is answered itself.
 */
export class RequestStream implements Receiver, PassingRequest, SoloRequest {
  readonly tag: number;
  private readonly segment: Segment;
  private server: PoolServer | null = null;
  private connection: PassingConnection | null = null;
  /** Bytes that came before there was a connection. */
  private early: number;
  private inputAt = 0;
  private isComplete = false;
  /** It is answered, or will not be. */
  private over = false;
  /** It waits for subscriptions that it must not overtake. */
  private isBehind: boolean;

  /**
   * @param key the key by which its server is found
   * @param begun the request as far as it came
   * @param overtaken subscriptions that must be over before it begins
   */
  constructor(
    readonly owner: WorkingClient,
    private readonly command: number,
    private readonly key: Uint8Array,
    begun: Uint8Array[],
    overtaken: readonly BegunSubscription[],
  ) {
    this.tag = owner.tail;
    this.segment = Segment.passing(begun);
    this.early = this.segment.unsent;
    owner.passedOn(this.early);
    this.isBehind = overtaken.length > 0;
    owner.runAlone(this);
    if (this.isBehind) {
      whenOver(overtaken, () => {
        this.isBehind = false;
        this.startInTurn();
      });
    }
    this.regulate();
  }

  get lane(): Lane {
    return this.owner.lane;
  }

  /** To be called when replies went out: begins once it is this request's turn. */
  startInTurn(): void {
    const { owner } = this;
    if (this.server !== null || this.over || this.isBehind || owner.head !== this.tag) return;
    this.server = owner.routing.serverFor(this.key, 0, this.key.length);
    if (this.server === null) this.fail(this.tag, errorReply(REFUSED));
    else this.server.large.take(this);
  }

  /** A connection for this request alone. */
  attach(connection: PassingConnection): void {
    this.connection = connection;
    this.inputAt = this.owner.pool.loop.now();
    connection.sendStream(this, this.command, this.segment);
    this.regulate();
  }

  push(piece: Uint8Array): void {
    if (this.over || piece.length === 0) return;
    const { connection } = this;
    this.segment.parts?.push(piece);
    if (connection === null) this.early += piece.length;
    else {
      this.inputAt = this.owner.pool.loop.now();
      connection.streamGrew(piece.length);
    }
    this.regulate();
  }

  /** The last byte was pushed. */
  complete(): void {
    if (this.over) return;
    this.isComplete = true;
    this.segment.open = false;
    this.connection?.touch();
    this.regulate();
  }

  /** Bytes went out. */
  onWritten(): void {
    this.regulate();
  }

  /** Bytes that are here and were not written. */
  get waiting(): number {
    return this.connection?.queue.unwritten ?? this.early;
  }

  /** Reads on while the server keeps up, and neither before it is this request's turn nor between its end and the answer. */
  private regulate(): void {
    if (this.over) return;
    if (this.isComplete || this.connection === null || this.waiting > WINDOW) {
      this.owner.pauseForStream(true);
    } else if (this.waiting <= WINDOW / 2) this.owner.pauseForStream(false);
  }

  /** The rest will not come: the client has left, or what it sends makes no sense. */
  abandon(): void {
    if (this.over || (this.isComplete && this.connection !== null)) return;
    this.over = true;
    if (!this.isComplete) this.owner.withdraw(this.tag);
    if (this.connection !== null) {
      this.connection.abandonStream();
      this.release();
    } else {
      this.segment.discard();
      this.server?.large.forget(this);
    }
  }

  /** True when the client has sent nothing for too long while the server waits for the rest. It is turned away then. */
  turnedAway(now: number): boolean {
    const { owner, connection } = this;
    const { clientStall } = owner.pool.config;
    if (this.isComplete || connection === null || connection.queue.unwritten > 0) return false;
    if (now - this.inputAt <= clientStall) return false;
    owner.pool.warn(`client ${owner.remote} sent half a request and then nothing for ${clientStall} ms`);
    owner.protocolError(`the rest of the request did not come within ${clientStall} ms`);
    return true;
  }

  /** True while the server cannot go on because the client has not sent more. */
  get waitsForClient(): boolean {
    return !this.isComplete && this.connection !== null && this.connection.queue.unwritten === 0;
  }

  private end(): void {
    this.over = true;
    this.release();
    this.owner.soloEnded();
  }

  private release(): void {
    const { connection, server } = this;
    this.connection = null;
    this.segment.discard();
    if (connection !== null) server?.large.release(connection);
  }

  reply(_tag: number, chunk: Uint8Array, from: number, to: number): void {
    this.owner.reply(this.tag, chunk, from, to);
    this.end();
  }

  replyInParts(_tag: number, parts: Uint8Array[]): void {
    this.owner.replyInParts(this.tag, parts);
    this.end();
  }

  arriving(_tag: number, bytes: number): void {
    this.owner.arriving(this.tag, bytes);
  }

  canStream(): boolean {
    return this.owner.canStream(this.tag);
  }

  stream(chunk: Uint8Array, from: number, to: number): void {
    this.owner.stream(chunk, from, to);
  }

  streamed(): void {
    this.owner.streamed(this.tag);
    this.end();
  }

  fail(_tag: number, text: Uint8Array): void {
    this.owner.fail(this.tag, text);
    this.end();
  }

  abort(): void {
    this.over = true;
    this.release();
    this.owner.abort();
  }
}
