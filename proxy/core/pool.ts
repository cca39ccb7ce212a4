import { Networks } from '../config/networks.ts';
import { type PoolConfig, secretsOf } from '../config/pool.ts';
import { COMMANDS } from '../protocol/command-table.ts';
import { errorReply } from '../protocol/replies.ts';
import {
  type Link,
  type LinkOwner,
  type ListenOptions,
  NO_OWNER,
  type Transport,
} from '../transport/link.ts';
import type { BufferBudget } from './base/buffer-budget.ts';
import { PoolCounters } from './base/counters.ts';
import { Door, type Host, type OpenDoors, plainOptions } from './base/doors.ts';
import type { Loop } from './base/loop.ts';
import { Throttle } from './base/throttle.ts';
import { Client, type ClientPool } from './client/client.ts';
import { ClientWatch } from './client/client-watch.ts';
import { HeaderAwaited } from './client/header-awaited.ts';
import { WrongPasswords } from './client/wrong-passwords.ts';
import { blockedIn } from './commands/blocked.ts';
import { keyLimitOf } from './commands/dispatch.ts';
import { pauseNewcomer } from './commands/pause.ts';
import type { Others, WorkerPlace } from './commands/session.ts';
import { Routing, type RoutingContext } from './routing/routing.ts';
import type { PoolServer } from './server/server.ts';

/** Milliseconds. An application that asks for less than two things a second has hardly ever one of them on the way. */
export const LET_GO_PATIENCE = 500;

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

/** One pool: a listener, its clients, and the servers behind it. */
export class Pool implements ClientPool, RoutingContext {
  readonly stats = new PoolCounters(COMMANDS.length);
  readonly clients = new Set<Client>();
  readonly keyLimit: number;
  /** True when one more client may come; set by whoever counts descriptors. */
  admits: (() => boolean) | null = null;
  /** The other processes that serve it; set by whoever knows them. */
  others: Others | null = null;
  firstId = 0;
  readonly loop: Loop;
  readonly transport: Transport;
  readonly budget: BufferBudget;
  readonly slowAbove: number;
  readonly worker?: WorkerPlace;
  readonly routing: Routing;
  readonly clientWatch = new ClientWatch(() => this.loop.now());
  readonly wrongPasswords: WrongPasswords;
  private readonly doors: Door[] = [];
  /** Who may say whose a connection is; null = nobody. */
  private readonly senders: Networks | null;
  /** As `warn`, for what strangers can cause as often as they like. */
  readonly warnOfClients = new Throttle((text) => this.warn(text)).warn;

  constructor(
    readonly config: PoolConfig,
    private readonly around: PoolSurroundings,
  ) {
    this.loop = around.loop;
    this.transport = around.transport;
    this.budget = around.budget;
    this.slowAbove = around.slowAbove;
    this.worker = around.worker;
    const warn = (text: string): void => this.warn(text);
    this.wrongPasswords = new WrongPasswords(this.warnOfClients, warn, around.worker?.workers ?? 1);
    const { proxyProtocolNetworks } = config;
    this.senders = proxyProtocolNetworks.length === 0 ? null : new Networks(proxyProtocolNetworks);
    this.keyLimit = keyLimitOf(around.mbufSize);
    this.routing = new Routing(this);
  }

  /** One for each server of the configuration. */
  get servers(): readonly PoolServer[] {
    return this.routing.servers;
  }

  /**
   * Listens on every address of the pool or on none.
   * @param open where others have listened, and the pool may go on
   * @throws an Error that names the address
   */
  async listen(open?: OpenDoors): Promise<void> {
    const { listenText, listenTls } = this.config;
    const options = plainOptions(this.config);
    await this.listenOn(listenText, options, this, open);
    if (listenTls === null) return;
    const { warn } = new Throttle((text) => this.warn(text));
    const onRefused = (remote: string, reason: string): void =>
      warn(`TLS handshake with ${remote} failed: ${reason}`);
    const tls = { config: listenTls, onRefused };
    // a header would stand before the handshake, where it is not looked for
    const host: Host = { accept: (link) => this.admit(link) ?? NO_OWNER };
    await this.listenOn(listenTls.text, { ...options, address: listenTls.address, tls }, host);
  }

  private async listenOn(text: string, options: ListenOptions, host: Host, open?: OpenDoors): Promise<void> {
    try {
      const door = open?.take(options) ?? (await Door.open(this.transport, options, host));
      door.leadTo(host);
      this.doors.push(door);
    } catch (error) {
      this.stopListening();
      const { code, message } = error as NodeJS.ErrnoException;
      throw new Error(`pool '${this.config.name}' cannot listen on '${text}': ${code ?? message}`);
    }
  }

  /** Takes a client that connected somewhere, or turns it away. Its first bytes may say whose connection it is. */
  accept(link: Link): LinkOwner {
    const client = this.admit(link);
    if (client === null) return NO_OWNER;
    return this.senders?.has(link.remote) === true ? new HeaderAwaited(client) : client;
  }

  /** @returns null when it is turned away */
  private admit(link: Link): Client | null {
    this.stats.totalConnections++;
    const full = this.fullBecause();
    const refusal = full === null ? null : `max number of clients reached: ${full}`;
    if (refusal !== null && this.turnAway(link, refusal)) return null;
    const client = new Client(link, this);
    if (refusal !== null) client.refuse(refusal);
    else client.awaitPassword();
    pauseNewcomer(client);
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
    this.clientWatch.remove(client);
    if (this.clients.delete(client)) this.stats.clientConnections--;
  }

  onSlow(server: PoolServer, command: number, milliseconds: number): void {
    this.around.onSlow(this, server, COMMANDS[command].name, milliseconds);
  }

  warn(text: string): void {
    this.around.log(`pool '${this.config.name}': ${text}`);
  }

  /** Stops accepting; clients and servers stay. */
  stopListening(): void {
    for (const door of this.doors.splice(0)) door.close();
  }

  /** Listens no more itself: what it has listened on is another's, as soon as that takes it. */
  handOver(open: OpenDoors): void {
    for (const door of this.doors.splice(0)) open.offer(door);
  }

  /**
   * Lets every client that is here now go: right behind its next reply, or after `patience` milliseconds in which it has
   * asked for nothing; one that waits for something to come does not wait here any longer. They may come back at once.
   */
  letGo(patience = LET_GO_PATIENCE): void {
    const told = [...this.clients];
    for (const client of told) client.leaveAfterNextReply();
    setTimeout(() => {
      for (const client of told) {
        client.finishAfterReplies();
        blockedIn(client)?.dismiss();
      }
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
    for (const door of this.doors) door.renewCertificates();
  }

  close(): void {
    this.stopListening();
    this.routing.close();
    for (const client of [...this.clients]) client.abort();
  }
}
