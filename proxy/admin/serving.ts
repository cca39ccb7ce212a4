import type { PoolConfig } from '../config/pool.ts';
import type { Snapshot } from './snapshot.ts';

/** A change of the log that every process which writes it must follow. */
export type LogChange = 'reopen' | 'more' | 'less';

/** What serves the pools: this process, or workers under its supervision. */
export interface Serving {
  /** Starts all pools or none. @throws Error naming what could not be had */
  start(configs: readonly PoolConfig[]): Promise<void>;
  /** Goes over to another configuration. @throws Error when that cannot be; everything is as before then */
  reload(configs: readonly PoolConfig[]): Promise<void>;
  /** Lets all clients go, right behind their next replies; they are welcome back. */
  letGo(): void;
  /** Stops accepting and lets clients go; resolves when all have gone, or after `limit` milliseconds. */
  drain(limit: number): Promise<void>;
  /** The log of this process has changed; to be followed where it is not the only one. */
  logChanged(change: LogChange): void;
  snapshot(): Promise<Snapshot>;
}
