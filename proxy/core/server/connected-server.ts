import type { Address, PoolConfig } from '../../config/pool.ts';
import type { Transport } from '../../transport/link.ts';
import type { BufferBudget } from '../base/buffer-budget.ts';
import type { ServerCounters } from '../base/counters.ts';
import type { Loop } from '../base/loop.ts';
import type { Lease } from './lease.ts';
import type { ScriptCache } from './script-cache.ts';

/** Why a connection ended, as the statistics count it. */
export type EndKind = 'eof' | 'error' | 'timeout';

/** What the connections of a server need of it. */
export interface ConnectedServer {
  readonly name: string;
  readonly address: Address;
  readonly config: PoolConfig;
  readonly loop: Loop;
  readonly budget: BufferBudget;
  readonly transport: Transport;
  /** What clients of the pool have EVALSHA name. */
  readonly scripts: ScriptCache;
  readonly counters: ServerCounters;
  /** Requests wait: a majority of sentinels says that the master is gone, or nobody has named one yet. */
  readonly mustWait: boolean;
  /** Whether its master may still be the one; null where nobody can tell. */
  readonly lease: Lease | null;
  /** True when requests wait for a master instead of failing. */
  readonly holds: boolean;
  /** True for the masters of pools that follow Sentinel. */
  readonly followed: boolean;
  mayConnect(): boolean;
  /** Requests wait somewhere: timeouts must be watched from now on. */
  watchTimeouts(): void;
  /** One reply was passed on. `queuedAt` is when its request was queued. */
  answered(queuedAt: number, bytes: number, command: number): void;
  /** True for errors after which the connection is dropped. */
  errorIsFailure(buffer: Uint8Array, from: number, to: number): boolean;
  /** An error reply is about to be passed on. */
  onErrorReply(buffer: Uint8Array, from: number): void;
  onReady(): void;
  /** @param fault the whole sentence, where there is more to say than the code */
  onConnectFailed(code: string, fault: string | null): void;
  onEnd(kind: EndKind, busy: boolean): void;
  /** The server said that it is not the master. */
  onDemoted(): void;
  /** Says it once, until the server speaks again; for kinds that begin with `no-` once and for all. */
  warnOnce(kind: string, text: string): void;
}
