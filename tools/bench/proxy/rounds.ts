import { setTimeout as sleep } from 'node:timers/promises';
import { cpusOf } from './layout.ts';
import { cpuOf, endedChildrenCpu, modesOf, processorTime } from './process-cpu.ts';
import type { Rig } from './rig.ts';

/** One run of a load against one proxy. */
export interface Sample {
  /** CPU microseconds of the proxy for a request, and the share of it that was spent in user mode. */
  readonly cpu: number;
  readonly userShare: number;
  readonly requestsPerSecond: number;
  /** Milliseconds; redis-benchmark counts in steps of 8 us. */
  readonly p50: number;
  readonly p99: number;
  /** Share of a CPU that processes besides the rig's took on the rig's CPUs, the hypervisor's other guests included. */
  readonly foreign: number;
  /** Share of the time that the proxy's and the generator's CPU had nothing to do. */
  readonly proxyIdle: number;
  readonly generatorIdle: number;
}

/** Above this share of a CPU in other hands a round is dropped. */
export const DISTURBED = 0.05;
const CALM_MS = 300;

/** How many rounds of a load count, and how many are run at most to get so many quiet ones. */
export interface RoundCount {
  readonly wanted: number;
  readonly most: number;
}

export interface Rounds {
  /** By label, in the order of the rounds. */
  readonly samples: Readonly<Record<string, readonly Sample[]>>;
  readonly dropped: number;
  /** Too few rounds were quiet, so the least disturbed ones had to do. */
  readonly disturbed: boolean;
}

/**
 * Measures in the order A B, B A, A B …: what changes slowly meets all alike. Rounds in which others took more than 5 %
 * of a CPU are repeated, within the bound.
 */
export async function interleavedRounds(
  labels: readonly string[],
  { wanted, most }: RoundCount,
  measure: (label: string) => Promise<Sample>,
): Promise<Rounds> {
  const quiet: Sample[][] = [];
  const noisy: Sample[][] = [];
  for (let i = 0; quiet.length < wanted && i < most; i++) {
    const order = i % 2 === 0 ? labels : [...labels].reverse();
    const round = new Map<string, Sample>();
    for (const label of order) round.set(label, await measure(label));
    const samples = labels.map((label) => round.get(label) as Sample);
    if (disturbanceOf(samples) <= DISTURBED) quiet.push(samples);
    else {
      noisy.push(samples);
      await sleep(CALM_MS);
    }
  }
  const missing = wanted - quiet.length;
  noisy.sort((a, b) => disturbanceOf(a) - disturbanceOf(b));
  const used = [...quiet, ...noisy.slice(0, missing)];
  return {
    samples: Object.fromEntries(labels.map((label, i) => [label, used.map((round) => round[i])])),
    dropped: noisy.length - Math.max(0, missing),
    disturbed: missing > 0,
  };
}

function disturbanceOf(round: readonly Sample[]): number {
  return Math.max(...round.map((sample) => sample.foreign));
}

/** Runs redis-benchmark once. @param requests how many it sends */
export async function measureRun(
  rig: Rig,
  label: string,
  requests: number,
  args: readonly string[],
): Promise<Sample> {
  const { pid } = rig.proxy(label);
  const cpus = cpusOf(rig.layout);
  const look = () => ({
    at: performance.now(),
    proxy: cpuOf(pid),
    modes: modesOf(pid),
    own: rig.cpuSeconds() + endedChildrenCpu(),
    cpus: cpus.map(processorTime),
  });
  const before = look();
  const csv = await rig.generate(label, ['-n', String(requests), ...args]);
  const after = look();
  const seconds = (after.at - before.at) / 1000;
  const taken = cpus.map((_, i) => {
    const busy = after.cpus[i].busy - before.cpus[i].busy;
    return busy + after.cpus[i].steal - before.cpus[i].steal;
  });
  const idle = cpus.map((_, i) => (after.cpus[i].idle - before.cpus[i].idle) / seconds);
  const user = after.modes.user - before.modes.user;
  const system = after.modes.system - before.modes.system;
  const [, requestsPerSecond, , , p50, , p99] = lastRow(csv);
  return {
    cpu: (after.proxy - before.proxy) / 1000 / requests,
    userShare: user / (user + system || 1),
    requestsPerSecond,
    p50,
    p99,
    foreign: Math.max(0, (taken.reduce((sum, each) => sum + each) - (after.own - before.own)) / seconds),
    proxyIdle: idle[0],
    generatorIdle: idle[idle.length - 1],
  };
}

/** The numbers of redis-benchmark's CSV: test, rps, average, minimum, p50, p95, p99, maximum (milliseconds). */
function lastRow(csv: string): number[] {
  const row = csv.trim().split('\n').at(-1) ?? '';
  return row.slice(1, -1).split('","').map(Number);
}
