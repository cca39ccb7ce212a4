import { loadavg, release } from 'node:os';
import { resolve } from 'node:path';
import { buildProxy } from '../../proxy/build.ts';
import { measureIdle } from './proxy/idle.ts';
import { LOADS, type Load } from './proxy/loads.ts';
import { busyJiffies, cpuOf, median } from './proxy/process-cpu.ts';
import { CANDIDATES, type Candidate, Rig } from './proxy/rig.ts';
import { checkValues } from './proxy/value-check.ts';

/** CPU microseconds per request of both, round by round, and what to think of them. */
export interface LoadResult {
  name: string;
  original: number[];
  ours: number[];
  /** Median of the original divided by median of ours. */
  ratio: number;
  goal?: number;
  /** Largest spread of a candidate, (max - min) / median. */
  spread: number;
  verdict: 'met' | 'missed' | 'too noisy' | 'no goal';
  /** Share of one CPU that other processes took, at most, in a round. */
  foreign: number;
}

export interface ProxyBench {
  kernel: string;
  loadBefore: number[];
  valuesChecked: number;
  loads: LoadResult[];
  latencyP50: Record<Candidate, number>;
  idle: { residentMb: number; cpuMsPerSecond: number };
}

const CPU = '0';
const TOO_NOISY = 0.15;
const TICKS_PER_SECOND = 100;

/**
 * Ours against the original, everything on one CPU (layout S), rounds in the order A B B A. Only ratios of one run mean
 * anything. @param only substring of the loads to run
 */
export async function benchProxy(
  options: { rounds?: number; only?: string; progress?: (text: string) => void } = {},
): Promise<ProxyBench> {
  const { rounds = 5, only = '', progress = () => {} } = options;
  buildProxy(resolve('dist/nutcracker'));
  const rig = new Rig(CPU);
  try {
    await rig.start();
    await rig.restartProxies();
    const loadBefore = loadavg();
    const valuesChecked = await checkValues(rig.portOf('original'), rig.portOf('ours'));
    const loads: LoadResult[] = [];
    for (const load of LOADS.filter((each) => each.name.includes(only))) {
      const result = await measureLoad(rig, load, rounds);
      progress(describe(result));
      loads.push(result);
    }
    await rig.restartProxies();
    const latencyP50 = { original: await latency(rig, 'original'), ours: await latency(rig, 'ours') };
    const idle = await measureIdle(rig.portOf('ours'), rig.pidOf('ours'), 10_000);
    return { kernel: release(), loadBefore, valuesChecked, loads, latencyP50, idle };
  } finally {
    await rig.stop();
  }
}

async function measureLoad(rig: Rig, load: Load, rounds: number): Promise<LoadResult> {
  await rig.restartProxies();
  await rig.populate(load.valueSize);
  for (const candidate of CANDIDATES) await rig.run(candidate, Math.ceil(load.requests / 3), load.args);
  const samples: Record<Candidate, number[]> = { original: [], ours: [] };
  let foreign = 0;
  for (let round = 0; round < rounds; round++) {
    const order = round % 2 === 0 ? CANDIDATES : [...CANDIDATES].reverse();
    for (const candidate of order) {
      const busy = busyJiffies();
      const begun = performance.now();
      const before = cpuOf(rig.pidOf(candidate));
      await rig.run(candidate, load.requests, load.args);
      samples[candidate].push((cpuOf(rig.pidOf(candidate)) - before) / 1000 / load.requests);
      // our own processes fill one CPU; what is busy beyond that is somebody else's
      const seconds = (performance.now() - begun) / 1000;
      foreign = Math.max(foreign, (busyJiffies() - busy) / TICKS_PER_SECOND / seconds - 1);
    }
  }
  return judge(load, samples, foreign);
}

function judge(load: Load, { original, ours }: Record<Candidate, number[]>, foreign: number): LoadResult {
  const spreadOf = (values: number[]): number => (Math.max(...values) - Math.min(...values)) / median(values);
  const ratio = median(original) / median(ours);
  const spread = Math.max(spreadOf(original), spreadOf(ours));
  const { name, goal } = load;
  const met = goal === undefined ? 'no goal' : ratio >= goal ? 'met' : 'missed';
  return {
    name,
    original,
    ours,
    ratio,
    goal,
    spread,
    foreign,
    verdict: spread > TOO_NOISY ? 'too noisy' : met,
  };
}

/** Median latency of a single client, milliseconds. */
async function latency(rig: Rig, candidate: Candidate): Promise<number> {
  const csv = await rig.run(candidate, 20_000, ['-c', '1', 'GET', 'key:000000000001']);
  const cells = csv.trim().split('\n').at(-1)?.split(',') ?? [];
  return Number(cells[4]?.replaceAll('"', ''));
}

function describe(result: LoadResult): string {
  const { name, original, ours, ratio, goal, spread, foreign, verdict } = result;
  const figures = `${median(original).toFixed(2)} us, ours ${median(ours).toFixed(2)} us, ratio ${ratio.toFixed(2)}`;
  const noise = `spread ${(spread * 100).toFixed(0)} %, others ${(Math.max(0, foreign) * 100).toFixed(0)} % of a CPU`;
  return `${name.padEnd(12)} original ${figures}${goal ? ` (goal ${goal})` : ''}, ${noise}: ${verdict}`;
}

/** The whole table as text. */
export function benchText(bench: ProxyBench): string {
  const { latencyP50, idle } = bench;
  return [
    `kernel ${bench.kernel}, load average before ${bench.loadBefore.map((each) => each.toFixed(1)).join(' ')}`,
    `${bench.valuesChecked} values checked`,
    ...bench.loads.map(describe),
    `c1 p50 latency: original ${latencyP50.original} ms, ours ${latencyP50.ours} ms`,
    `10,000 idle clients: ${idle.residentMb.toFixed(0)} MB, ${idle.cpuMsPerSecond.toFixed(2)} ms CPU a second`,
    '',
  ].join('\n');
}
