import { type ChildProcess, fork } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bytesText } from '../../scripts/data/data-text.ts';
import { table } from '../../scripts/report/table.ts';
import type { Credentials, Plan } from '../../topology/types.ts';
import { formatSizeMb } from '../../topology/units.ts';
import type { Order, Taken } from './backup-child.ts';
import { median, spreadOf } from './proxy/verdict.ts';
import { type Place, requests, Wire } from './wire.ts';

export interface BackupBenchOptions {
  readonly plan: Plan;
  readonly credentials: Credentials;
  /** Where clients go: the VIP. */
  readonly place: Place;
  readonly rounds: number;
  /** MB a second, as in `BackupOptions`. */
  readonly rateMb: number;
  /** How long each turn lasts. */
  readonly turnMs: number;
  /** How many keys of 1 KiB there are to be backed up. */
  readonly keys: number;
  readonly progress: (text: string) => void;
}

/** Requests a second, without and with a backup that is being taken. */
export interface BackupRound {
  readonly without: number;
  readonly with: number;
}

export interface BackupBench {
  readonly stack: string;
  readonly rateMb: number;
  readonly rounds: readonly BackupRound[];
  /** Whole backups that were taken meanwhile, and the size of one. */
  readonly backups: number;
  readonly bytes: number;
  /** Part of the throughput that is left while one is taken: the median of the rounds' ratios; and their (max - min) / median. */
  readonly ratio: number;
  readonly spread: number;
}

const CLIENTS = 20;
/** 1 KiB that an RDB file cannot make smaller. */
const VALUE = randomBytes(768).toString('base64');
/** Keys in one request while they are written or removed. */
const AT_ONCE = 100;
const CHILD = fileURLToPath(new URL('./backup-child.ts', import.meta.url));
const TSX = import.meta.resolve('tsx');

/** What is left of the throughput: of each round the two turns beside each other, of the rounds the median. Pure. */
export function judgeRounds(rounds: readonly BackupRound[]): Pick<BackupBench, 'ratio' | 'spread'> {
  const ratios = rounds.map((round) => round.with / round.without);
  return { ratio: median(ratios), spread: spreadOf(ratios) };
}

/** The program that takes backups, in TypeScript like this one, however this one was started. */
export const forkTaker = (): ChildProcess =>
  fork(CHILD, { execArgv: ['--import', TSX], stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });

/**
 * Measures what a backup costs clients: the same load through the VIP without one and while one after the other is taken,
 * in turn. The backups go to a folder of their own, and nothing is noted down of them.
 */
export async function benchBackup(options: BackupBenchOptions): Promise<BackupBench> {
  const { plan, credentials, place, rateMb, progress } = options;
  const folder = mkdtempSync(join(tmpdir(), 'twemstack-bench-backup-'));
  const taken: Taken[] = [];
  const withBackups = async (): Promise<number> => {
    const child = forkTaker();
    const ended = once(child, 'exit') as Promise<[number | null]>;
    child.on('message', (each: Taken) => taken.push(each));
    const order: Order = { plan, credentials, folder, rateMb };
    child.send(order);
    try {
      // What it takes to start a program is none of the backup's.
      await Promise.race([once(child, 'message'), ended.then(() => assertTaken(taken))]);
      return await throughput(options);
    } finally {
      child.kill('SIGTERM');
      await ended;
    }
  };
  const rounds: BackupRound[] = [];
  try {
    progress(`writing ${options.keys} keys …`);
    await eachKey(options, (keys) => ['MSET', ...keys.flatMap((key) => [key, VALUE])]);
    for (let round = 0; round < options.rounds; round++) {
      const seen = { without: 0, with: 0 };
      // Each goes first every other time, so that what changes meanwhile hits both.
      for (const turn of round % 2 === 0 ? (['without', 'with'] as const) : (['with', 'without'] as const))
        seen[turn] = await (turn === 'with' ? withBackups() : throughput(options));
      rounds.push(seen);
      progress(`round ${round + 1}: ${(seen.with / seen.without).toFixed(3)}`);
    }
    const [{ bytes }] = taken;
    return { stack: plan.name, rateMb, rounds, backups: taken.length, bytes, ...judgeRounds(rounds) };
  } finally {
    await eachKey({ place, keys: options.keys }, (keys) => ['UNLINK', ...keys]);
    rmSync(folder, { recursive: true, force: true });
  }
}

function assertTaken(taken: readonly Taken[]): void {
  if (taken.length === 0) throw new Error('no backup could be taken; what it said is above');
}

const keyOf = (n: number): string => `bench:backup:${n}`;

/** What was measured as text, for people. */
export function backupBenchText({
  stack,
  rateMb,
  rounds,
  backups,
  bytes,
  ratio,
  spread,
}: BackupBench): string {
  const rows = rounds.map((round, n) => [
    String(n + 1),
    round.without.toFixed(0),
    round.with.toFixed(0),
    (round.with / round.without).toFixed(3),
  ]);
  return [
    `requests a second through the VIP of ${stack}, without and with a backup that is being taken, ${rateMb === 0 ? 'as fast as it comes' : `at most ${formatSizeMb(rateMb)} a second`}\n\n`,
    table(['round', 'without', 'with', 'with / without'], rows),
    `\nmedian ${ratio.toFixed(3)}, spread ${(spread * 100).toFixed(0)} %; ${backups} backups of ${bytesText(bytes)}\n`,
  ].join('');
}

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

/** Requests a second of so many clients, half of them reads, each waiting for its answer. */
async function throughput({ place, keys, turnMs }: BackupBenchOptions): Promise<number> {
  const wires: Wire[] = [];
  const begun = performance.now();
  let count = 0;
  const work = async (wire: Wire, first: number): Promise<void> => {
    for (let n = first; performance.now() - begun < turnMs; n += 7919) {
      const key = keyOf(n % keys);
      await wire.ask(requests(n % 2 === 0 ? ['GET', key] : ['SET', key, VALUE]));
      count += 1;
    }
  };
  try {
    for (let i = 0; i < CLIENTS; i++) wires.push(await Wire.open(place));
    await Promise.all(wires.map(work));
    return count / ((performance.now() - begun) / 1000);
  } finally {
    for (const wire of wires) wire.close();
  }
}
