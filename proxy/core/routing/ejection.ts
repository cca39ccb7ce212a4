import type { PoolConfig } from '../../config/pool.ts';
import type { KeyRouter } from '../../hash/key-router.ts';
import { encodeRequest } from '../../protocol/replies.ts';
import type { Link, LinkOwner, Transport } from '../../transport/link.ts';
import type { PoolCounters } from '../base/counters.ts';
import type { PoolServer } from '../server/server.ts';

const PING = encodeRequest(['PING']);

/** What it needs of the pool. */
interface EjectionContext {
  readonly config: PoolConfig;
  readonly servers: readonly PoolServer[];
  readonly stats: PoolCounters;
  readonly transport: Transport;
  warn(text: string): void;
}

/** auto_eject_hosts: takes failing servers off the ring and puts them back once they answer again. */
export class Ejection {
  /** True while no server is left: requests fail at once, the ring stays as it was. */
  allEjected = false;
  private readonly timers = new Map<PoolServer, NodeJS.Timeout>();

  constructor(
    private readonly pool: EjectionContext,
    private readonly router: KeyRouter,
  ) {}

  /** One connection of the server failed. */
  onFailure(server: PoolServer): void {
    const { config } = this.pool;
    if (!config.autoEjectHosts) return;
    server.failures++;
    if (!server.live || server.failures < config.serverFailureLimit) return;
    server.failures = 0;
    server.live = false;
    server.counters.ejectedAt = Date.now() * 1000;
    this.pool.stats.serverEjects++;
    this.pool.warn(`server '${server.name}' is ejected for ${config.serverRetryTimeout} ms`);
    this.rebuild();
    this.later(server);
  }

  stop(): void {
    for (const timer of this.timers.values()) clearTimeout(timer);
    this.timers.clear();
  }

  private later(server: PoolServer): void {
    const timer = setTimeout(() => this.probe(server), this.pool.config.serverRetryTimeout);
    timer.unref();
    this.timers.set(server, timer);
  }

  /** The original puts a server back unseen and lets clients find out; here it must speak first. */
  private probe(server: PoolServer): void {
    const probe = new Probe(server, this.pool, (alive) => {
      if (!alive) {
        this.later(server);
        return;
      }
      this.timers.delete(server);
      server.live = true;
      server.failures = 0;
      this.pool.warn(`server '${server.name}' is back`);
      this.rebuild();
    });
    probe.start();
  }

  private rebuild(): void {
    const live = this.pool.servers.filter((server) => server.live);
    this.allEjected = live.length === 0;
    this.router.restrictTo(live);
  }
}

/** Connects and says PING; any reply at all, also -NOAUTH, means that the server is there. -LOADING does not. */
class Probe implements LinkOwner {
  private link: Link | null = null;
  private cancel: (() => void) | null = null;
  private done = false;
  private readonly timer: NodeJS.Timeout;

  constructor(
    private readonly server: PoolServer,
    private readonly pool: EjectionContext,
    private readonly report: (alive: boolean) => void,
  ) {
    this.timer = setTimeout(() => this.finish(false), pool.config.timeout || 1000);
  }

  start(): void {
    const opened = (link: Link): void => {
      this.link = link;
      link.write(PING, 0, PING.length);
    };
    this.cancel = this.pool.transport.connect(
      this.server.address,
      this,
      opened,
      () => this.finish(false),
      this.pool.config.serverTls,
    );
  }

  onBytes(chunk: Uint8Array): void {
    this.finish(!Buffer.from(chunk).toString('latin1').startsWith('-LOADING'));
  }

  onWritable(): void {}

  onEnd(): void {
    this.finish(false);
  }

  onClosed(): void {
    this.finish(false);
  }

  private finish(alive: boolean): void {
    if (this.done) return;
    this.done = true;
    clearTimeout(this.timer);
    if (this.link === null) this.cancel?.();
    else this.link.close();
    this.report(alive);
  }
}
