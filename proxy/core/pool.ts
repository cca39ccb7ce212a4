import { type PoolConfig, secretsOf } from '../config/pool.ts';
import { HASHES } from '../hash/hash-kit.ts';
import { KeyRouter } from '../hash/key-router.ts';
import { COMMANDS, lookupCommand } from '../protocol/command-table.ts';
import { errorReply, REFUSED } from '../protocol/replies.ts';
import type { RequestFrame } from '../protocol/request-frame.ts';
import {
  type Link,
  type LinkOwner,
  type Listener,
  type ListenOptions,
  NO_OWNER,
  type Transport,
} from '../transport/link.ts';
import type { BufferBudget } from './base/buffer-budget.ts';
import { ownCopy } from './base/bytes.ts';
import { PoolCounters } from './base/counters.ts';
import type { Loop } from './base/loop.ts';
import { Throttle } from './base/throttle.ts';
import type { ChunkList } from './client/chunk-list.ts';
import { Client } from './client/client.ts';
import { RequestStream } from './client/request-stream.ts';
import { dispatch, keyLimitOf } from './commands/dispatch.ts';
import { Ejection } from './routing/ejection.ts';
import { TimeoutWatch } from './routing/timeout-watch.ts';
import type { ServerConnection } from './server/connection.ts';
import { Replicas } from './server/replicas.ts';
import { PoolServer, type ServerContext } from './server/server.ts';

/** Milliseconds. An application that asks for less than two things a second has hardly ever one of them on the way. */
export const LET_GO_PATIENCE = 500;

/** In place of a command's number. */
const NOT_ADMITTED = -1;

/** Which of how many workers a process is; from 1. */
export interface WorkerPlace {
  place: number;
  workers: number;
}

/** What a pool needs of the process around it. */
export interface PoolSurroundings {
  /** Absent when one process serves alone. */
  worker?: WorkerPlace;
  loop: Loop;
  transport: Transport;
  mbufSize: number;
  /** What all clients together may make the process keep. */
  budget: BufferBudget;
  /** Requests slower than this many milliseconds are reported. */
  slowAbove: number;
  log(text: string): void;
  onSlow(pool: Pool, server: PoolServer, command: string, milliseconds: number): void;
}

/** One pool: a listener, its clients, its servers and the way from a key to a server. */
export class Pool implements ServerContext {
  readonly stats = new PoolCounters(COMMANDS.length);
  readonly servers: PoolServer[];
  readonly clients = new Set<Client>();
  readonly keyLimit: number;
  /** Tells the topology watcher that a server denies being master. */
  demotionListener: ((server: PoolServer) => void) | null = null;
  /** True when one more client may come; set by whoever counts descriptors. */
  admits: (() => boolean) | null = null;
  readonly loop: Loop;
  private readonly router: KeyRouter;
  private readonly ejection: Ejection;
  private readonly timeouts: TimeoutWatch;
  private readonly listeners: Listener[] = [];

  constructor(
    readonly config: PoolConfig,
    private readonly around: PoolSurroundings,
  ) {
    this.loop = around.loop;
    this.keyLimit = keyLimitOf(around.mbufSize);
    this.servers = config.servers.map((entry, index) => new PoolServer(index, entry, this, around.slowAbove));
    if (config.readsFromReplicas)
      for (const server of this.servers) server.replicas = new Replicas(server, this, around.slowAbove);
    this.router = new KeyRouter(HASHES[config.hash], config.distribution, this.servers, config.hashTag);
    this.ejection = new Ejection(this, this.router);
    this.timeouts = new TimeoutWatch(this);
  }

  get transport(): Transport {
    return this.around.transport;
  }

  get worker(): WorkerPlace | undefined {
    return this.around.worker;
  }

  get budget(): BufferBudget {
    return this.around.budget;
  }

  /** Listens on every address of the pool or on none. @throws an Error that names the address */
  async listen(): Promise<void> {
    const { listen: address, listenText, listenTls, backlog, reusePort, tcpKeepalive } = this.config;
    const options = { address, backlog, reusePort, keepAlive: tcpKeepalive };
    await this.listenOn(listenText, options);
    if (listenTls === null) return;
    const { warn } = new Throttle((text) => this.warn(text));
    const onRefused = (remote: string, reason: string): void =>
      warn(`TLS handshake with ${remote} failed: ${reason}`);
    const tls = { config: listenTls, onRefused };
    await this.listenOn(listenTls.text, { ...options, address: listenTls.address, tls });
  }

  private async listenOn(text: string, options: ListenOptions): Promise<void> {
    try {
      const listener = await this.transport.listen(options, (link) => this.accept(link));
      this.listeners.push(listener);
    } catch (error) {
      this.stopListening();
      const { code, message } = error as NodeJS.ErrnoException;
      throw new Error(`pool '${this.config.name}' cannot listen on '${text}': ${code ?? message}`);
    }
  }

  /** Takes a client that connected somewhere, or turns it away. */
  accept(link: Link): LinkOwner {
    this.stats.totalConnections++;
    const full = this.fullBecause();
    const refusal = full === null ? null : `max number of clients reached: ${full}`;
    if (refusal !== null && this.turnAway(link, refusal)) return NO_OWNER;
    const client = new Client(link, this);
    if (refusal !== null) client.refuse(refusal);
    this.clients.add(client);
    this.stats.clientConnections++;
    return client;
  }

  /**
   * At once, not at the end of the turn: many may come in one turn, and each takes a descriptor.
   * @returns false when the link takes nothing yet, because of a TLS handshake
   */
  private turnAway(link: Link, refusal: string): boolean {
    const error = errorReply(refusal);
    if (link.write(error, 0, error.length) === 0) return false;
    this.stats.clientErrors++;
    link.finish();
    return true;
  }

  private fullBecause(): string | null {
    const { clientConnections } = this.config;
    if (clientConnections > 0 && this.clients.size >= clientConnections) {
      const share = this.worker === undefined ? '' : ` for each of ${this.worker.workers} workers`;
      return `client_connections is ${clientConnections}${share}`;
    }
    return this.admits?.() === false ? 'the limit on open files leaves no room' : null;
  }

  clientLeft(client: Client): void {
    if (this.clients.delete(client)) this.stats.clientConnections--;
  }

  dispatch(client: Client, frame: RequestFrame, buffer: Uint8Array, from: number, to: number): void {
    dispatch(this, client, frame, buffer, from, to);
  }

  /** A request routed by its first argument, whose bytes came in many chunks; the first holds the key. */
  dispatchChain(client: Client, frame: RequestFrame, chain: Uint8Array[]): void {
    const { args } = frame;
    const [first] = chain;
    const id = this.admit(client, frame, first);
    if (id === NOT_ADMITTED) return;
    const server = this.serverFor(first, args[2], args[3]);
    if (server === null) this.refuseAllEjected(client);
    else this.connectionFor(server, client, id).sendParts(client, client.tail++, id, chain);
  }

  /**
   * Begins to pass on a request routed by its first argument, of which a part has come.
   * @returns null when it was refused; its rest is to be thrown away then
   */
  openStream(client: Client, frame: RequestFrame, begun: ChunkList): RequestStream | null {
    const { args } = frame;
    const [first] = begun.chunks;
    const id = this.admit(client, frame, first);
    if (id === NOT_ADMITTED) return null;
    return new RequestStream(client, id, ownCopy(first, args[2], args[3]), begun.chunks);
  }

  /** The number of a large request's command, counted; or NOT_ADMITTED when the request was answered with its refusal. */
  private admit(client: Client, frame: RequestFrame, first: Uint8Array): number {
    const { args } = frame;
    if (client.isRestricted || args[3] - args[2] > this.keyLimit) {
      dispatch(this, client, frame, first, 0, first.length);
      return NOT_ADMITTED;
    }
    const id = lookupCommand(first, args[0], args[1]);
    this.stats.commands[id]++;
    return id;
  }

  /** The server that owns a key; null when every server is ejected. */
  serverFor(buffer: Uint8Array, from: number, to: number): PoolServer | null {
    return this.ejection.allEjected ? null : this.servers[this.router.route(buffer, from, to)];
  }

  /** Where a request for `server` goes: to its master, or if it only reads and the pool wants it so, to a replica. */
  connectionFor(server: PoolServer, client: Client, command: number): ServerConnection {
    const target = this.config.readsFromReplicas && !COMMANDS[command].write ? server.reader() : server;
    return target.pick(client.protocol);
  }

  /** Masters, and the replicas that were read from. */
  everyServer(): PoolServer[] {
    return this.servers.flatMap((server) => [server, ...(server.replicas?.all ?? [])]);
  }

  refuseAllEjected(client: Client): void {
    client.fail(client.tail++, errorReply(REFUSED));
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
    this.around.onSlow(this, server, COMMANDS[command].name, milliseconds);
  }

  warn(text: string): void {
    this.around.log(`pool '${this.config.name}': ${text}`);
  }

  /** Stops accepting; clients and servers stay. */
  stopListening(): void {
    for (const listener of this.listeners.splice(0)) listener.close();
  }

  /**
   * Lets every client that is here now go: right behind its next reply, or after `patience` milliseconds in which it has
   * asked for nothing. They may come back at once.
   */
  letGo(patience = LET_GO_PATIENCE): void {
    const told = [...this.clients];
    for (const client of told) client.leaveAfterNextReply();
    setTimeout(() => {
      for (const client of told) client.finishAfterReplies();
    }, patience).unref();
  }

  /** Takes no more clients and lets those that are here go. */
  drain(patience?: number): void {
    this.stopListening();
    this.letGo(patience);
  }

  /**
   * Takes over what another configuration says about passwords and certificates: new connections and new AUTHs go by it.
   */
  adoptSecrets(from: PoolConfig): void {
    const { config } = this;
    Object.assign(config, secretsOf(from));
    for (const key of ['listenTls', 'serverTls', 'sentinelTls'] as const) {
      const [tls, other] = [config[key], from[key]];
      if (tls !== null && other !== null) tls.credentials = other.credentials;
    }
    for (const listener of this.listeners) listener.renewCertificates();
  }

  close(): void {
    this.stopListening();
    this.timeouts.stop();
    this.ejection.stop();
    for (const server of this.servers) server.close();
    for (const client of [...this.clients]) client.abort();
  }
}
