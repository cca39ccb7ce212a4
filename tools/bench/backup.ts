import { type ChildProcess, fork } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { Credentials, Plan } from '../../topology/types.ts';
import type { Order, Taken } from './backup-child.ts';
import { type Estimate, type Pair, ratioOf } from './pairs.ts';
import { median } from './proxy/verdict.ts';
import { type Slice, SteadyLoad } from './steady-load.ts';
import { type Place, requests, Wire } from './wire.ts';

export interface BackupBenchOptions {
  readonly plan: Plan;
  readonly credentials: Credentials;
  /** Where clients go: the VIP. */
  readonly place: Place;
  readonly rounds: number;
  /** MB a second, as in `BackupOptions`. */
  readonly rateMb: number;
  /** How many keys of 1 KiB there are to be backed up. */
  readonly keys: number;
  /** A slice is one backup; of such as are over sooner, several. */
  readonly leastSliceMs: number;
  readonly progress: (text: string) => void;
}

/** What clients lose under one load: each pair's slices, and the ratios with / without. */
export interface LoadCost {
  readonly pairs: ReadonlyArray<Pair<Slice>>;
  readonly throughput: Estimate;
  readonly p50: Estimate;
  readonly p99: Estimate;
}

export interface BackupBench {
  readonly stack: string;
  readonly rateMb: number;
  /** Whole backups that were taken meanwhile, the size of one, how long it took (seconds), and the processor time of who took it (ms). */
  readonly backups: number;
  readonly bytes: number;
  readonly seconds: number;
  readonly cpuMs: number;
  /** As many requests as are answered: every processor of a small machine is busy. */
  readonly full: LoadCost;
  /** So many requests a second, about seven tenths of that. */
  readonly partly: LoadCost & { readonly requestsPerSecond: number };
}

const CLIENTS = 20;
/** 1 KiB that an RDB file cannot make smaller. */
const VALUE = randomBytes(768).toString('base64');
/** Keys in one request while they are written or removed. */
const AT_ONCE = 100;
/** Of what is answered at most. */
const PART = 0.7;
const SETTLE_MS = 500;
/** Rounds in which a client lost its connection, as when the VIP moves; they count for nothing. */
const MOST_LOST = 3;
/** Each kind of slice comes first as often as second, and a machine that grows slower or faster meanwhile hits both alike. */
const ORDER = ['without', 'with', 'with', 'without'] as const;
const CHILD = fileURLToPath(new URL('./backup-child.ts', import.meta.url));
const TSX = import.meta.resolve('tsx');

/** What clients lose, by slices that stood beside each other. Pure. */
export function costOf(pairs: ReadonlyArray<Pair<Slice>>): LoadCost {
  const estimate = (pick: (slice: Slice) => number): Estimate =>
    ratioOf(pairs.map((pair) => ({ without: pick(pair.without), with: pick(pair.with) })));
  return {
    pairs,
    throughput: estimate((slice) => slice.requestsPerSecond),
    p50: estimate((slice) => slice.p50),
    p99: estimate((slice) => slice.p99),
  };
}

/** The program that takes backups, in TypeScript like this one, however this one was started. */
export const forkTaker = (): ChildProcess =>
  fork(CHILD, { execArgv: ['--import', TSX], stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });

/**
 * Measures what a backup costs clients: the same load through the VIP without one and while one is taken, in slices beside
 * each other, once with as many requests as are answered and once with a part of that. The backups go to a folder of their
 * own, and nothing is noted down of them.
 */
export async function benchBackup(options: BackupBenchOptions): Promise<BackupBench> {
  const { plan, rateMb, rounds, keys, progress } = options;
  const folder = mkdtempSync(join(tmpdir(), 'twemstack-bench-backup-'));
  const taker = new Taker({ plan, credentials: options.credentials, folder, rateMb }, options.leastSliceMs);
  const full: Array<Pair<Slice>> = [];
  const partly: Array<Pair<Slice>> = [];
  let pace = 0;
  try {
    progress(`writing ${keys} keys …`);
    await eachKey(options, (some) => ['MSET', ...some.flatMap((key) => [key, VALUE])]);
    // The first one makes the program fast; a later one takes as long as each will.
    await taker.take();
    await taker.take();
    for (let round = 1, lost = 0; round <= rounds; ) {
      try {
        const all = await roundOf(options, taker, undefined);
        pace ||= Math.round(PART * median(all.map(({ without }) => without.requestsPerSecond)));
        partly.push(...(await roundOf(options, taker, pace)));
        full.push(...all);
        progress(`round ${round} of ${rounds}: ${costOf(full).throughput.median.toFixed(3)} so far`);
        round += 1;
      } catch (error) {
        if (++lost > MOST_LOST) throw error;
        progress(`round ${round} again: ${(error as Error).message}`);
      }
    }
  } finally {
    taker.end();
    await eachKey({ place: options.place, keys }, (some) => ['UNLINK', ...some]);
    rmSync(folder, { recursive: true, force: true });
  }
  const { taken } = taker;
  return {
    stack: plan.name,
    rateMb,
    backups: taken.length,
    bytes: taken[0].bytes,
    seconds: median(taken.map(({ ms }) => ms)) / 1000,
    cpuMs: median(taken.map(({ cpuMs }) => cpuMs)),
    full: costOf(full),
    partly: { ...costOf(partly), requestsPerSecond: pace },
  };
}

/** Two pairs of slices under one load. */
async function roundOf(
  { place, keys }: BackupBenchOptions,
  taker: Taker,
  requestsPerSecond: number | undefined,
): Promise<Array<Pair<Slice>>> {
  const request = (n: number): Uint8Array => {
    const key = keyOf((n * 7919) % keys);
    return requests(n % 2 === 0 ? ['GET', key] : ['SET', key, VALUE]);
  };
  const load = await SteadyLoad.start({ place, clients: CLIENTS, requestsPerSecond, request });
  const slices: { without: Slice[]; with: Slice[] } = { without: [], with: [] };
  try {
    await sleep(SETTLE_MS);
    for (const kind of ORDER)
      slices[kind].push(
        await load.during(kind === 'with' ? () => taker.slice() : () => sleep(taker.sliceMs)),
      );
  } finally {
    load.end();
  }
  return slices.without.map((without, n) => ({ without, with: slices.with[n] }));
}

/** Takes backups in a process of its own. */
class Taker {
  readonly taken: Array<Taken & { readonly ms: number }> = [];
  readonly #child = forkTaker();

  constructor(
    private readonly order: Order,
    private readonly leastSliceMs: number,
  ) {}

  /** Takes one. @throws Error when it could not be taken; what is wrong was said on stderr */
  async take(): Promise<void> {
    const begun = performance.now();
    const taken = await new Promise<Taken>((resolve, reject) => {
      const ended = (): void => reject(new Error('no backup could be taken; what it said is above'));
      this.#child.once('exit', ended);
      this.#child.once('message', (each: Taken) => {
        this.#child.off('exit', ended);
        resolve(each);
      });
      this.#child.send(this.order);
    });
    this.taken.push({ ...taken, ms: performance.now() - begun });
  }

  /** As many as a slice has. */
  async slice(): Promise<void> {
    const begun = performance.now();
    do await this.take();
    while (performance.now() - begun < this.leastSliceMs);
  }

  /** How long a slice takes. Milliseconds. */
  get sliceMs(): number {
    const one = this.taken[this.taken.length - 1].ms;
    return one * Math.max(1, Math.ceil(this.leastSliceMs / one));
  }

  end(): void {
    this.#child.kill('SIGTERM');
    if (this.#child.connected) this.#child.disconnect();
  }
}

const keyOf = (n: number): string => `bench:backup:${n}`;

async function eachKey(
  { place, keys }: Pick<BackupBenchOptions, 'place' | 'keys'>,
  command: (keys: string[]) => string[],
): Promise<void> {
  const wire = await Wire.open(place);
  try {
    for (let from = 0; from < keys; from += AT_ONCE) {
      const length = Math.min(AT_ONCE, keys - from);
      await wire.ask(requests(command(Array.from({ length }, (_, i) => keyOf(from + i)))));
    }
  } finally {
    wire.close();
  }
}
