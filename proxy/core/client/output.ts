import type { Link } from '../../transport/link.ts';
import { copyBytes } from '../base/bytes.ts';
import { written } from '../base/chunk-memory.ts';

const SCRATCH_SIZE = 64 * 1024;
const scratch = new Uint8Array(SCRATCH_SIZE);
/** Runs above this are written from where they lie. */
const DIRECT = 16 * 1024;
/** A tail up to this is copied, so that a slow reader does not hold on to whole chunks. */
const OWN_TAIL = 64 * 1024;

/** What a client is still to be sent: runs of bytes in chunks that came from servers, gathered at the flush. */
export class Output {
  /** Bytes waiting. */
  bytes = 0;
  /** Bytes that were ever to be sent. */
  total = 0;
  private chunks: Uint8Array[] = [];
  private from: number[] = [];
  private to: number[] = [];
  private count = 0;

  append(chunk: Uint8Array, from: number, to: number): void {
    this.bytes += to - from;
    this.total += to - from;
    const last = this.count - 1;
    if (last >= 0 && this.chunks[last] === chunk && this.to[last] === from) {
      this.to[last] = to;
      return;
    }
    this.chunks[this.count] = chunk;
    this.from[this.count] = from;
    this.to[this.count] = to;
    this.count++;
  }

  /** Writes as much as the link takes. Returns -1 when the link is gone, else the bytes left. */
  flush(link: Link): number {
    if (this.count === 1) return this.writeOnly(link);
    let run = 0;
    while (run < this.count) {
      let length = this.to[run] - this.from[run];
      let gathered = 1;
      let taken: number;
      if (length > DIRECT || run + 1 === this.count) {
        taken = link.write(this.chunks[run], this.from[run], this.to[run]);
      } else {
        gathered = this.gather(run);
        length = this.gatheredBytes;
        taken = link.write(scratch, 0, length);
      }
      if (taken < 0) return this.giveUp();
      if (taken < length) return this.wrote(taken, run);
      this.bytes -= taken;
      for (const end = run + gathered; run < end; run++)
        written(this.chunks[run], this.to[run] - this.from[run]);
    }
    this.clear();
    return 0;
  }

  clear(): void {
    // dropping the references matters more than the arrays: idle clients must not hold chunks
    for (let i = 0; i < this.count; i++) this.chunks[i] = NOTHING;
    if (this.count > 64) {
      this.chunks = [];
      this.from = [];
      this.to = [];
    }
    this.count = 0;
    this.bytes = 0;
  }

  private writeOnly(link: Link): number {
    const taken = link.write(this.chunks[0], this.from[0], this.to[0]);
    if (taken < 0) return this.giveUp();
    if (taken < this.bytes) return this.wrote(taken);
    written(this.chunks[0], taken);
    this.chunks[0] = NOTHING;
    this.count = 0;
    this.bytes = 0;
    return 0;
  }

  /** Everything before `run` was written, and `taken` bytes from there on, but not all. Returns the bytes left. */
  wrote(taken: number, run = 0): number {
    this.bytes -= taken;
    this.keepFrom(run, taken);
    return this.bytes;
  }

  /** The link is gone: nobody will read what is left. */
  private giveUp(): number {
    this.clear();
    return -1;
  }

  private gatheredBytes = 0;

  /** Copies small runs from `run` on into the scratch buffer; returns how many. */
  private gather(run: number): number {
    let at = 0;
    let next = run;
    while (next < this.count) {
      const length = this.to[next] - this.from[next];
      if (length > DIRECT || at + length > SCRATCH_SIZE) break;
      copyBytes(this.chunks[next], this.from[next], this.to[next], scratch, at);
      at += length;
      next++;
    }
    this.gatheredBytes = at;
    return next - run;
  }

  /** Drops the runs before `run` and `taken` bytes from there on. */
  private keepFrom(run: number, taken: number): void {
    while (taken >= this.to[run] - this.from[run]) {
      const length = this.to[run] - this.from[run];
      written(this.chunks[run], length);
      taken -= length;
      run++;
    }
    written(this.chunks[run], taken);
    this.from[run] += taken;
    if (this.bytes <= OWN_TAIL) {
      const own = new Uint8Array(this.bytes);
      let at = 0;
      for (let i = run; i < this.count; i++) {
        copyBytes(this.chunks[i], this.from[i], this.to[i], own, at);
        at += this.to[i] - this.from[i];
        written(this.chunks[i], this.to[i] - this.from[i]);
      }
      const bytes = this.bytes;
      this.clear();
      this.append(own, 0, bytes);
      return;
    }
    this.chunks = this.chunks.slice(run, this.count);
    this.from = this.from.slice(run, this.count);
    this.to = this.to.slice(run, this.count);
    this.count -= run;
  }
}

const NOTHING = new Uint8Array(0);
