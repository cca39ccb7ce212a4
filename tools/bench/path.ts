import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type Docker from 'dockerode';
import { drilledPool, drilledShards } from '../../scripts/drill/load/drilled-pool.ts';
import { EnvironmentError } from '../../scripts/errors.ts';
import { accepts, freePort } from '../../scripts/loopback-ports.ts';
import type { Credentials, Plan } from '../../topology/types.ts';
import { cpuOf } from './proxy/process-cpu.ts';
import { median, spreadOf } from './proxy/verdict.ts';
import { type Place, requests, Wire } from './wire.ts';

/** What stands between an application and its data, in this order. */
export const TIERS = ['edge', 'proxy', 'redis'] as const;
export type Tier = (typeof TIERS)[number];

/** One load: what is asked, by how many clients, how many requests at once, how large the values are. */
interface Load {
  readonly command: 'GET' | 'SET';
  readonly clients: number;
  readonly pipeline: number;
  /** Bytes. */
  readonly size: number;
  readonly requests: number;
}

/** CPU microseconds for a request: medians of the rounds. */
export interface PathRow {
  readonly load: string;
  readonly tiers: Readonly<Record<Tier, number>>;
  readonly sum: number;
  /** Of one redis-server without anything before it, and without persistence. */
  readonly plain: number;
  /** (max - min) / median of the sum. */
  readonly spread: number;
}

export interface PathBench {
  readonly stack: string;
  readonly rounds: number;
  /** CPU milliseconds a second that each tier takes when nobody asks for anything; not counted in the rows. */
  readonly idle: Readonly<Record<Tier, number>>;
  readonly rows: readonly PathRow[];
}

export interface PathOptions {
  readonly plan: Plan;
  readonly credentials: Credentials;
  readonly engine: Docker;
  readonly rounds: number;
  readonly progress: (text: string) => void;
}

const IDLE_MS = 3000;
const START_LIMIT_MS = 10_000;
/** Keys that are asked for, of small values and of large ones. */
const KEYS = { small: 1000, large: 100 };
const LARGE = 65_536;
/** Different batches of requests, made before anything is measured. */
const BATCHES = 8;

const LOADS: readonly Load[] = (['GET', 'SET'] as const).flatMap((command) => [
  { command, clients: 50, pipeline: 1, size: 64, requests: 20_000 },
  { command, clients: 50, pipeline: 16, size: 64, requests: 100_000 },
  { command, clients: 10, pipeline: 1, size: LARGE, requests: 2000 },
  { command, clients: 10, pipeline: 16, size: LARGE, requests: 4800 },
]);

/**
 * CPU time for a request by tier, through the VIP of a running stack, and of one plain redis-server beside it, in turn.
 * @throws EnvironmentError when there is no redis-server for that
 */
export async function benchPath(options: PathOptions): Promise<PathBench> {
  const { plan, credentials, rounds, progress } = options;
  const stack: Place = {
    host: plan.vip,
    port: drilledPool(plan).listen,
    password: credentials.application,
  };
  const folder = mkdtempSync(join(tmpdir(), 'twemstack-path-'));
  const plain = await startPlain(folder);
  try {
    progress('what nobody’s requests take …');
    const idle = await idleRates(options);
    const rows: PathRow[] = [];
    for (const load of LOADS) {
      rows.push(await measureLoad(load, options, { stack, plain, idle }));
      progress(`${rows[rows.length - 1].load}: ${rows[rows.length - 1].sum.toFixed(1)} us`);
    }
    return { stack: plan.name, rounds, idle: mapTiers((tier) => idle[tier] / 1000), rows };
  } finally {
    await removeKeys(stack);
    await plain.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

interface Places {
  readonly stack: Place;
  readonly plain: Place & { cpuMicroseconds(): number };
  /** CPU microseconds a second. */
  readonly idle: Readonly<Record<Tier, number>>;
}

async function measureLoad(load: Load, options: PathOptions, places: Places): Promise<PathRow> {
  const { stack, plain, idle } = places;
  for (const place of [stack, plain]) await fill(place, load.size);
  const seen: Array<Record<Tier, number>> = [];
  const alone: number[] = [];
  const throughStack = async (): Promise<void> => {
    const before = await tierCpu(options);
    const seconds = await generate(stack, load);
    const after = await tierCpu(options);
    seen.push(
      mapTiers((tier) => Math.max(0, after[tier] - before[tier] - idle[tier] * seconds) / load.requests),
    );
  };
  const withoutIt = async (): Promise<void> => {
    const before = plain.cpuMicroseconds();
    await generate(plain, load);
    alone.push((plain.cpuMicroseconds() - before) / load.requests);
  };
  for (let round = 0; round < options.rounds; round++)
    for (const each of round % 2 === 0 ? [throughStack, withoutIt] : [withoutIt, throughStack]) await each();
  const sums = seen.map(sumOf);
  const tiers = mapTiers((tier) => median(seen.map((each) => each[tier])));
  return { load: nameOf(load), tiers, sum: sumOf(tiers), plain: median(alone), spread: spreadOf(sums) };
}

const nameOf = ({ command, clients, pipeline, size }: Load): string =>
  `${command} ${size === LARGE ? '64 KiB' : `${size} B`} P${pipeline} c${clients}`;

const sumOf = (tiers: Readonly<Record<Tier, number>>): number =>
  TIERS.reduce((sum, tier) => sum + tiers[tier], 0);

const mapTiers = (of: (tier: Tier) => number): Record<Tier, number> => ({
  edge: of('edge'),
  proxy: of('proxy'),
  redis: of('redis'),
});

async function idleRates(options: PathOptions): Promise<Record<Tier, number>> {
  const begun = performance.now();
  const before = await tierCpu(options);
  await sleep(IDLE_MS);
  const after = await tierCpu(options);
  const seconds = (performance.now() - begun) / 1000;
  return mapTiers((tier) => (after[tier] - before[tier]) / seconds);
}

/** CPU microseconds that the containers of each tier have used so far: of redis those of the shards that are asked. */
async function tierCpu({ plan, engine }: PathOptions): Promise<Record<Tier, number>> {
  const used = async (members: ReadonlyArray<{ readonly name: string }>): Promise<number> => {
    const all = await Promise.all(
      members.map(async ({ name }) => {
        const stats = await engine.getContainer(name).stats({ stream: false, 'one-shot': true });
        return stats.cpu_stats.cpu_usage.total_usage / 1000;
      }),
    );
    return all.reduce((sum, each) => sum + each, 0);
  };
  const [edge, proxy, redis] = await Promise.all([
    used(plan.edges),
    used(plan.proxies),
    used(drilledShards(plan).flatMap(({ members }) => members)),
  ]);
  return { edge, proxy, redis };
}

const keyOf = (n: number, size: number): string => `bench:path:${size === LARGE ? 'l' : 's'}${n}`;
const keysOf = (size: number): number => (size === LARGE ? KEYS.large : KEYS.small);

const wordsOf = (command: Load['command'], size: number, n: number): string[] => {
  const key = keyOf(n % keysOf(size), size);
  return command === 'GET' ? ['GET', key] : ['SET', key, 'x'.repeat(size)];
};

async function fill(place: Place, size: number): Promise<void> {
  const wire = await Wire.open(place);
  try {
    for (let n = 0; n < keysOf(size); n++) await wire.ask(requests(wordsOf('SET', size, n)));
  } finally {
    wire.close();
  }
}

/** Sends all requests of a load and waits for the replies. @returns the seconds that it took */
async function generate(place: Place, load: Load): Promise<number> {
  const { clients, command, pipeline, size } = load;
  const batches = Array.from({ length: BATCHES }, (_, batch) =>
    requests(
      ...Array.from({ length: pipeline }, (_each, i) =>
        wordsOf(command, size, (batch * pipeline + i) * 7919),
      ),
    ),
  );
  const wires: Wire[] = [];
  let left = load.requests / pipeline;
  const work = async (wire: Wire, first: number): Promise<void> => {
    for (let n = first; left > 0; n++) {
      left--;
      await wire.ask(batches[n % BATCHES], pipeline);
    }
  };
  try {
    for (let i = 0; i < clients; i++) wires.push(await Wire.open(place));
    const begun = performance.now();
    await Promise.all(wires.map(work));
    return (performance.now() - begun) / 1000;
  } finally {
    for (const wire of wires) wire.close();
  }
}

async function removeKeys(stack: Place): Promise<void> {
  const wire = await Wire.open(stack);
  try {
    for (const size of [64, LARGE])
      for (let n = 0; n < keysOf(size); n++) await wire.ask(requests(['UNLINK', keyOf(n, size)]));
  } finally {
    wire.close();
  }
}

/** A redis-server of its own on the loopback, without persistence. */
async function startPlain(folder: string): Promise<Places['plain'] & { stop(): Promise<void> }> {
  const port = await freePort();
  const words = ['--port', String(port), '--bind', '127.0.0.1', '--dir', folder, '--save', ''];
  const child = execFile('redis-server', [...words, '--appendonly', 'no']);
  let problem: Error | undefined;
  const ended = new Promise<void>((done) => child.once('exit', () => done()));
  child.once('error', (error) => {
    problem = error;
  });
  for (const deadline = performance.now() + START_LIMIT_MS; !(await accepts(port)); await sleep(10)) {
    if (problem === undefined && child.exitCode === null && performance.now() < deadline) continue;
    child.kill('SIGKILL');
    throw new EnvironmentError(
      `a redis-server to compare with cannot be started: ${problem?.message ?? 'it does not listen'}`,
      {
        remedy: 'apt-get install redis-server',
      },
    );
  }
  return {
    host: '127.0.0.1',
    port,
    cpuMicroseconds: () => cpuOf(child.pid ?? -1) / 1000,
    async stop() {
      child.kill('SIGTERM');
      await ended;
    },
  };
}
