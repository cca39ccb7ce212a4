import { setTimeout as delay } from 'node:timers/promises';
import type Docker from 'dockerode';
import { proxyBackend } from '../../haproxy/haproxy-cfg.ts';
import type { AnyPlan, PoolSpec } from '../../topology/types.ts';
import { together } from '../deploy/together.ts';
import { NotSoError } from '../errors.ts';
import { signalContainer } from '../observe/engine.ts';
import { vipsHeldBy } from '../observe/holds-vip.ts';
import { emptyFrontends, haproxyCommand, haproxyStats } from './haproxy-admin.ts';

/** Proxies let a client go right behind its next reply, and one that is silent after half a second. */
const LET_GO_MS = 3000;
/** A stopped edge hands the VIP over with its last advert; three lost ones would be needed otherwise. */
const VIP_MS = 5000;
const POLL_MS = 50;

export interface EntranceOptions {
  readonly plan: AnyPlan;
  readonly engine: Docker;
  /** Edges whose HAProxy runs. */
  readonly edges: readonly string[];
}

const frontend = (pool: PoolSpec): string => `pool-${pool.name}`;

/**
 * Takes clients off proxies and edges without an error for them. An edge or a proxy that goes takes its connections with
 * it; whoever has a request on the way then does not know what became of it. So they are let go before, each right behind
 * a reply, and made to come back elsewhere.
 */
export class Entrance {
  readonly #plan: AnyPlan;
  readonly #engine: Docker;
  readonly #edges: readonly string[];

  constructor({ plan, engine, edges }: EntranceOptions) {
    this.#plan = plan;
    this.#engine = engine;
    this.#edges = edges;
  }

  /** No edge gives the proxy new clients any more. */
  async close(proxy: string): Promise<void> {
    await this.#tell((pool) => `set server ${proxyBackend(pool)}/${proxy} state drain`);
  }

  /** Lets the clients of a closed proxy go. Returns how many are left when time is up. */
  async empty(proxy: string): Promise<number> {
    await this.letGo([proxy]);
    return this.#untilEmpty(this.#edges, ({ server }) => server === proxy);
  }

  /** The edges give the proxy clients again. */
  async open(proxy: string): Promise<void> {
    await this.#tell((pool) => `set server ${proxyBackend(pool)}/${proxy} state ready`);
  }

  /** Opens whatever is closed: what a run leaves that was cut off in the middle. Returns the names. */
  async openAll(): Promise<string[]> {
    const opened = new Set<string>();
    for (const edge of this.#edges) {
      for (const { proxy, server, status } of await haproxyStats(this.#engine, edge)) {
        if (server !== 'FRONTEND' && status.startsWith('DRAIN')) {
          await haproxyCommand(this.#engine, edge, `set server ${proxy}/${server} state ready`);
          opened.add(server);
        } else if (server === 'FRONTEND' && status === 'STOP') {
          await haproxyCommand(this.#engine, edge, `enable frontend ${proxy}`);
          opened.add(edge);
        }
      }
    }
    return [...opened];
  }

  /**
   * Moves the VIPs off an edge and stops it: it takes no new clients, those it has are let go, and then the next edge has
   * them before they are back. Mostly it is one.
   *
   * @param restore called with what takes it back, before anything is done
   * @returns name of the edge that holds it now (the names, where they went to several), and for how many milliseconds nobody was let in
   */
  async moveVip(
    edge: string,
    restore: (undo: () => Promise<void>) => void,
  ): Promise<{ to: string; closedMs: number }> {
    const { pools, proxies } = this.#plan;
    const frontends = pools.map(frontend);
    // Asked while everybody is still let in.
    const vips = await vipsHeldBy(this.#plan, this.#engine, edge);
    restore(async () => {
      await this.#engine
        .getContainer(edge)
        .start()
        .catch(() => undefined);
      const open = frontends.map((name) => `enable frontend ${name}`);
      await haproxyCommand(this.#engine, edge, ...open).catch(() => undefined);
    });
    let begin = performance.now();
    let told: Promise<void> | undefined;
    await emptyFrontends(this.#engine, edge, frontends, LET_GO_MS, () => {
      begin = performance.now();
      told = this.letGo(proxies.map(({ name }) => name));
    });
    const stopped = this.#engine.getContainer(edge).stop();
    const to = await this.#awaitHolders(edge, vips.length > 0 ? vips : [this.#plan.vip]);
    const closedMs = Math.round(performance.now() - begin);
    await Promise.all([stopped, told]);
    return { to, closedMs };
  }

  /** Tells proxies to let their clients go; one that does not run has none. */
  async letGo(proxies: readonly string[]): Promise<void> {
    await Promise.allSettled(proxies.map((name) => signalContainer(this.#engine, name, 'USR2')));
  }

  async #tell(command: (pool: PoolSpec) => string): Promise<void> {
    const commands = this.#plan.pools.map(command);
    await together(this.#edges.map((edge) => haproxyCommand(this.#engine, edge, ...commands)));
  }

  async #untilEmpty(
    edges: readonly string[],
    counts: (stat: { proxy: string; server: string }) => boolean,
  ): Promise<number> {
    const deadline = performance.now() + LET_GO_MS;
    for (;;) {
      // An edge that does not run has no clients.
      const asked = edges.map((edge) => haproxyStats(this.#engine, edge).catch(() => []));
      const stats = (await Promise.all(asked)).flat();
      const left = stats.filter(counts).reduce((sum, { sessions }) => sum + sessions, 0);
      if (left === 0 || performance.now() > deadline) return left;
      await delay(POLL_MS);
    }
  }

  async #awaitHolders(before: string, vips: readonly string[]): Promise<string> {
    const others = this.#edges.filter((edge) => edge !== before);
    const deadline = performance.now() + VIP_MS;
    while (performance.now() < deadline) {
      const held = await Promise.all(others.map((edge) => vipsHeldBy(this.#plan, this.#engine, edge)));
      if (vips.every((vip) => held.some((some) => some.includes(vip))))
        return others.filter((_, index) => vips.some((vip) => held[index].includes(vip))).join(' and ');
      await delay(POLL_MS);
    }
    throw new NotSoError(
      `no other edge took ${vips.join(' and ')} within ${VIP_MS / 1000} s; it goes back to ${before}`,
      {
        where: others.join(', '),
        remedy: `\`twemstack logs ${others[0]}\` tells why; then run the same command again`,
      },
    );
  }
}
