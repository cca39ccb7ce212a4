import { formatAddress } from '../config/addresses.ts';
import type { Pool } from '../core/pool.ts';
import type { PoolServer } from '../core/server.ts';
import { decide, type MasterState, nextState, type SentinelView } from './decide.ts';
import { type SentinelObserver, SentinelWatch } from './observe.ts';

/**
 * How long a start waits for a majority of sentinels before it serves the configured addresses, as far as these say
 * that they are masters. Milliseconds.
 */
const BOOT_GRACE = 1500;

/** One server with its master and what each sentinel said about it. */
interface Followed {
  server: PoolServer;
  state: MasterState;
  views: Map<number, SentinelView>;
}

/** Keeps a pool's servers at the addresses that its sentinels name. */
export class PoolTopology implements SentinelObserver {
  private readonly followed = new Map<string, Followed>();
  private readonly watches: SentinelWatch[];
  private bootTimer: NodeJS.Timeout | null = null;

  constructor(
    private readonly pool: Pool,
    private readonly log: (text: string) => void,
  ) {
    const { config } = pool;
    for (const server of pool.servers) {
      const { address } = server;
      const host = address.kind === 'tcp' ? address.host : address.path;
      const port = address.kind === 'tcp' ? address.port : 0;
      const state = { host, port, epoch: 0, waiting: true };
      server.wait();
      this.followed.set(server.name, { server, state, views: new Map() });
    }
    const names = [...this.followed.keys()];
    this.watches = config.sentinels.map((address, index) => {
      const place = address.kind === 'tcp' ? address : { host: address.path, port: 0 };
      const access = { ...place, user: config.sentinelUser, password: config.sentinelPassword };
      return new SentinelWatch(index, access, names, this);
    });
    pool.demotionListener = () => this.askAll();
  }

  start(): void {
    for (const watch of this.watches) watch.start();
    this.bootTimer = setTimeout(() => this.endBoot(), BOOT_GRACE);
  }

  stop(): void {
    if (this.bootTimer !== null) clearTimeout(this.bootTimer);
    for (const watch of this.watches) watch.stop();
  }

  /** The pool has other passwords: connections that are made from now on use them. */
  adoptSecrets(): void {
    for (const watch of this.watches) watch.usePassword(this.pool.config.sentinelPassword);
  }

  /** Who is master now, by server name; for status and metrics. */
  get masters(): Map<string, MasterState> {
    return new Map([...this.followed].map(([name, each]) => [name, each.state]));
  }

  onView(sentinel: number, master: string, view: SentinelView): void {
    const followed = this.followed.get(master);
    if (followed === undefined) return;
    followed.views.set(sentinel, view);
    this.review(followed);
  }

  onReachable(sentinel: number, reason: string | null): void {
    const name = formatAddress(this.pool.config.sentinels[sentinel]);
    this.log(reason === null ? `sentinel ${name} answers` : `sentinel ${name} is lost: ${reason}`);
  }

  private review(followed: Followed): void {
    const { server, state } = followed;
    const views = [...followed.views.values()];
    const decision = decide(state, views, this.watches.length, performance.now());
    followed.state = nextState(state, decision);
    switch (decision.kind) {
      case 'move':
        this.log(
          `'${server.name}' is at ${decision.host}:${decision.port} now, was ${state.host}:${state.port} ` +
            `(epoch ${decision.epoch})`,
        );
        server.moveTo({ kind: 'tcp', host: decision.host, port: decision.port });
        break;
      case 'wait':
        this.log(
          `'${server.name}': a majority of sentinels holds ${state.host}:${state.port} for down; requests wait`,
        );
        server.wait();
        break;
      case 'release':
        server.release();
        break;
      case 'keep':
        break;
    }
  }

  private askAll(): void {
    for (const watch of this.watches) watch.ask();
  }

  /** No majority so far: what is configured is the best guess, and every connection checks its ROLE. */
  private endBoot(): void {
    this.bootTimer = null;
    for (const followed of this.followed.values()) {
      if (
        followed.state.epoch > 0 ||
        !followed.server.mustWait ||
        followed.views.size > this.watches.length / 2
      )
        continue;
      this.log(
        `'${followed.server.name}': no majority of sentinels answers; trying ${formatAddress(followed.server.address)}`,
      );
      followed.state = { ...followed.state, waiting: false };
      followed.server.release();
    }
  }
}
