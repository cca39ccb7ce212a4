import { readFileSync } from 'node:fs';
import { type PoolConfig, secretsOf } from '../config/pool.ts';
import { certificateWarnings } from '../config/tls.ts';
import { BufferBudget } from '../core/base/buffer-budget.ts';
import { OpenDoors } from '../core/base/doors.ts';
import { Loop } from '../core/base/loop.ts';
import type { WorkerPlace } from '../core/commands/session.ts';
import { LET_GO_PATIENCE, Pool, type PoolSurroundings } from '../core/pool.ts';
import { OthersOfPool, type Siblings } from '../peers/others-of-pool.ts';
import { IDS_OF_A_PROXY, ownPlace } from '../peers/own-place.ts';
import { PeerLink } from '../peers/peer-link.ts';
import { PoolTopology } from '../topology/apply.ts';
import { ReplicaWatch } from '../topology/replica-watch.ts';
import type { Transport } from '../transport/link.ts';
import type { Log } from './log.ts';
import { LOG_WARN } from './log.ts';
import type { Serving } from './serving.ts';
import { type Snapshot, snapshotOf } from './snapshot.ts';

/** Descriptors that are neither clients nor servers: log, listeners, stats, the runtime's own. */
const RESERVED_DESCRIPTORS = 32;

export interface ServiceOptions {
  transport: Transport;
  log: Log;
  mbufSize: number;
  /** Milliseconds; 0 = no slow log. */
  slowLog: number;
  /** Bytes that all clients together may have waiting here. */
  bufferLimit: number;
  /** Absent when this process serves alone. */
  worker?: WorkerPlace;
  /** The other workers; absent when this process serves alone. */
  siblings?: Siblings;
}

/** A pool that serves, with what keeps its servers at the right addresses. */
interface Running {
  pool: Pool;
  topology: PoolTopology | null;
  replicas: ReplicaWatch | null;
  others: OthersOfPool | null;
}

/** All pools of one process: starting, reloading and draining them. */
export class Service implements Serving {
  private running: Running[] = [];
  /** Pools of an earlier configuration, until their clients have left. */
  private readonly leaving = new Set<Pool>();
  private readonly around: PoolSurroundings;
  private readonly descriptorLimit: number;

  constructor(private readonly options: ServiceOptions) {
    const { log, transport, mbufSize, slowLog, bufferLimit, worker } = options;
    this.descriptorLimit = openFilesLimit();
    this.around = {
      loop: new Loop(),
      transport,
      mbufSize,
      worker,
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
    this.warnOfCertificates(configs);
    try {
      for (const config of configs) this.running.push(await this.startPool(config));
    } catch (error) {
      this.stop();
      throw error;
    }
  }

  private async startPool(config: PoolConfig, open?: OpenDoors): Promise<Running> {
    const pool = new Pool(config, this.around);
    pool.admits = () => this.hasRoom();
    const others = this.introduce(pool);
    const log = (text: string): void => this.options.log.write(text);
    const topology = config.sentinels.length === 0 ? null : new PoolTopology(pool, log);
    const replicas = config.readsFromReplicas ? new ReplicaWatch(pool, log) : null;
    await pool.listen(open);
    topology?.start();
    replicas?.start();
    if (config.preconnect) for (const server of pool.servers) server.preconnect();
    return { pool, topology, replicas, others };
  }

  /** Tells a pool which other processes serve it, and numbers its clients so that no two of them have the same. */
  private introduce(pool: Pool): OthersOfPool | null {
    const { config } = pool;
    const { siblings = null, transport } = this.options;
    const place = ownPlace(config);
    if (place < 0 && config.peers.length > 0)
      pool.warn(
        'this proxy is none of its peers: they do not know it, and clients may have the numbers of others',
      );
    const links = config.peers
      .filter((_, i) => i !== place)
      .map((address) => new PeerLink(address, config, transport));
    pool.firstId = Math.max(0, place) * IDS_OF_A_PROXY;
    if (links.length === 0 && siblings === null) return null;
    const onSilent = (): void => void pool.stats.peersSilent++;
    const others = new OthersOfPool(config.name, links, siblings, (text) => pool.warn(text), onSilent);
    pool.others = others;
    return others;
  }

  /**
   * Goes over to a new configuration: pools that did not change are not touched, those whose passwords or certificates
   * alone changed take them over, others are replaced (their clients are let go), missing ones end.
   * @throws Error when a new address cannot be had; everything is as before then
   */
  async reload(configs: readonly PoolConfig[]): Promise<void> {
    const kept = new Map<PoolConfig, Running>();
    for (const config of configs) {
      const same = this.running.find((each) => sameButSecrets(each.pool.config, config));
      if (same) kept.set(config, same);
    }
    const keeping = new Set(kept.values());
    const replaced = this.running.filter((each) => !keeping.has(each));
    const wanted = configs.filter((config) => !kept.has(config));
    // one address cannot be listened on twice, nor closed and opened again without refusing who comes in between
    const open = new OpenDoors(wanted);
    for (const { pool } of replaced) pool.handOver(open);
    const added = new Map<PoolConfig, Running>();
    try {
      for (const config of wanted) added.set(config, await this.startPool(config, open));
    } catch (error) {
      const back = new OpenDoors(replaced.map(({ pool }) => pool.config));
      open.passOn(back);
      for (const { pool } of added.values()) pool.handOver(back);
      for (const { pool } of replaced) await pool.listen(back);
      for (const each of added.values()) stopPool(each);
      throw error;
    }
    this.warnOfCertificates(configs);
    for (const [config, { pool, topology }] of kept) {
      pool.adoptSecrets(config);
      topology?.adoptSecrets();
    }
    for (const { pool } of added.values()) {
      const before = replaced.find((each) => each.pool.config.name === pool.config.name);
      // a shard may be new
      if (before) pool.routing.scripts.takeOver(before.pool.routing.scripts);
    }
    for (const { pool, topology, replicas, others } of replaced) {
      topology?.stop();
      replicas?.stop();
      others?.close();
      pool.drain();
      this.leaving.add(pool);
      this.closeWhenIdle(pool);
    }
    this.running = configs.flatMap((config) => kept.get(config) ?? added.get(config) ?? []);
  }

  private warnOfCertificates(configs: readonly PoolConfig[]): void {
    for (const text of configs.flatMap((config) => certificateWarnings(config)))
      this.options.log.write(text, LOG_WARN);
  }

  private closeWhenIdle(pool: Pool): void {
    if (pool.clients.size === 0) {
      this.leaving.delete(pool);
      pool.close();
    } else setTimeout(() => this.closeWhenIdle(pool), 50).unref();
  }

  /** Lets all clients go, right behind their next replies; they are welcome back. */
  letGo(): void {
    for (const { pool } of this.running) pool.letGo();
  }

  /** Stops accepting and lets clients go; resolves when all have gone, or after `limit` milliseconds. */
  async drain(limit: number): Promise<void> {
    for (const { pool } of this.running) pool.drain(Math.min(LET_GO_PATIENCE, limit / 2));
    const deadline = performance.now() + limit;
    while (this.pools.some((pool) => pool.clients.size > 0) && performance.now() < deadline) {
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    this.stop();
  }

  logChanged(): void {}

  async snapshot(): Promise<Snapshot> {
    return snapshotOf(this.pools);
  }

  stop(): void {
    for (const each of this.running) stopPool(each);
    this.running = [];
  }

  /** True while descriptors for one more client are left; servers come first. */
  private hasRoom(): boolean {
    let taken = RESERVED_DESCRIPTORS;
    for (const { pool } of this.running) taken += descriptorsOf(pool);
    for (const pool of this.leaving) taken += descriptorsOf(pool);
    return taken < this.descriptorLimit;
  }
}

/** Listeners, clients, sentinels, and servers as many as there may be by configuration, or are. */
function descriptorsOf(pool: Pool): number {
  const { clients, config } = pool;
  let count = 2 + clients.size + config.sentinels.length * 2;
  for (const { counters } of pool.routing.everyServer())
    count += Math.max(config.serverConnections, counters.connected);
  return count;
}

function stopPool({ pool, topology, replicas, others }: Running): void {
  others?.close();
  topology?.stop();
  replicas?.stop();
  pool.close();
}

/** Equal but for passwords, certificates and keys, which a pool takes over while it serves. */
function sameButSecrets(a: PoolConfig, b: PoolConfig): boolean {
  const text = (config: PoolConfig): string =>
    JSON.stringify({ ...config, ...secretsOf(b) }, (key, value: unknown) =>
      key === 'credentials' ? undefined : value,
    );
  return text(a) === text(b);
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
