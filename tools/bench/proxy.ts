import { existsSync } from 'node:fs';
import { cpus, loadavg, release } from 'node:os';
import { type Programs, preparePrograms } from './proxy/candidates.ts';
import { type Comparison, compare, type Entrant } from './proxy/compare.ts';
import { measureFamilies } from './proxy/families.ts';
import { measureIdle } from './proxy/idle.ts';
import { compareLatency } from './proxy/latency.ts';
import { type Layout, ONE_CPU, stepAside, TWO_CPUS } from './proxy/layout.ts';
import { measureLifetimes } from './proxy/lifetimes.ts';
import { LOADS, LOADS_ON_TWO_CPUS, type Load } from './proxy/loads.ts';
import { measureReplicaCost } from './proxy/replicas.ts';
import { describe } from './proxy/report.ts';
import type { Machine, ProxyBench } from './proxy/results.ts';
import { Rig } from './proxy/rig.ts';
import type { RoundCount } from './proxy/rounds.ts';
import { measureScaling } from './proxy/scaling.ts';
import { checkValues } from './proxy/value-check.ts';

const IDLE_CLIENTS = 10_000;
/** Where no goal is at stake: disturbed rounds are not repeated. */
const FOR_INFORMATION: RoundCount = { wanted: 3, most: 3 };
const QUICK: RoundCount = { wanted: 3, most: 6 };
const CONNECTION_TRACKING = '/proc/sys/net/netfilter/nf_conntrack_count';

/** What can be measured, in this order. */
export const PARTS = [
  'goals',
  'latency',
  'idle',
  'layout-t',
  'scaling',
  'replicas',
  'families',
  'lifetimes',
] as const;
export type Part = (typeof PARTS)[number];

/** Of these, what `--quick` measures. */
const QUICK_PARTS: readonly Part[] = ['goals', 'latency', 'idle'];

export interface ProxyBenchOptions {
  /** Rounds of each load that count. */
  readonly rounds: number;
  /** Only the goals; three rounds of a third of the requests, without node:net. */
  readonly quick: boolean;
  /** Only loads of the goal table whose name contains this, and nothing else. */
  readonly only?: string;
  /** Only this part. */
  readonly part?: Part;
  readonly progress: (text: string) => void;
  /** Called when something is measured, with that alone. */
  readonly done: (results: ProxyBench) => void;
}

/**
 * Ours against the original, which is started afresh for every load. The gate is the CPU time of a request with
 * everything on one CPU; the rest is for information.
 * @throws EnvironmentError when something is not installed, AssertionError when a value is wrong
 */
export async function benchProxy(options: ProxyBenchOptions): Promise<ProxyBench> {
  const { quick, only, part, done, progress } = options;
  const machine = describeMachine();
  const programs = await preparePrograms();
  await stepAside();
  const valuesChecked = await withRig(programs, ONE_CPU, compareValues);
  let all: ProxyBench = { machine, valuesChecked };
  done(all);
  const wanted = only !== undefined ? (['goals'] as const) : quick ? QUICK_PARTS : PARTS;
  for (const each of part === undefined ? wanted : [part]) {
    progress(`measuring ${each} …`);
    const results = await measurePart(each, programs, options);
    all = { ...all, ...results };
    done(results);
  }
  return all;
}

async function measurePart(part: Part, programs: Programs, options: ProxyBenchOptions): Promise<ProxyBench> {
  const { rounds, quick, only, progress } = options;
  const onOneCpu = <T>(measure: (rig: Rig) => Promise<T>, replicas = 0): Promise<T> =>
    withRig(programs, ONE_CPU, measure, replicas);
  switch (part) {
    case 'goals': {
      const chosen = LOADS.filter((load) => load.name.includes(only ?? ''));
      const loads = quick ? chosen.map(shortened) : chosen;
      const count = quick ? QUICK : { wanted: rounds, most: rounds * 2 };
      return { loads: await onOneCpu((rig) => compareLoads(rig, loads, count, progress)) };
    }
    case 'latency':
      return { latency: await onOneCpu((rig) => compareLatency(rig, rounds)) };
    case 'idle':
      return {
        idle: await onOneCpu(async (rig) => measureIdle(await rig.fresh('ours', 'ours'), IDLE_CLIENTS)),
      };
    case 'layout-t':
      return {
        twoCpus: await withRig(programs, TWO_CPUS, (rig) =>
          compareLoads(rig, LOADS_ON_TWO_CPUS, FOR_INFORMATION, progress),
        ),
      };
    case 'scaling':
      return { scaling: await onOneCpu((rig) => measureScaling(rig, FOR_INFORMATION, progress)) };
    case 'replicas':
      return { replicas: await onOneCpu((rig) => measureReplicaCost(rig, FOR_INFORMATION), 1) };
    case 'families':
      return { families: await onOneCpu((rig) => measureFamilies(rig, rounds, progress)) };
    case 'lifetimes':
      return { lifetimes: await onOneCpu(measureLifetimes) };
  }
}

const BOTH: readonly Entrant[] = [
  { label: 'original', candidate: 'original' },
  { label: 'ours', candidate: 'ours' },
];
const ALL: readonly Entrant[] = [...BOTH, { label: 'node', candidate: 'node' }];

async function compareValues(rig: Rig): Promise<number> {
  for (const { label, candidate } of ALL) await rig.fresh(label, candidate);
  let compared = 0;
  for (const other of ['ours', 'node']) {
    compared += await checkValues(rig.proxy('original').port, rig.proxy(other).port);
  }
  return compared;
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

function describeMachine(): Machine {
  const all = cpus();
  return {
    kernel: release(),
    cpus: all.length,
    model: all[0].model.trim(),
    load: loadavg().map((each) => each.toFixed(1)),
    connectionTracking: existsSync(CONNECTION_TRACKING),
  };
}
