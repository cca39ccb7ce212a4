import { readFileSync } from 'node:fs';
import { type PoolConfig, secretsOf } from '../config/pool.ts';
import { BufferBudget } from '../core/buffer-budget.ts';
import { Loop } from '../core/loop.ts';
import { LET_GO_PATIENCE, Pool, type PoolSurroundings } from '../core/pool.ts';
import { PoolTopology } from '../topology/apply.ts';
import type { Transport } from '../transport/link.ts';
import type { Log } from './log.ts';
import { LOG_WARN } from './log.ts';

/** Descriptors that are neither clients nor servers: log, listeners, stats, the runtime's own. */
const RESERVED_DESCRIPTORS = 64;

export interface ServiceOptions {
  transport: Transport;
  log: Log;
  mbufSize: number;
  /** Milliseconds; 0 = no slow log. */
  slowLog: number;
  /** Bytes that all clients together may have waiting here. */
  bufferLimit: number;
}

/** A pool that serves, with what keeps its servers at the right addresses. */
interface Running {
  pool: Pool;
  topology: PoolTopology | null;
}

/** All pools of one process: starting, reloading and draining them. */
export class Service {
  private running: Running[] = [];
  private readonly around: PoolSurroundings;
  private readonly descriptorLimit: number;

  constructor(private readonly options: ServiceOptions) {
    const { log, transport, mbufSize, slowLog, bufferLimit } = options;
    this.descriptorLimit = openFilesLimit();
    this.around = {
      loop: new Loop(),
      transport,
      mbufSize,
      budget: new BufferBudget(bufferLimit),
      slowAbove: slowLog > 0 ? slowLog : Number.POSITIVE_INFINITY,
      log: (text) => log.write(text, LOG_WARN),
      onSlow: (pool, server, command, milliseconds) =>
        log.write(
          `slow: ${command} took ${milliseconds.toFixed(1)} ms on '${server.name}' of '${pool.config.name}'`,
        ),
    };
  }

  get pools(): Pool[] {
    return this.running.map((each) => each.pool);
  }

  /** Starts all pools or none. @throws Error naming the pool and its address */
  async start(configs: readonly PoolConfig[]): Promise<void> {
    try {
      for (const config of configs) this.running.push(await this.startPool(config));
    } catch (error) {
      this.stop();
      throw error;
    }
  }

  private async startPool(config: PoolConfig, accepting = true): Promise<Running> {
    const pool = new Pool(config, this.around);
    pool.admits = () => this.hasRoom();
    const topology =
      config.sentinels.length === 0 ? null : new PoolTopology(pool, (text) => this.options.log.write(text));
    if (accepting) await listenOrExplain(pool);
    topology?.start();
    if (config.preconnect) for (const server of pool.servers) server.preconnect();
    return { pool, topology };
  }

  /**
   * Goes over to a new configuration: pools that did not change are not touched, those whose passwords alone changed take
   * them over, others are replaced (their clients are let go), missing ones end.
   * @throws Error when a new address cannot be had
   */
  async reload(configs: readonly PoolConfig[]): Promise<void> {
    const next: Running[] = [];
    const kept = new Set<Running>();
    for (const config of configs) {
      const same = this.running.find((each) => sameButSecrets(each.pool.config, config));
      if (same) {
        same.pool.adoptSecrets(config);
        same.topology?.adoptSecrets();
        kept.add(same);
        next.push(same);
        continue;
      }
      // one address cannot be listened on twice
      const before = this.running.find((each) => each.pool.config.listenText === config.listenText);
      before?.pool.stopListening();
      next.push(await this.startPool(config));
    }
    for (const old of this.running) {
      if (kept.has(old)) continue;
      old.topology?.stop();
      old.pool.drain();
      this.closeWhenIdle(old.pool);
    }
    this.running = next;
  }

  private closeWhenIdle(pool: Pool): void {
    if (pool.clients.size === 0) pool.close();
    else setTimeout(() => this.closeWhenIdle(pool), 50).unref();
  }

  /** Lets all clients go, right behind their next replies; they are welcome back. */
  letGo(): void {
    for (const { pool } of this.running) pool.letGo();
  }

  /** Stops accepting and lets clients go; resolves when all have gone, or after `limit` milliseconds. */
  async drain(limit: number): Promise<void> {
    for (const { pool } of this.running) pool.drain(Math.min(LET_GO_PATIENCE, limit / 2));
    const deadline = Date.now() + limit;
    while (this.pools.some((pool) => pool.clients.size > 0) && Date.now() < deadline) {
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    this.stop();
  }

  stop(): void {
    for (const { pool, topology } of this.running) {
      topology?.stop();
      pool.close();
    }
    this.running = [];
  }

  /** True while descriptors for one more client are left; servers come first. */
  private hasRoom(): boolean {
    let taken = RESERVED_DESCRIPTORS;
    for (const { pool } of this.running) {
      taken += 1 + pool.clients.size + pool.servers.length * pool.config.serverConnections;
      taken += pool.config.sentinels.length * 2;
    }
    return taken < this.descriptorLimit;
  }
}

async function listenOrExplain(pool: Pool): Promise<void> {
  try {
    await pool.listen();
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    throw new Error(
      `pool '${pool.config.name}' cannot listen on '${pool.config.listenText}': ${code ?? message}`,
    );
  }
}

function sameButSecrets(a: PoolConfig, b: PoolConfig): boolean {
  return JSON.stringify({ ...a, ...secretsOf(b) }) === JSON.stringify(b);
}

/** The soft limit on open files. */
function openFilesLimit(): number {
  try {
    const match = /^Max open files\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8'));
    return match ? Number(match[1]) : Number.POSITIVE_INFINITY;
  } catch {
    return Number.POSITIVE_INFINITY;
  }
}
