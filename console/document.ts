import type { Role } from '../topology/types.ts';

/**
 * What the console's page is told. Shared by the server and the page, so nothing here is of Node. Times are milliseconds
 * since 1970 on the clock of the machine that the console runs on.
 */

/** One thing that keeps the stack from being whole. */
export interface ConsoleProblem {
  /** Member, shard, pool or address it is about. */
  readonly subject: string;
  readonly what: string;
}

export interface ConsoleMember {
  readonly name: string;
  readonly kind: Role;
  readonly domain: string;
  readonly address: string;
  /** Redis only. */
  readonly shard?: string;
  /** As `status` says it: `master`, `replica`, `edge (VIP)`, `proxy` …; `?` when nobody knows. */
  readonly role: string;
  /** As `status` says it: healthy, unhealthy, starting, silent, busy, absent, exited … */
  readonly health: string;
  /** Whether it is as it should be. */
  readonly well: boolean;
  /** Edge: whether it holds the VIP, or one of several. */
  readonly holdsVip: boolean;
  /** Edge, where there are several VIPs: those that it holds. */
  readonly vips?: readonly string[];
  readonly error?: string;
  readonly restarts: number;
  readonly oomKilled: boolean;
  /** Redis only. */
  readonly version?: string;
  readonly keys?: number;
  /** Replica only: bytes of its master's stream that it has not applied. */
  readonly lagBytes?: number;
}

/** What one sentinel says of one shard. */
export interface Opinion {
  readonly sentinel: string;
  readonly shard: string;
  /** Name of the member that it takes for the master, or the address when that is no member's. */
  readonly master: string;
  /** What it thinks of it besides: s_down, o_down, failover_in_progress …; empty = nothing is the matter. */
  readonly flags: readonly string[];
  readonly tilt: boolean;
}

/** Something that a monitor of the stack raises. */
export interface ConsoleAlert {
  readonly name: string;
  readonly severity: 'critical' | 'warning';
  readonly since: number;
  readonly summary: string;
  /** What to do about it; commands stand between backticks. */
  readonly action: string;
}

/** Something that changed while the console looked. */
export interface ConsoleEvent {
  readonly at: number;
  /** Member, shard, VIP or the stack itself. */
  readonly subject: string;
  readonly what: string;
  readonly tone: 'good' | 'bad' | 'plain';
}

/** A time during which somebody was something: the master of a shard, the holder of the VIP. */
export interface Span {
  readonly from: number;
  /** undefined: it still is. */
  readonly to?: number;
  /** Members, more than one when there were more; empty when there was none. */
  readonly holders: readonly string[];
}

/** Spans of one office, oldest first. */
export interface Lane {
  /** `VIP` (with several `VIP` and the address), or a shard's name. */
  readonly name: string;
  readonly spans: readonly Span[];
}

export interface ConsoleState {
  readonly at: number;
  readonly stack: string;
  readonly vip: string;
  /** All of them, where there are several. */
  readonly vips?: readonly string[];
  readonly domains: readonly string[];
  readonly shards: readonly string[];
  readonly pools: ReadonlyArray<{
    readonly name: string;
    readonly port: number;
    readonly answers: boolean;
    readonly shards: readonly string[];
  }>;
  readonly members: readonly ConsoleMember[];
  readonly opinions: readonly Opinion[];
  readonly problems: readonly ConsoleProblem[];
  /** What the stack's monitors raise; `silent` when none answers, undefined when the stack has none. */
  readonly alerts?: readonly ConsoleAlert[] | 'silent';
  readonly events: readonly ConsoleEvent[];
  readonly lanes: readonly Lane[];
  /** What may be done from here; empty unless the console was started with --allow-actions. */
  readonly actions: readonly string[];
}

/** Traffic of a pool, or of a pool at one shard, since the sample before. */
export interface Traffic {
  /** A second. */
  readonly requests: number;
  /** Milliseconds from queueing a request to its reply, as the proxies' histograms tell; undefined without requests. */
  readonly p50?: number;
  readonly p99?: number;
}

export interface PoolSample extends Traffic {
  readonly clients: number;
  readonly shards: Readonly<Record<string, Traffic>>;
}

/** A redis-server's own account. */
export interface RedisSample {
  /** Commands a second, replication included. */
  readonly commands: number;
  /** Bytes, and the limit of `maxmemory`, 0 = none. */
  readonly usedMemory: number;
  readonly maxMemory: number;
  readonly clients: number;
}

/** One second of the stack's life. */
export interface Sample {
  readonly at: number;
  readonly pools: Readonly<Record<string, PoolSample>>;
  /** By member; one that does not answer is absent. */
  readonly redis: Readonly<Record<string, RedisSample>>;
}

/** A request that took long, as a redis-server's slow log has it. */
export interface SlowRequest {
  readonly member: string;
  readonly at: number;
  readonly milliseconds: number;
  /** Name of the command and how many arguments; what they say is the application's own business. */
  readonly command: string;
}

export interface BigKey {
  readonly key: string;
  readonly type: string;
  readonly bytes: number;
}

/** The largest of those keys of a shard that were looked at. */
export interface BigKeys {
  readonly shard: string;
  readonly member: string;
  readonly looked: number;
  readonly keys: readonly BigKey[];
}

/** A line that an action printed, or its end. */
export interface ActionLine {
  readonly action: string;
  readonly line?: string;
  /** Its exit code, once it has ended. */
  readonly exitCode?: number;
}
