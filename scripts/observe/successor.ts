/** What a sentinel tells of a replica, as far as it decides whether that may be promoted (SENTINEL REPLICAS). */
export interface Candidate {
  readonly address: string;
  readonly flags: readonly string[];
  readonly priority: number;
  /** Milliseconds since its link to the master was up; 0 while it is. */
  readonly linkDownMs: number;
}

/** What a sentinel tells of a master that it takes for down. */
export interface DownMaster {
  /** Milliseconds since it took it for down. */
  readonly downMs: number;
  readonly downAfterMs: number;
}

/**
 * Why a sentinel would not promote a replica; undefined when nothing it tells speaks against it. Its rules are those of
 * Redis 7, sentinel.c, sentinelSelectSlave().
 */
export function whyNotPromoted(replica: Candidate, master: DownMaster): string | undefined {
  const down = replica.flags.filter(
    (flag) => flag === 's_down' || flag === 'o_down' || flag === 'disconnected',
  );
  if (down.length > 0) return `it is taken for ${down.join(', ')}`;
  if (replica.priority === 0) return 'its replica-priority is 0: it is not to be promoted now';
  const limit = 10 * master.downAfterMs + master.downMs;
  if (replica.linkDownMs > limit) {
    return `its link to the master has been down for ${seconds(replica.linkDownMs)}, at most ${seconds(limit)} are allowed`;
  }
  return undefined;
}

const seconds = (ms: number): string => `${(ms / 1000).toFixed(1)} s`;
