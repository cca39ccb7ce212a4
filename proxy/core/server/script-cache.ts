import { createHash } from 'node:crypto';
import type { BufferBudget, Holder } from '../base/buffer-budget.ts';

/** A Lua script, and by what EVALSHA names it. */
export interface Script {
  /** SHA-1 of the body, 40 hex digits in lower case. */
  readonly sha: string;
  readonly body: Buffer;
  /** A rough likeness of the body, see `likenessOf`. */
  readonly likeness: number;
}

/** What is kept of a script besides its body. Bytes. */
const OVERHEAD = 256;
/** So many bytes of a body, evenly spread, tell most scripts apart. */
const LOOKED_AT = 32;
const SHA_LENGTH = 40;

/**
 * The scripts that a pool has seen, so that EVALSHA works where the server has not: on another shard, after a failover or
 * a restart. Bounded; what was not used for longest goes first.
 */
export class ScriptCache implements Holder {
  accounted = 0;
  /** Changes when all scripts are forgotten: what servers had before that counts no more. */
  generation = 0;
  /** What was not used for longest comes first. */
  private readonly bySha = new Map<string, Script>();
  private readonly byLikeness = new Map<number, Script>();

  /**
   * @param limit bytes of all scripts together; 0 = none is kept
   * @param budget what clients together may make the process keep: scripts are a part of that
   */
  constructor(
    private readonly limit: number,
    private readonly budget: BufferBudget,
  ) {}

  /** False when none is ever kept. */
  get isOn(): boolean {
    return this.limit > 0;
  }

  /** The script with this SHA, in lower case; undefined when it was not seen, or not for long. It counts as used now. */
  find(sha: string): Script | undefined {
    const script = this.bySha.get(sha);
    if (script !== undefined) this.touch(script);
    return script;
  }

  /**
   * Keeps the script `bytes[from, to)`, if there is room for it. One that is here already is compared, not hashed:
   * who sends EVAL over and over does not pay for a SHA-1 each time.
   * @returns its SHA
   */
  add(bytes: Uint8Array, from = 0, to = bytes.length): string {
    const likeness = likenessOf(bytes, from, to);
    const same = this.byLikeness.get(likeness);
    if (same !== undefined && same.body.compare(bytes, from, to) === 0) {
      this.touch(same);
      return same.sha;
    }
    const sha = createHash('sha1').update(bytes.subarray(from, to)).digest('hex');
    const known = this.find(sha);
    if (known !== undefined) this.byLikeness.set(likeness, known);
    else if (to - from + OVERHEAD <= this.limit)
      this.keep({ sha, body: Buffer.from(bytes.subarray(from, to)), likeness });
    return sha;
  }

  /** Keeps what `other` has, in its order: it belongs to the same pool before a reload. */
  takeOver(other: ScriptCache): void {
    for (const script of other.bySha.values())
      if (script.body.length + OVERHEAD <= this.limit && !this.bySha.has(script.sha)) this.keep(script);
  }

  private keep(script: Script): void {
    const bytes = script.body.length + OVERHEAD;
    this.makeRoom(bytes);
    this.bySha.set(script.sha, script);
    this.byLikeness.set(script.likeness, script);
    // the next client that needs room sees to it that there is some: this one may be in the middle of its request
    this.note(this.accounted + bytes);
  }

  private makeRoom(bytes: number): void {
    let kept = this.accounted;
    for (const script of this.bySha.values()) {
      if (kept + bytes <= this.limit) break;
      this.bySha.delete(script.sha);
      if (this.byLikeness.get(script.likeness) === script) this.byLikeness.delete(script.likeness);
      kept -= script.body.length + OVERHEAD;
    }
    this.note(kept);
  }

  private touch(script: Script): void {
    this.bySha.delete(script.sha);
    this.bySha.set(script.sha, script);
  }

  private note(bytes: number): void {
    this.budget.account(this, bytes);
    this.accounted = bytes;
  }

  /** Forgets all of them. */
  clear(): void {
    this.generation++;
    this.bySha.clear();
    this.byLikeness.clear();
    this.note(0);
  }

  /** Clients need the room: whose script is gone is told so by the server, and sends it again. */
  shed(): void {
    this.clear();
  }
}

/** The SHA that `bytes[from, to)` is, in lower case; null when it cannot be one. */
export function shaIn(bytes: Uint8Array, from: number, to: number): string | null {
  if (to - from !== SHA_LENGTH) return null;
  return Buffer.from(bytes.buffer, bytes.byteOffset + from, SHA_LENGTH)
    .toString('latin1')
    .toLowerCase();
}

function likenessOf(bytes: Uint8Array, from: number, to: number): number {
  let h = to - from;
  const step = Math.max(1, Math.floor((to - from) / LOOKED_AT));
  for (let i = from; i < to; i += step) h = (Math.imul(h, 31) + bytes[i]) | 0;
  return h;
}
