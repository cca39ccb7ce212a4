import { COMMANDS, FATE_CHANNEL, FATE_KEY, lookupCommand } from '../../protocol/command-table.ts';
import { errorReply } from '../../protocol/replies.ts';
import type { RequestFrame } from '../../protocol/request-frame.ts';
import { RequestScanner, SCAN_BAD, SCAN_DONE } from '../../protocol/request-scanner.ts';
import { ownCopy } from '../base/bytes.ts';
import { ChunkList } from '../base/chunk-list.ts';
import { type BegunSubscription, begunHearers } from '../commands/begun-subscriptions.ts';
import { admit, dispatch, dispatchChain, NOT_ADMITTED } from '../commands/dispatch.ts';
import { RequestStream } from './request-stream.ts';
import type { WorkingClient } from './working-client.ts';

/**
 * A request routed by its first key is collected up to this, or less where memory is scarce; what is larger is sent on
 * while it comes in.
 */
const COLLECT_AT_MOST = 1024 * 1024;
/** That is scarce: of what is free, one may have this part. Hundreds may wait for their turn at once. */
const SHARE = 1 / 64;

const NONE: readonly BegunSubscription[] = [];

/**
 * A request with much still to come. Its bytes are collected as they come; when its server is known and it gets too
 * large to be kept, they are passed on instead. One that is refused is read to its end and thrown away.
 */
export class LargeRequest {
  /** Set when the request is passed on. */
  stream: RequestStream | null = null;
  private list = new ChunkList();
  private readonly scanner: RequestScanner;
  private readonly routable: boolean;
  private refused = false;
  /** Bytes of a request that is passed on. */
  private passed = 0;

  /** @param begun the request as far as it came, which `frame` has parsed */
  constructor(
    private readonly client: WorkingClient,
    private readonly frame: RequestFrame,
    begun: Uint8Array,
  ) {
    this.list.append(begun, 0, begun.length);
    this.scanner = new RequestScanner(frame.argc - frame.complete);
    this.scanner.scan(begun, frame.resumeAt);
    this.routable = hasKnownServer(frame, begun) && !client.gates.some((gate) => gate.needsWhole);
    this.keepInBounds(frame.need);
  }

  /** Bytes that are kept. */
  get bytes(): number {
    return this.list.bytes;
  }

  get isComplete(): boolean {
    return this.scanner.status === SCAN_DONE;
  }

  /** What is wrong with the bytes, or null. */
  get fault(): string | null {
    return this.scanner.status === SCAN_BAD ? this.scanner.fault : null;
  }

  /** Takes what belongs to the request from `chunk[from..]`; returns where it ends there. */
  take(chunk: Uint8Array, from: number): number {
    const end = this.scanner.scan(chunk, from);
    if (this.refused) return end;
    if (this.stream !== null) this.passOn(this.stream, chunk.subarray(from, end));
    else {
      this.list.append(chunk, from, end);
      if (!this.isComplete) this.keepInBounds(this.list.bytes);
    }
    return end;
  }

  /** The last byte has come: sends the request on its way. */
  complete(): void {
    const { client, frame, list } = this;
    if (this.refused) return;
    if (this.stream !== null) this.stream.complete();
    else if (this.routable && this.overtaken().length === 0) dispatchChain(client, frame, list.chunks);
    else {
      const whole = list.whole();
      frame.begin(0);
      frame.parse(whole, whole.length);
      dispatch(client, frame, whole, 0, whole.length);
    }
  }

  /** The rest will not come. */
  abandon(): void {
    this.stream?.abandon();
    this.list.discard();
  }

  /** Begins to pass the request on; null when it was refused. */
  private openStream(): RequestStream | null {
    const { client, frame, list } = this;
    const { args } = frame;
    const [first] = list.chunks;
    const id = admit(client, frame, first);
    if (id === NOT_ADMITTED) return null;
    const key = ownCopy(first, args[2], args[3]);
    return new RequestStream(client, id, key, list.chunks, this.overtaken());
  }

  /** Subscriptions that a large PUBLISH would overtake. */
  private overtaken(): readonly BegunSubscription[] {
    const { args } = this.frame;
    const [first] = this.list.chunks;
    const command = COMMANDS[lookupCommand(first, args[0], args[1])];
    return command.fate === FATE_CHANNEL
      ? begunHearers(this.client.pool, command, first, args[2], args[3])
      : NONE;
  }

  private keepInBounds(bytes: number): void {
    const { client, list } = this;
    if (this.routable) {
      const { largeRequestBytes } = client.pool.config;
      if (bytes > largeRequestBytes) {
        this.refuse(`has at most ${largeRequestBytes} bytes (large_request_bytes)`);
        return;
      }
      if (list.bytes <= client.pool.budget.share(COLLECT_AT_MOST, SHARE)) return;
      this.passed = list.bytes;
      this.stream = this.openStream();
      this.refused = this.stream === null;
      if (this.refused) list.discard();
    } else {
      const { requestBytes } = client.pool.config;
      if (bytes <= requestBytes) return;
      this.refuse(`has at most ${requestBytes} bytes, unless its only key comes first (request_bytes)`);
      return;
    }
    this.list = new ChunkList();
  }

  /** Nothing of it has gone anywhere: the client is told, and its connection lives. */
  private refuse(limit: string): void {
    const { client, frame, list } = this;
    const what = `${nameOf(frame, list.chunks[0])} ${limit}`;
    for (const gate of client.gates) gate.onRefused?.(client, what);
    client.reply(client.tail++, errorReply(what), 0);
    this.refused = true;
    list.discard();
    this.list = new ChunkList();
  }

  /** A request of many values says late how large it is: its server has a part of it, and hears no more. */
  private passOn(stream: RequestStream, piece: Uint8Array): void {
    const { largeRequestBytes } = this.client.pool.config;
    this.passed += piece.length;
    if (this.passed <= largeRequestBytes) stream.push(piece);
    else this.client.protocolError(`a request has at most ${largeRequestBytes} bytes (large_request_bytes)`);
  }
}

function nameOf(frame: RequestFrame, begun: Uint8Array): string {
  const id = frame.complete === 0 ? -1 : lookupCommand(begun, frame.args[0], frame.args[1]);
  return id < 0 ? 'a request' : `a request of '${COMMANDS[id].name}'`;
}

/** A command routed by its first argument, which is there. */
function hasKnownServer(frame: RequestFrame, begun: Uint8Array): boolean {
  if (frame.complete < 2) return false;
  const id = lookupCommand(begun, frame.args[0], frame.args[1]);
  return id >= 0 && (COMMANDS[id].fate === FATE_KEY || COMMANDS[id].fate === FATE_CHANNEL);
}
