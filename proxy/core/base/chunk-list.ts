import { copyBytes } from './bytes.ts';
import { release } from './chunk-memory.ts';

/** Pieces below this are copied together: whoever dribbles must not cost more than the bytes that came. */
const SMALL = 4096;
const GATHER_SIZE = 16 * 1024;

/** Bytes that came in many chunks, in order, not copied where they are large. */
export class ChunkList {
  readonly chunks: Uint8Array[] = [];
  bytes = 0;
  /** Where small pieces are gathered: the beginning of it is the last chunk of the list. */
  private gathering: Uint8Array | null = null;
  private gathered = 0;

  append(chunk: Uint8Array, from: number, to: number): void {
    const length = to - from;
    if (length === 0) return;
    this.bytes += length;
    if (length < SMALL) this.gather(chunk, from, to);
    else {
      this.gathering = null;
      // a piece that is less than half of its chunk would keep the rest of it alive
      const view = chunk.subarray(from, to);
      this.chunks.push(length * 2 < chunk.buffer.byteLength ? new Uint8Array(view) : view);
    }
  }

  private gather(chunk: Uint8Array, from: number, to: number): void {
    let target = this.gathering;
    if (target === null || this.gathered + to - from > target.length) {
      target = new Uint8Array(GATHER_SIZE);
      this.gathering = target;
      this.gathered = 0;
    } else this.chunks.pop();
    copyBytes(chunk, from, to, target, this.gathered);
    this.gathered += to - from;
    this.chunks.push(target.subarray(0, this.gathered));
  }

  /** Nobody needs the bytes any more. */
  discard(): void {
    for (const chunk of this.chunks) release(chunk);
  }

  /** All of it in one piece. */
  whole(): Uint8Array {
    if (this.chunks.length === 1) return this.chunks[0];
    return Buffer.concat(this.chunks, this.bytes);
  }
}
