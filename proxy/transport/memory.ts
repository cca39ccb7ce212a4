import type { Address } from '../config/pool.ts';
import type { Link, LinkOwner, Listener, ListenOptions, Transport } from './link.ts';

/** One end of a connection in memory. What it writes reaches the other end when the network says so. */
export class MemoryLink implements Link {
  remote = 'memory:0';
  peer: MemoryLink | null = null;
  owner: LinkOwner | null = null;
  /** Bytes written that the peer has not been given yet. */
  readonly outbox: Uint8Array[] = [];
  paused = false;
  closed = false;
  private finishing = false;
  /** The peer closed; the owner has not been told yet, as it is with sockets. */
  private broken = false;
  private noticed = false;
  private endSent = false;
  /** Bytes that may be in the outbox before `write` takes no more. */
  capacity = Number.POSITIVE_INFINITY;
  private wantsDrain = false;
  private waiting = 0;

  write(bytes: Uint8Array, from: number, to: number): number {
    if (this.closed) return -1;
    if (this.broken) {
      // as with TCP: the first write is taken, and its answer is that nobody is there
      if (this.noticed) return -1;
      this.noticed = true;
      return to - from;
    }
    const taken = Math.max(0, Math.min(to - from, this.capacity - this.waiting));
    if (taken < to - from) this.wantsDrain = true;
    if (taken > 0) this.outbox.push(new Uint8Array(bytes.subarray(from, from + taken)));
    this.waiting += taken;
    return taken;
  }

  writeMany(pieces: readonly Uint8Array[]): number {
    let all = 0;
    for (const piece of pieces) {
      const taken = this.write(piece, 0, piece.length);
      if (taken < 0) return all;
      all += taken;
      if (taken < piece.length) return all;
    }
    return all;
  }

  pause(): void {
    this.paused = true;
  }

  resume(): void {
    this.paused = false;
  }

  leadTo(owner: LinkOwner): void {
    if (this.owner !== null) this.owner = owner;
  }

  /** A link in memory hears at once that its peer is gone. */
  watchPeer(): void {}

  finish(): void {
    this.finishing = true;
    this.owner = null;
  }

  /** Sends FIN and stays open for reading. */
  shutdown(): void {
    this.finishing = true;
  }

  close(): void {
    this.closed = true;
    this.owner = null;
    this.outbox.length = 0;
    const { peer } = this;
    if (peer !== null && !peer.closed) {
      peer.broken = true;
      peer.outbox.length = 0;
    }
  }

  private lost(): void {
    this.closed = true;
    const { owner } = this;
    this.owner = null;
    owner?.onClosed('ECONNRESET');
  }

  /** Gives the peer up to `limit` bytes of what waits, or the owner the news. True when anything happened. */
  deliver(limit: number): boolean {
    if (this.broken && !this.closed) {
      this.lost();
      return true;
    }
    const { peer } = this;
    if (peer === null || peer.closed || peer.paused) return false;
    const [first] = this.outbox;
    if (first !== undefined) {
      // memory of its own, as a socket's
      const chunk = new Uint8Array(first.subarray(0, limit));
      this.waiting -= chunk.length;
      if (chunk.length === first.length) this.outbox.shift();
      else this.outbox[0] = first.subarray(limit);
      peer.owner?.onBytes(chunk);
      if (this.wantsDrain) {
        this.wantsDrain = false;
        this.owner?.onWritable();
      }
      return true;
    }
    if (!this.finishing || this.endSent) return false;
    this.endSent = true;
    if (this.owner === null) this.closed = true;
    peer.owner?.onEnd();
    return true;
  }
}

/**
 * A network without sockets, clocks or chance: every delivery is asked for. For tests and fuzzing. TLS is left out: there
 * is nobody to hide from.
 */
export class MemoryNetwork implements Transport {
  readonly name = 'memory';
  readonly links: MemoryLink[] = [];
  private readonly listeners = new Map<string, (link: Link) => LinkOwner>();
  private readonly pending: (() => void)[] = [];

  async listen(options: ListenOptions, accept: (link: Link) => LinkOwner): Promise<Listener> {
    const key = keyOf(options.address);
    this.listeners.set(key, accept);
    return {
      address: options.address,
      close: () => this.listeners.delete(key),
      renewCertificates: () => undefined,
    };
  }

  connect(
    address: Address,
    owner: LinkOwner,
    opened: (link: Link) => void,
    failed: (code: string) => void,
  ): () => void {
    let cancelled = false;
    this.pending.push(() => {
      if (cancelled) return;
      const accept = this.listeners.get(keyOf(address));
      if (accept === undefined) {
        failed('ECONNREFUSED');
        return;
      }
      const [near, far] = [new MemoryLink(), new MemoryLink()];
      near.peer = far;
      far.peer = near;
      near.owner = owner;
      this.links.push(near, far);
      far.owner = accept(far);
      opened(near);
    });
    return () => {
      cancelled = true;
    };
  }

  /** Completes connects and delivers one piece of at most `limit` bytes on every link. True when anything moved. */
  step(limit = Number.POSITIVE_INFINITY): boolean {
    let moved = false;
    for (const connect of this.pending.splice(0)) {
      connect();
      moved = true;
    }
    for (const link of [...this.links]) moved = link.deliver(limit) || moved;
    for (let i = this.links.length - 1; i >= 0; i--) if (this.links[i].closed) this.links.splice(i, 1);
    return moved;
  }
}

function keyOf(address: Address): string {
  return address.kind === 'unix' ? address.path : `${address.host}:${address.port}`;
}
