import { BROKEN_PIPE, CLOSED, faultText, INVALID } from '../../protocol/replies.ts';
import type { Link, LinkOwner } from '../../transport/link.ts';
import type { ConnectedServer, EndKind } from './connected-server.ts';
import { Handshake } from './handshake.ts';
import type { Lane } from './lane.ts';

const IDLE = 0;
const CONNECTING = 1;
const HANDSHAKE = 2;
const READY = 3;

/** The socket of a server connection: made when it is needed, greeted, and made anew after it has ended. */
export abstract class ServerLink implements LinkOwner {
  protected link: Link | null = null;
  /** Sockets that were opened and greeted so far: as long as it stays the same, so does what the server knows of us. */
  sockets = 0;
  /** The socket takes no more now. */
  protected blocked = false;
  private phase = IDLE;
  private cancelConnect: (() => void) | null = null;
  private handshake: Handshake | null = null;

  constructor(
    readonly server: ConnectedServer,
    readonly lane: Lane,
  ) {}

  get isReady(): boolean {
    return this.phase === READY;
  }

  get isConnected(): boolean {
    return this.link !== null;
  }

  protected get isIdle(): boolean {
    return this.phase === IDLE;
  }

  /** What is said on a new socket besides, see `Handshake`. */
  protected get greeting(): readonly (string | Uint8Array)[] | null {
    return null;
  }

  abstract onBytes(chunk: Uint8Array): void;
  abstract onWritable(): void;
  /** A socket was opened, and the server has been greeted on it. */
  protected abstract onReady(): void;
  /** Closes the socket, and deals with what was under way. */
  abstract end(kind: EndKind, text: string): void;
  /** The server has not got the database of this lane: closes the socket, and whoever waits for it is told. */
  protected turnedDown(text: string): void {
    this.end('error', text);
  }

  /** Deals with the requests of a connection that has no socket any more. */
  protected abstract giveUp(kind: EndKind, text: string): void;

  /** Opens the socket, unless there is one or the server has no address now. */
  connect(): void {
    const { server } = this;
    if (this.phase !== IDLE || server.mustWait || !server.mayConnect()) return;
    this.phase = CONNECTING;
    this.cancelConnect = server.transport.connect(
      server.address,
      this,
      (link) => this.onOpened(link),
      (code, reason) => this.onConnectFailed(code, reason),
      server.config.serverTls,
    );
  }

  private onOpened(link: Link): void {
    this.cancelConnect = null;
    this.link = link;
    this.blocked = false;
    this.server.counters.connected++;
    this.server.counters.totalConnections++;
    const handshake = new Handshake(this.server, this.lane, this.greeting);
    if (handshake.isEmpty) {
      this.becomeReady();
      return;
    }
    this.phase = HANDSHAKE;
    this.handshake = handshake;
    const { greeting } = handshake;
    // a fresh socket takes a few dozen bytes; if not, it is no use
    if (link.write(greeting, 0, greeting.length) !== greeting.length) this.end('error', BROKEN_PIPE);
  }

  /** One reply to what was said before the first request. */
  greeted(reply: Buffer): void {
    const { handshake } = this;
    if (handshake === null) {
      this.end('error', INVALID);
      return;
    }
    const fault = handshake.accept(reply);
    if (fault !== null && handshake.lacksDatabase) this.turnedDown(fault);
    else if (fault !== null) this.end('error', fault);
    else if (handshake.isEmpty) this.becomeReady();
  }

  private becomeReady(): void {
    this.handshake = null;
    this.phase = READY;
    this.sockets++;
    this.onReady();
  }

  private onConnectFailed(code: string, reason?: string): void {
    this.cancelConnect = null;
    this.phase = IDLE;
    const { server } = this;
    const fault = reason === undefined ? null : `TLS to server '${server.name}' failed: ${reason}`;
    server.onConnectFailed(code, fault);
    this.giveUp('error', fault ?? faultText(code));
  }

  onEnd(): void {
    this.end('eof', CLOSED);
  }

  onClosed(code: string | null): void {
    if (code === null) this.end('eof', CLOSED);
    else this.end('error', faultText(code));
  }

  /** Closes the socket without a word to the statistics. */
  drop(): void {
    this.cancelConnect?.();
    this.cancelConnect = null;
    if (this.link !== null) {
      this.link.close();
      this.link = null;
      this.server.counters.connected--;
    }
    this.phase = IDLE;
    this.handshake = null;
    this.blocked = false;
  }
}
