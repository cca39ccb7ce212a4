import type { Address, PoolConfig, ServerEntry } from '../../config/pool.ts';
import type { Transport } from '../../transport/link.ts';
import type { BufferBudget } from '../base/buffer-budget.ts';
import { LATENCY_BUCKETS, ServerCounters } from '../base/counters.ts';
import type { Loop } from '../base/loop.ts';
import { ConfirmingConnection } from './confirming-connection.ts';
import type { ConnectedServer, EndKind } from './connected-server.ts';
import { ServerConnection } from './connection.ts';
import { DatabaseConnections } from './database-connections.ts';
import { FIRST_LANE, FIRST_LANE_RESP3, isOwnLane, type Lane, sharedLane } from './lane.ts';
import { LargeConnections } from './large-connections.ts';
import type { Lease } from './lease.ts';
import type { Subscriber } from './listening-kind.ts';
import { OwnConnections } from './own-connections.ts';
import { PinnedConnections } from './pinned-connections.ts';
import type { ScriptCache } from './script-cache.ts';
import { SubscribingConnection } from './subscribing-connection.ts';

const LOADING = Buffer.from('-LOADING ');

function startsWith(buffer: Uint8Array, from: number, beginning: Uint8Array): boolean {
  for (let i = 0; i < beginning.length; i++) if (buffer[from + i] !== beginning[i]) return false;
  return true;
}

/** What a server needs of the pool around it. */
export interface ServerContext {
  readonly config: PoolConfig;
  readonly loop: Loop;
  readonly budget: BufferBudget;
  readonly transport: Transport;
  readonly scripts: ScriptCache;
  /** Requests wait somewhere: timeouts must be watched from now on. */
  watchTimeouts(): void;
  onFailure(server: PoolServer): void;
  /** The server said that it is not the master. */
  onDemoted(server: PoolServer): void;
  onSlow(server: PoolServer, command: number, milliseconds: number): void;
  warn(text: string): void;
}

/** The replicas of a server that may be read from, in turn. */
export interface ReadReplicas {
  /** Every replica that was ever read from. */
  readonly all: readonly ReplicaServer[];
  isUsable(replica: ReplicaServer): boolean;
  /** Whose turn it is; null when none may be read from. */
  take(): PoolServer | null;
  /** Reads from these from now on. The others are left at once, with what they have not answered. */
  use(addresses: readonly Address[]): void;
  close(): void;
}

/** A replica that is read from, by its place `host:port`. */
export type ReplicaServer = PoolServer & { readonly place: string };

/**
 * One server of a pool (with Sentinel: one shard, whoever its master is). Its name places it on the ring and never
 * changes; its address may.
 */
export class PoolServer implements ConnectedServer {
  readonly counters = new ServerCounters();
  readonly connections: ServerConnection[] = [];
  address: Address;
  /** Failures in a row, for ejection. */
  failures = 0;
  /** Those that the reply at hand does not end. */
  private failuresKept = 0;
  live = true;
  /** Requests wait: a majority of sentinels says that the master is gone, or nobody has named one yet. */
  mustWait = false;
  /** Whether its master may still be the one; null where nobody can tell. */
  lease: Lease | null = null;
  /** Which sentinels name a master that is not one of its members, in words; null in pools that list no members. */
  strangeMasters: readonly string[] | null = null;
  /** Where reads may go instead; null in pools that read from the master. */
  replicas: ReadReplicas | null = null;
  /** True when requests wait for a master instead of failing. */
  readonly holds: boolean;
  readonly config: PoolConfig;
  readonly loop: Loop;
  private next = 0;
  private readonly slowAbove: number;
  private readonly resp3: ServerConnection[] = [];
  private readonly otherDatabases: DatabaseConnections;
  /** Connections that requests too large to be kept pass through. */
  readonly large = new LargeConnections((lane) => this.newConnection(lane, false));
  /** Connections that one client has to itself for a while. */
  readonly pinned = new PinnedConnections((lane) => this.newConnection(lane, false));
  /** Connections that one client each has for good. */
  readonly own = new OwnConnections((lane) => this.newConnection(lane, false));
  /** One for each client that listens to channels of this server. */
  private readonly subscribing = new Set<SubscribingConnection>();
  private readonly warned = new Set<string>();

  constructor(
    readonly index: number,
    readonly entry: ServerEntry,
    private readonly context: ServerContext,
    slowAbove: number,
    /** True for the masters of pools that follow Sentinel. */
    readonly followed = context.config.sentinels.length > 0,
  ) {
    this.config = context.config;
    this.loop = context.loop;
    this.address = entry.address;
    this.holds = followed && context.config.failoverHold > 0;
    this.slowAbove = slowAbove;
    this.otherDatabases = new DatabaseConnections(this.loop);
  }

  get name(): string {
    return this.entry.name;
  }

  get weight(): number {
    return this.entry.weight;
  }

  get budget(): BufferBudget {
    return this.context.budget;
  }

  get transport(): Transport {
    return this.context.transport;
  }

  get scripts(): ScriptCache {
    return this.context.scripts;
  }

  /** The connection for the next request: a new one until there are `server_connections`, then in turn. */
  pick(lane: Lane): ServerConnection {
    const connections =
      lane === FIRST_LANE ? this.connections : lane === FIRST_LANE_RESP3 ? this.resp3 : this.others(lane);
    if (!Array.isArray(connections)) return connections;
    const limit = this.config.serverConnections;
    if (connections.length < limit) {
      const connection = this.newConnection(lane, true);
      connections.push(connection);
      return connection;
    }
    if (limit === 1) return connections[0];
    this.next = (this.next + 1) % limit;
    return connections[this.next];
  }

  /** Those in other databases, or the one of a client that has its own. */
  private others(lane: Lane): ServerConnection[] | ServerConnection {
    if (!isOwnLane(lane)) return this.otherDatabases.of(lane);
    // a client that has left may still have something to ask
    return this.own.pick(lane) ?? this.pick(sharedLane(lane));
  }

  protected newConnection(lane: Lane, isShared: boolean): ServerConnection {
    const Kind = this.config.waitReplicas > 0 ? ConfirmingConnection : ServerConnection;
    return new Kind(this, lane, isShared);
  }

  /** Who answers the next request that only reads. */
  reader(): PoolServer {
    return this.replicas?.take() ?? this;
  }

  /** Every connection, whatever it speaks and whichever database it is in. */
  get all(): ServerConnection[] {
    const { connections, large, otherDatabases, own, pinned, resp3 } = this;
    if (resp3.length + large.all.length + pinned.all.length === 0 && otherDatabases.isEmpty && own.isEmpty)
      return connections;
    return [...connections, ...resp3, ...otherDatabases.all, ...large.all, ...pinned.all, ...own.all];
  }

  /** Closes connections in other databases than the first that nobody has used for long at `now`. */
  closeIdle(now: number): void {
    this.otherDatabases.look(now);
  }

  /** A connection for `subscriber` to listen on; null when `most` do already. To be given back with `unsubscribe`. */
  subscribe(subscriber: Subscriber, most: number): SubscribingConnection | null {
    if (this.subscribing.size >= most) return null;
    const connection = new SubscribingConnection(this, subscriber);
    this.subscribing.add(connection);
    return connection;
  }

  /** Closes a connection that a client listens on. */
  unsubscribe(connection: SubscribingConnection): void {
    this.subscribing.delete(connection);
    connection.close();
  }

  mayConnect(): boolean {
    return true;
  }

  watchTimeouts(): void {
    this.context.watchTimeouts();
  }

  /** One reply was passed on. `queuedAt` is when its request was queued. */
  answered(queuedAt: number, bytes: number, command: number): void {
    const { counters } = this;
    this.failures = this.failuresKept;
    this.failuresKept = 0;
    counters.responses++;
    counters.responseBytes += bytes;
    const milliseconds = this.loop.now() - queuedAt;
    counters.latencySum += milliseconds;
    const bucket = 32 - Math.clz32((milliseconds * 1000) | 0);
    counters.latency[bucket < LATENCY_BUCKETS ? bucket : LATENCY_BUCKETS - 1]++;
    if (milliseconds >= this.slowAbove) this.context.onSlow(this, command, milliseconds);
  }

  /** True for an error reply that is not for the client: the connection is given up. A master's are all the client's. */
  errorIsFailure(_buffer: Uint8Array, _from: number, _to: number): boolean {
    return false;
  }

  /**
   * An error reply is about to be passed on. One that says that the server is of no use to anybody counts towards its
   * ejection; a full or busy one is there, and has its say.
   */
  onErrorReply(buffer: Uint8Array, from: number): void {
    if (!this.config.autoEjectHosts || !startsWith(buffer, from, LOADING)) return;
    this.context.onFailure(this);
    this.failuresKept = this.failures;
  }

  onReady(): void {
    for (const kind of this.warned) if (!kind.startsWith('no-')) this.warned.delete(kind);
  }

  /** @param fault the whole sentence, where there is more to say than the code */
  onConnectFailed(code: string, fault: string | null): void {
    this.counters.errors++;
    this.warnOnce(fault ?? code, fault ?? `server '${this.name}' cannot be reached: ${code}`);
    this.context.onFailure(this);
  }

  /** A connection ended. One that was idle and was closed in order is no failure: Redis' `timeout` does that. */
  onEnd(kind: EndKind, busy: boolean): void {
    if (kind === 'eof') this.counters.eof++;
    else if (kind === 'timeout') this.counters.timedOut++;
    else this.counters.errors++;
    if (busy || kind !== 'eof') this.context.onFailure(this);
  }

  onDemoted(): void {
    this.context.onDemoted(this);
  }

  /** Serves from another address: everything to the old one is closed, what waits goes to the new one. */
  moveTo(address: Address): void {
    this.address = address;
    this.mustWait = false;
    this.warned.clear();
    this.replicas?.use([]);
    for (const connection of this.all) {
      connection.end('error', 'the master has changed');
      connection.held.endPause();
    }
    for (const connection of this.subscribing) connection.startOver();
  }

  /** Sends nothing until `release` or `moveTo`. */
  wait(): void {
    this.mustWait = true;
    this.replicas?.use([]);
  }

  release(): void {
    if (!this.mustWait) return;
    this.mustWait = false;
    this.tryAgain();
  }

  /** What was refused, or waits for the next attempt, is sent now. */
  tryAgain(): void {
    for (const connection of this.all) connection.held.endPause();
    for (const connection of this.subscribing) connection.tryAgain();
  }

  /** Opens the first connection ahead of the first request. */
  preconnect(): void {
    this.pick(FIRST_LANE).connect();
  }

  close(): void {
    for (const connection of this.subscribing) this.unsubscribe(connection);
    // what replicas have not answered goes to the master, and ends there
    this.replicas?.close();
    for (const connection of this.all) {
      connection.end('eof', 'the proxy is shutting down');
      connection.held.stop();
      connection.drop();
    }
    this.otherDatabases.stop();
    this.own.stop();
  }

  /** Says it once, until the server speaks again; for kinds that begin with `no-` once and for all. */
  warnOnce(kind: string, text: string): void {
    if (this.warned.has(kind)) return;
    this.warned.add(kind);
    this.context.warn(text);
  }
}
