/**
 * For how long a proxy may read from a master that W − 1 replicas have confirmed, or a majority of sentinels named, counted
 * from when it asked. The same as in proxy/topology/master-lease.ts. Milliseconds.
 */
export const REPLICAS_LEASE_MS = 300;
export const SENTINELS_LEASE_MS = 150;

/** What a vote tells of the leases that its member may have had a part in. */
export interface LeaseEnd {
  /** Milliseconds for which it had got nothing from the master it followed when it voted: it confirmed nothing later. */
  readonly silentMs?: number;
  /** It was the master itself, and has cut its clients: nobody reads from it any more. */
  readonly cut?: boolean;
}

/**
 * How long a member that has its votes waits until it becomes master, so that no proxy reads from the old one when the new
 * one acknowledges its first write. As with the leases of Raft's leaders: among the members that confirmed a lease is one
 * that voted, and it confirms nothing after its vote.
 * @param votes of every voter, the candidate included; one of an older version that does not tell counts as just heard
 * @param sinceSelectedMs since the sentinels chose somebody, at least: a majority had lost the master by then
 * @returns milliseconds, 0 = at once
 */
export function leaseLeft(votes: readonly LeaseEnd[], sinceSelectedMs: number): number {
  if (votes.some(({ cut }) => cut === true)) return 0;
  const silent = Math.min(...votes.map(({ silentMs }) => silentMs ?? 0));
  return Math.max(0, REPLICAS_LEASE_MS - silent, SENTINELS_LEASE_MS - sinceSelectedMs);
}
