import { existsSync } from 'node:fs';
import { cpus, loadavg, release } from 'node:os';
import { type Programs, preparePrograms } from './proxy/candidates.ts';
import { type Comparison, compare, type Entrant } from './proxy/compare.ts';
import { type Idle, measureIdle } from './proxy/idle.ts';
import { compareLatency, type Latency } from './proxy/latency.ts';
import { type Layout, ONE_CPU, stepAside, TWO_CPUS } from './proxy/layout.ts';
import { type Lifetimes, measureLifetimes } from './proxy/lifetimes.ts';
import { LOADS, LOADS_ON_TWO_CPUS, type Load } from './proxy/loads.ts';
import { measureReplicaCost, type ReplicaCost } from './proxy/replicas.ts';
import { describe } from './proxy/report.ts';
import { Rig } from './proxy/rig.ts';
import type { RoundCount } from './proxy/rounds.ts';
import { measureScaling, type ScalingTable } from './proxy/scaling.ts';
import { checkValues } from './proxy/value-check.ts';

const IDLE_CLIENTS = 10_000;
/** Where no goal is at stake: disturbed rounds are not repeated. */
const FOR_INFORMATION: RoundCount = { wanted: 3, most: 3 };
const QUICK: RoundCount = { wanted: 3, most: 6 };
const CONNECTION_TRACKING = '/proc/sys/net/netfilter/nf_conntrack_count';

export interface ProxyBenchOptions {
  /** Rounds of each load that count. */
  readonly rounds: number;
  /** Only the goal table, three rounds of a third of the requests, without node:net. */
  readonly quick: boolean;
  /** Only loads of the goal table whose name contains this, and nothing else. */
  readonly only?: string;
  readonly progress: (text: string) => void;
}

/** Everything that was measured. Only ratios within one run mean anything. */
export interface ProxyBench {
  readonly machine: {
    readonly kernel: string;
    readonly cpus: number;
    readonly model: string;
    readonly load: readonly string[];
    readonly connectionTracking: boolean;
  };
  readonly valuesChecked: number;
  readonly loads: readonly Comparison[];
  readonly latency?: Latency;
  readonly twoCpus: readonly Comparison[];
  readonly scaling: readonly ScalingTable[];
  readonly replicas: readonly ReplicaCost[];
  readonly lifetimes?: Record<'original' | 'ours', Lifetimes>;
  readonly idle?: Idle;
}

/**
 * Ours against the original, which is started afresh for every load. The gate is the CPU time of a request with
 * everything on one CPU; the rest is for information.
 * @throws EnvironmentError when something is not installed, AssertionError when a value is wrong
 */
export async function benchProxy(options: ProxyBenchOptions): Promise<ProxyBench> {
  const { quick, only, progress } = options;
  const machine = describeMachine();
  const programs = await preparePrograms();
  await stepAside();
  const bench = await withRig(programs, ONE_CPU, (rig) => onOneCpu(rig, options));
  if (quick || only !== undefined) {
    return { machine, ...bench, twoCpus: [], scaling: [], replicas: [] };
  }
  const twoCpus = await withRig(programs, TWO_CPUS, (rig) =>
    compareLoads(rig, LOADS_ON_TWO_CPUS, FOR_INFORMATION, (text) => progress(`two CPUs, ${text}`)),
  );
  const scaling = await withRig(programs, ONE_CPU, (rig) => measureScaling(rig, FOR_INFORMATION, progress));
  const replicas = await withRig(programs, ONE_CPU, (rig) => measureReplicaCost(rig, FOR_INFORMATION), 1);
  const lifetimes = await withRig(programs, ONE_CPU, measureLifetimes);
  return { machine, ...bench, twoCpus, scaling, replicas, lifetimes };
}

const BOTH: readonly Entrant[] = [
  { label: 'original', candidate: 'original' },
  { label: 'ours', candidate: 'ours' },
];
const ALL: readonly Entrant[] = [...BOTH, { label: 'node', candidate: 'node' }];

/** The goal table, and the goals beside it. */
async function onOneCpu(
  rig: Rig,
  { rounds, quick, only, progress }: ProxyBenchOptions,
): Promise<Pick<ProxyBench, 'valuesChecked' | 'loads' | 'latency' | 'idle'>> {
  for (const { label, candidate } of ALL) await rig.fresh(label, candidate);
  let valuesChecked = 0;
  for (const other of ['ours', 'node']) {
    valuesChecked += await checkValues(rig.proxy('original').port, rig.proxy(other).port);
  }
  progress(`${valuesChecked} values are right`);
  const chosen = LOADS.filter((load) => load.name.includes(only ?? ''));
  const loads = quick
    ? await compareLoads(rig, chosen.map(shortened), QUICK, progress)
    : await compareLoads(rig, chosen, { wanted: rounds, most: rounds * 2 }, progress);
  if (only !== undefined) return { valuesChecked, loads };
  const latency = await compareLatency(rig, quick ? QUICK.wanted : rounds);
  await rig.stopProxies();
  const idle = await measureIdle(await rig.fresh('ours', 'ours'), IDLE_CLIENTS);
  return { valuesChecked, loads, latency, idle };
}

async function compareLoads(
  rig: Rig,
  loads: readonly Load[],
  rounds: RoundCount,
  progress: (text: string) => void,
): Promise<Comparison[]> {
  const results: Comparison[] = [];
  for (const load of loads) {
    const result = await compare(rig, load, load.withNode === true ? ALL : BOTH, rounds);
    progress(describe(result));
    results.push(result);
  }
  return results;
}

function shortened(load: Load): Load {
  return { ...load, requests: Math.ceil(load.requests / 3), withNode: false };
}

/** @param replicas of each of the two servers */
async function withRig<T>(
  programs: Programs,
  layout: Layout,
  measure: (rig: Rig) => Promise<T>,
  replicas = 0,
): Promise<T> {
  const rig = new Rig(programs, layout);
  try {
    await rig.start(2, replicas);
    return await measure(rig);
  } finally {
    await rig.stop();
  }
}

function describeMachine(): ProxyBench['machine'] {
  const all = cpus();
  return {
    kernel: release(),
    cpus: all.length,
    model: all[0].model.trim(),
    load: loadavg().map((each) => each.toFixed(1)),
    connectionTracking: existsSync(CONNECTION_TRACKING),
  };
}
