import type { HashFunction } from './hash-kit.ts';
import { buildRing, type DistributionName, type Ring, type RingServer } from './ring.ts';

/**
 * Key → server index, with hash tag, single-server shortcut and a ring that can be rebuilt over the live servers.
 */
export class KeyRouter {
  private ring: Ring;
  private readonly tagOpen: number;
  private readonly tagClose: number;
  private readonly alone: boolean;

  constructor(
    private readonly hash: HashFunction,
    private readonly distribution: DistributionName,
    servers: readonly RingServer[],
    hashTag: Uint8Array | null,
  ) {
    this.tagOpen = hashTag ? hashTag[0] : -1;
    this.tagClose = hashTag ? hashTag[1] : -1;
    this.alone = servers.length === 1;
    this.ring = buildRing(distribution, servers);
  }

  /** Rebuilds the ring over these servers; with none the last ring is kept, as the original does. */
  restrictTo(live: readonly RingServer[]): void {
    if (live.length > 0) this.ring = buildRing(this.distribution, live);
  }

  /** Index of the server that owns the key `bytes[from, to)`. */
  route(bytes: Uint8Array, from: number, to: number): number {
    if (this.alone) return 0;
    if (this.tagOpen >= 0) {
      const open = indexOfByte(bytes, this.tagOpen, from, to);
      if (open >= 0) {
        const close = indexOfByte(bytes, this.tagClose, open + 1, to);
        if (close > open + 1) return this.ring.pick(this.hash(bytes, open + 1, close));
      }
    }
    return this.ring.pick(from === to ? 0 : this.hash(bytes, from, to));
  }

  /** True when a key that begins with `bytes[from, to)` has its tag there, so that the rest of it makes no difference. */
  settles(bytes: Uint8Array, from: number, to: number): boolean {
    if (this.alone) return true;
    const open = this.tagOpen < 0 ? -1 : indexOfByte(bytes, this.tagOpen, from, to);
    return open >= 0 && indexOfByte(bytes, this.tagClose, open + 1, to) > open + 1;
  }
}

function indexOfByte(bytes: Uint8Array, byte: number, from: number, to: number): number {
  for (let i = from; i < to; i++) if (bytes[i] === byte) return i;
  return -1;
}
