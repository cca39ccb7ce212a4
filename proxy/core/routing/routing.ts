import type { PoolConfig } from '../../config/pool.ts';
import { HASHES } from '../../hash/hash-kit.ts';
import { KeyRouter } from '../../hash/key-router.ts';
import { COMMANDS } from '../../protocol/command-table.ts';
import type { Transport } from '../../transport/link.ts';
import type { BufferBudget } from '../base/buffer-budget.ts';
import type { PoolCounters } from '../base/counters.ts';
import type { Loop } from '../base/loop.ts';
import type { ServerConnection } from '../server/connection.ts';
import { isOwnLane, type Lane } from '../server/lane.ts';
import { Replicas } from '../server/replicas.ts';
import { ScriptCache } from '../server/script-cache.ts';
import { PoolServer, type ServerContext } from '../server/server.ts';
import { Ejection } from './ejection.ts';
import { LearntCommands } from './learnt-commands.ts';
import { PoolFigures } from './server-figures.ts';
import { TimeoutWatch } from './timeout-watch.ts';

/** What the servers of a pool need around them. */
export interface RoutingContext {
  readonly config: PoolConfig;
  readonly loop: Loop;
  readonly transport: Transport;
  readonly budget: BufferBudget;
  readonly stats: PoolCounters;
  /** Requests slower than this many milliseconds are reported. */
  readonly slowAbove: number;
  onSlow(server: PoolServer, command: number, milliseconds: number): void;
  warn(text: string): void;
}

/** The servers of a pool and the way from a key to one of them, and from there to a connection. */
export class Routing implements ServerContext {
  readonly servers: PoolServer[];
  readonly config: PoolConfig;
  readonly loop: Loop;
  readonly transport: Transport;
  readonly budget: BufferBudget;
  readonly scripts: ScriptCache;
  /** Told when a server denies being master. */
  demotionListener: ((server: PoolServer) => void) | null = null;
  /** What the servers say of themselves. */
  readonly figures: PoolFigures;
  /** Commands of theirs that the proxy's own table does not have. */
  readonly learnt: LearntCommands;
  private readonly router: KeyRouter;
  private readonly ejection: Ejection;
  private readonly timeouts: TimeoutWatch;

  constructor(private readonly around: RoutingContext) {
    const { budget, config, loop, slowAbove, stats, transport } = around;
    this.config = config;
    this.loop = loop;
    this.transport = transport;
    this.budget = budget;
    this.scripts = new ScriptCache(config.scriptCache, budget);
    this.servers = config.servers.map((entry, index) => new PoolServer(index, entry, this, slowAbove));
    if (config.readsFromReplicas)
      for (const server of this.servers) server.replicas = new Replicas(server, this, slowAbove);
    this.router = new KeyRouter(HASHES[config.hash], config.distribution, this.servers, config.hashTag);
    const { servers } = this;
    this.figures = new PoolFigures(servers, loop);
    this.learnt = new LearntCommands(servers, loop);
    const warn = (text: string): void => around.warn(text);
    this.ejection = new Ejection({ config, servers, stats, transport, warn }, this.router);
    this.timeouts = new TimeoutWatch({ config, loop, everyServer: () => this.everyServer() });
  }

  /** The server that owns the key `buffer[from, to)`; null when every server is ejected. */
  serverFor(buffer: Uint8Array, from: number, to: number): PoolServer | null {
    return this.ejection.allEjected ? null : this.servers[this.router.route(buffer, from, to)];
  }

  /** True when all keys that begin with `buffer[from, to)` live where `serverFor` says that it does. */
  settles(buffer: Uint8Array, from: number, to: number): boolean {
    return this.router.settles(buffer, from, to);
  }

  /**
   * Where a request for `server` goes: to its master, or if it only reads and the pool wants it so, to a replica.
   * @param lane that of the client
   * @param command the command's id
   */
  connectionFor(server: PoolServer, lane: Lane, command: number): ServerConnection {
    const mayRead = this.config.readsFromReplicas && !COMMANDS[command].write && !isOwnLane(lane);
    return (mayRead ? server.reader() : server).pick(lane);
  }

  /** Masters, and the replicas that were read from. */
  everyServer(): PoolServer[] {
    return this.servers.flatMap((server) => [server, ...(server.replicas?.all ?? [])]);
  }

  watchTimeouts(): void {
    this.timeouts.start();
  }

  onFailure(server: PoolServer): void {
    this.ejection.onFailure(server);
  }

  onDemoted(server: PoolServer): void {
    this.demotionListener?.(server);
  }

  onSlow(server: PoolServer, command: number, milliseconds: number): void {
    this.around.onSlow(server, command, milliseconds);
  }

  warn(text: string): void {
    this.around.warn(text);
  }

  close(): void {
    this.timeouts.stop();
    this.ejection.stop();
    this.figures.close();
    this.learnt.close();
    for (const server of this.servers) server.close();
    this.scripts.clear();
  }
}
