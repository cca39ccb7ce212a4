import cluster from 'node:cluster';
import { setTimeout as sleep } from 'node:timers/promises';
import { LOG_WARN, type Log } from '../admin/log.ts';
import type { LogChange, Serving } from '../admin/serving.ts';
import { type Snapshot, snapshotOf, sumSnapshots } from '../admin/snapshot.ts';
import type { PoolConfig } from '../config/pool.ts';
import { claimAddresses } from './claim-addresses.ts';
import { DAEMON_MARKER } from './daemon.ts';
import { type QuestionMessage, WORKER_MARKER, type WorkerSettings } from './messages.ts';
import { shareOf } from './share.ts';
import { WorkerGone, WorkerProcess } from './worker-process.ts';

/** Pause before a worker that ended is replaced, and how far it may grow while they keep ending. Milliseconds. */
const FIRST_PAUSE = 100;
const LONGEST_PAUSE = 5000;
/** A worker that lived so long ended for another reason than the one before it. Milliseconds. */
const LONG_LIFE = 10_000;
/** A worker that does not report within this is shown as it last was. Milliseconds. */
const REPORT_LIMIT = 1000;
/** Beyond the time to drain. Milliseconds. */
const EXIT_GRACE = 500;

export type SupervisorOptions = Omit<WorkerSettings, 'place' | 'generation'>;

/** Starts workers that share the pools' listeners, passes on what they must know, and replaces those that end. */
export class Supervisor implements Serving {
  private configs: readonly PoolConfig[] = [];
  private readonly workers = new Map<number, WorkerProcess>();
  /** By place: the pause before the last replacement. */
  private readonly pauses = new Map<number, number>();
  /** What workers that ended had counted. */
  private retired: Snapshot | null = null;
  private generation = 0;
  private restarts = 0;
  private phase: 'starting' | 'serving' | 'ending' = 'starting';

  constructor(
    private readonly options: SupervisorOptions,
    private readonly log: Log,
  ) {
    cluster.setupPrimary({ serialization: 'advanced' });
  }

  async start(configs: readonly PoolConfig[]): Promise<void> {
    await claimAddresses(configs, []);
    this.configs = configs;
    const places = Array.from({ length: this.options.workers }, (_, index) => index + 1);
    try {
      await Promise.all(places.map((place) => this.launch(place)));
    } catch (error) {
      this.phase = 'ending';
      for (const worker of this.workers.values()) worker.kill();
      throw error;
    }
    this.phase = 'serving';
  }

  /** Starts the worker of a place. @throws Error with its reason when it cannot serve */
  private async launch(place: number): Promise<void> {
    const { configs, options } = this;
    const forked = cluster.fork({ [WORKER_MARKER]: '1', [DAEMON_MARKER]: '' });
    const worker = new WorkerProcess(
      place,
      forked,
      (how) => this.onGone(worker, how),
      (question) => void this.passOn(worker, question),
    );
    this.workers.set(place, worker);
    const verbose = this.log.verbosity;
    const settings = { ...options, verbose, place, generation: this.generation++ };
    await worker.ask({ kind: 'start', settings, configs: shareOf(configs, place, options.workers) });
    // the configuration has changed meanwhile
    if (this.configs !== configs) await this.reconfigure(worker, this.configs);
    worker.ready = true;
  }

  /** A worker wants something of the others' clients. */
  private async passOn(asking: WorkerProcess, { pool, question, words }: QuestionMessage): Promise<void> {
    const others = [...this.workers.values()].filter((worker) => worker !== asking && worker.ready);
    const asked = others.map((worker) => worker.ask({ kind: 'client', pool, words }));
    const replies = (await Promise.allSettled(asked)).flatMap((each) =>
      each.status === 'fulfilled' && each.value.reply !== null ? [each.value.reply] : [],
    );
    asking.tell({ kind: 'said', question, replies });
  }

  private onGone(worker: WorkerProcess, how: string): void {
    const { lastReport, place } = worker;
    if (lastReport !== null) {
      this.retired = sumSnapshots([lastReport], this.retired === null ? [] : [this.retired]);
    }
    this.workers.delete(place);
    if (this.phase !== 'serving') return;
    const longLived = performance.now() - worker.startedAt > LONG_LIFE;
    const last = longLived ? undefined : this.pauses.get(place);
    const pause = last === undefined ? FIRST_PAUSE : Math.min(LONGEST_PAUSE, last * 2);
    this.pauses.set(place, pause);
    const text = `worker ${place} (pid ${worker.pid}) has ended: ${how}; another starts in ${pause} ms`;
    this.log.write(text, LOG_WARN);
    setTimeout(() => void this.replace(place), pause);
  }

  private async replace(place: number): Promise<void> {
    if (this.phase !== 'serving') return;
    this.restarts++;
    try {
      await this.launch(place);
    } catch (error) {
      this.log.write(`worker ${place} cannot serve: ${(error as Error).message}`, LOG_WARN);
      // its end brings the next attempt
      this.workers.get(place)?.kill();
    }
  }

  async reload(configs: readonly PoolConfig[]): Promise<void> {
    const before = this.configs;
    await claimAddresses(configs, before);
    this.configs = configs;
    const results = await this.reconfigureAll(configs);
    const failed = results.find(
      (result) => result.status === 'rejected' && !(result.reason instanceof WorkerGone),
    );
    if (failed === undefined) return;
    this.configs = before;
    await this.reconfigureAll(before);
    throw (failed as PromiseRejectedResult).reason;
  }

  private reconfigureAll(configs: readonly PoolConfig[]): Promise<PromiseSettledResult<void>[]> {
    const ready = [...this.workers.values()].filter((worker) => worker.ready);
    return Promise.allSettled(ready.map((worker) => this.reconfigure(worker, configs)));
  }

  private async reconfigure(worker: WorkerProcess, configs: readonly PoolConfig[]): Promise<void> {
    await worker.ask({ kind: 'reload', configs: shareOf(configs, worker.place, this.options.workers) });
  }

  letGo(): void {
    for (const worker of this.workers.values()) worker.tell({ kind: 'let-go' });
  }

  logChanged(change: LogChange): void {
    for (const worker of this.workers.values()) worker.tell({ kind: 'log', change });
  }

  async drain(limit: number): Promise<void> {
    this.phase = 'ending';
    for (const worker of this.workers.values()) worker.tell({ kind: 'drain', limit });
    const deadline = performance.now() + limit + EXIT_GRACE;
    while (this.workers.size > 0 && performance.now() < deadline) await sleep(5);
    for (const worker of this.workers.values()) worker.kill();
  }

  /** The sum over all workers; what those that ended had counted stays in it. */
  async snapshot(): Promise<Snapshot> {
    const workers = [...this.workers.values()].sort((a, b) => a.place - b.place);
    const reports = (await Promise.all(workers.map(reportOf))).filter((report) => report !== null);
    const own = snapshotOf([]);
    const parts = reports.length === 0 ? [own] : [...reports, { ...own, workers: 0 }];
    const sum = sumSnapshots(parts, this.retired === null ? [] : [this.retired]);
    return { ...sum, workers: reports.length, workerRestarts: this.restarts };
  }
}

/** What a worker reports, or its last report when it is too busy. */
async function reportOf(worker: WorkerProcess): Promise<Snapshot | null> {
  if (!worker.ready) return worker.lastReport;
  const fresh = worker.ask({ kind: 'report' }).then(
    ({ snapshot }) => {
      worker.lastReport = snapshot;
    },
    () => undefined,
  );
  await Promise.race([fresh, sleep(REPORT_LIMIT, undefined, { ref: false })]);
  return worker.lastReport;
}
