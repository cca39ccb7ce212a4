/** What one of several clients does next: sends requests in one go, or leaves and comes back as somebody new. */
export type Step =
  | { readonly client: number; readonly requests: readonly Words[] }
  | { readonly client: number; readonly leaves: true };

export type Words = readonly string[];

/** Where a program is carried out, as far as it decides on what is served. */
export interface Setting {
  readonly servers: 1 | 2;
  /** Keys and channels live on both servers, not all on one. */
  readonly isSpread?: boolean;
  /** The pool lets a transaction without WATCH go to several servers (`transactions: per_shard`). */
  readonly inParts?: boolean;
  /** The servers are restarted in between, with what they hold. */
  readonly restarts?: boolean;
}

/** Stands for what the server calls client `n`. */
export const idOf = (n: number): string => `<id of ${n}>`;

export const CLIENTS = 4;
