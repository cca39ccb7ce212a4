/** Says whether a master may still be the one: it is not sent anything when it may have been replaced. */
export interface Lease {
  /**
   * Called before anything is sent: so long as it is, the lease is kept up.
   * @param now milliseconds of the loop's clock
   * @returns false when nothing may be sent; the server is told when it may again, by `tryAgain`
   */
  holds(now: number): boolean;
  /** Requests have waited for it for a while: to whoever asks, the server is down. */
  readonly isMissed: boolean;
}
