import type { Output } from './output.ts';

/** Replies that came before their turn. */
export class ReorderRing {
  count = 0;
  bytes = 0;
  private mask = -1;
  private held: (Uint8Array | Uint8Array[] | null)[] = [];
  private from = EMPTY;
  private to = EMPTY;

  /** Keeps the reply to request `tag`; `head` is the number of the next one to go out. */
  put(tag: number, head: number, chunk: Uint8Array, from: number, to: number): void {
    if (tag - head > this.mask) this.grow(tag - head + 1, head);
    const i = tag & this.mask;
    this.held[i] = chunk;
    this.from[i] = from;
    this.to[i] = to;
    this.count++;
    this.bytes += to - from;
  }

  putParts(tag: number, head: number, parts: Uint8Array[]): void {
    if (tag - head > this.mask) this.grow(tag - head + 1, head);
    this.held[tag & this.mask] = parts;
    this.count++;
    for (const part of parts) this.bytes += part.length;
  }

  /** Moves the reply to request `tag` to the output; false when it is not here. */
  take(tag: number, output: Output): boolean {
    const i = tag & this.mask;
    const held = this.held[i];
    if (held === null) return false;
    this.held[i] = null;
    this.count--;
    if (Array.isArray(held)) {
      for (const part of held) {
        this.bytes -= part.length;
        output.append(part, 0, part.length);
      }
      return true;
    }
    this.bytes -= this.to[i] - this.from[i];
    output.append(held, this.from[i], this.to[i]);
    return true;
  }

  get size(): number {
    return this.mask + 1;
  }

  private grow(needed: number, head: number): void {
    let size = Math.max(16, (this.mask + 1) * 2);
    while (size < needed) size *= 2;
    const held = new Array<Uint8Array | Uint8Array[] | null>(size).fill(null);
    const from = new Int32Array(size);
    const to = new Int32Array(size);
    for (let tag = head; tag <= head + this.mask; tag++) {
      const old = tag & this.mask;
      const place = tag & (size - 1);
      held[place] = this.held[old];
      from[place] = this.from[old];
      to[place] = this.to[old];
    }
    this.held = held;
    this.from = from;
    this.to = to;
    this.mask = size - 1;
  }
}

const EMPTY = new Int32Array(0);
