/**
 * What one redis may use memory for, all of it derived from `redis.maxmemory`. Redis bounds its data by itself; everything
 * beside it is bounded here, so that nothing a client sends, asks for or does not read gets the process killed.
 *
 * A value of v bytes costs, while it is written: v in the data (counted by maxmemory), and v each for the replicas' stream,
 * the AOF's record, the AOF's buffer, and on a replica the query buffer (measured with 7.0.15).
 */
import type { RedisSettings } from './types.ts';

const COPIES_OF_A_REQUEST = 4;
/** The process without data: its tables, threads and stacks. */
const PROCESS_MB = 24;
/** The guard and the healthcheck, which run in the same container. */
const BESIDE_MB = 48;
const LEAST_REQUEST_MB = 2;
/** Redis' own proto-max-bulk-len. */
const MOST_REQUEST_MB = 512;
const MOST_REPLICA_OUTPUT_MB = 512;

/** Shares of a redis' memory, in MB. */
export interface RedisMemory {
  /** Largest request, and so the largest value: `proto-max-bulk-len`. */
  readonly requestMb: number;
  /** All clients together: `maxmemory-clients`. Above, the one with most is closed. */
  readonly clientsMb: number;
  /** Requests of one client that are not carried out yet: `client-query-buffer-limit`. */
  readonly queryMb: number;
  /** Replies that one client has not read: `client-output-buffer-limit normal` and `pubsub`. */
  readonly outputMb: number;
  /** Writes that a replica has not taken; all replicas share one buffer. Below the backlog redis would ignore it. */
  readonly replicaOutputMb: number;
  /** What a fork may copy while the AOF is rewritten or a replica is sent everything. */
  readonly forkMb: number;
  /** Limit of the container. */
  readonly containerMb: number;
}

/** Pure; every figure grows with `maxmemory`. */
export function redisMemory({
  maxmemoryMb,
  replBacklogMb,
}: Pick<RedisSettings, 'maxmemoryMb' | 'replBacklogMb'>): RedisMemory {
  const requestMb = clamp(largestRequest(maxmemoryMb), LEAST_REQUEST_MB, MOST_REQUEST_MB);
  // The connection of a proxy is many clients' at once: each of three may carry the largest value without another being cut.
  const clientsMb = 4 * requestMb;
  const queryMb = 2 * requestMb;
  const outputMb = 2 * requestMb;
  const replicaOutputMb = Math.max(
    replBacklogMb,
    Math.min(Math.ceil(maxmemoryMb / 4), MOST_REPLICA_OUTPUT_MB),
  );
  // A command may begin when its clients are just below their limit, and then add its own reply and one value.
  const clientsAtMostMb = clientsMb + outputMb + requestMb;
  const forkMb = maxmemoryMb;
  const containerMb =
    maxmemoryMb +
    fragmentation(maxmemoryMb) +
    forkMb +
    clientsAtMostMb +
    replicaOutputMb +
    COPIES_OF_A_REQUEST * requestMb +
    PROCESS_MB +
    BESIDE_MB;
  return { requestMb, clientsMb, queryMb, outputMb, replicaOutputMb, forkMb, containerMb };
}

/** An eighth of a small redis, a sixteenth of a large one. */
const largestRequest = (maxmemoryMb: number): number =>
  Math.floor(Math.min(maxmemoryMb / 8, Math.max(64, maxmemoryMb / 16)));

/** What the allocator holds beyond what it gave out. */
const fragmentation = (mb: number): number => Math.ceil(mb / 8);

const clamp = (value: number, least: number, most: number): number => Math.min(most, Math.max(least, value));
