/**
 * Ports of a stack on several hosts. Its members share their host's address, so each has a port of its own, from one block
 * of a hundred per stack. A port follows from a role and a position in the file alone, so nothing that is added moves one.
 *
 *     +0 edge's ops · +1 proxy's stats · +2 sentinel · +10+i pool i on the proxies · +20+s redis of shard s · +60+s its guard
 */
import type { PoolSpec, ProxyMember } from './types.ts';

export const BLOCK_SIZE = 100;
/** Below the range from which Linux takes ports for outgoing connections (ip_local_port_range begins at 32768). */
export const LAST_BLOCK = 32768 - BLOCK_SIZE;
/** Members have no capability to listen below this. */
export const FIRST_UNPRIVILEGED = 1024;
export const DEFAULT_BLOCK = 7000;
/** As many as have room in the block. */
export const MOST_POOLS = 10;
export const MOST_SHARDS = 40;

const POOLS = 10;
const REDIS = 20;
const GUARDS = 60;

/** Ports of members, by the position of a pool or a shard. */
export interface MemberPorts {
  readonly ops: number;
  readonly stats: number;
  readonly sentinel: number;
  redis(shard: number): number;
  guard(shard: number): number;
}

/** The ports of a block. @param first its first one */
export function blockPorts(first: number): MemberPorts & { pool(index: number): number } {
  return {
    ops: first,
    stats: first + 1,
    sentinel: first + 2,
    pool: (index) => first + POOLS + index,
    redis: (shard) => first + REDIS + shard,
    guard: (shard) => first + GUARDS + shard,
  };
}

/** Where a proxy serves a pool. */
export function proxyPort(proxy: ProxyMember, pool: Pick<PoolSpec, 'name' | 'listen'>): number {
  return proxy.poolPorts?.[pool.name] ?? pool.listen;
}
