import { createHash } from 'node:crypto';
import type { PoolConfig } from '../../../config/pool.ts';

/** How far a walk has come. */
export interface ScanPlace {
  /** Number of the server that is walked now; all before it are done. */
  readonly server: number;
  /** That server's own cursor. */
  readonly place: bigint;
  /** Which process gave it, see `processTag`; another one spreads its keys over its table otherwise. */
  readonly process: number;
}

export const START: ScanPlace = { server: 0, place: 0n, process: 0 };

const POOL_BITS = 8n;
const PROCESS_BITS = 16n;
const LARGEST = 2n ** 64n;

/**
 * A pool's cursors of SCAN, in one number: place of the server's cursor among all servers', then the process that gave
 * it, then the pool. The proxy keeps nothing between two SCANs, so any proxy of the pool goes on where another one was.
 * With 2 servers numbers stay below 2^53, which clients hold that know no integers, up to 2^28 keys on each; at most they
 * have the 64 bits of Redis.
 */
export class ScanCursors {
  private readonly pool: bigint;
  private readonly count: bigint;

  /** @param database of the pool: its keys have cursors of their own */
  constructor(config: PoolConfig, database: number) {
    const { distribution, hash, hashTag, name, servers } = config;
    const ring = servers.map((server) => [server.name, server.weight]);
    const identity = [name, database, hash, distribution, hashTag && [...hashTag], ring];
    this.pool = BigInt(digest(JSON.stringify(identity)) & 0xff);
    this.count = BigInt(servers.length);
  }

  /** @returns null when the number would not fit: a server has 2^40 keys or more */
  encode({ place, process, server }: ScanPlace): string | null {
    const where = place * this.count + BigInt(server);
    const cursor = (((where << PROCESS_BITS) | BigInt(process)) << POOL_BITS) | this.pool;
    return cursor < LARGEST ? String(cursor) : null;
  }

  /**
   * A cursor of another pool, or of one with other servers, means a walk from the start.
   * @param text digits, as `isCursor` says
   */
  decode(text: string): ScanPlace {
    const cursor = BigInt(text === '' ? 0 : text);
    if (cursor <= 0n || (cursor & 0xffn) !== this.pool) return START;
    const process = Number((cursor >> POOL_BITS) & 0xffffn);
    const where = cursor >> (POOL_BITS + PROCESS_BITS);
    return { server: Number(where % this.count), place: where / this.count, process };
  }
}

/** What Redis takes for a cursor: what strtoul reads as a whole. */
export function isCursor(text: string): boolean {
  return text === '' || (/^[+-]?[0-9]{1,20}$/.test(text) && BigInt(text.replace(/^[+-]/, '')) < LARGEST);
}

/** Stands for a server's process in a cursor. @param run what is another text with every process */
export function processTag(run: string): number {
  return digest(run);
}

/** 16 bits. */
function digest(text: string): number {
  return createHash('sha256').update(text).digest().readUInt16BE(0);
}
