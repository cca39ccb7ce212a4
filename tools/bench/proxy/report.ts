import { table } from '../../../scripts/report/table.ts';
import type { Comparison } from './compare.ts';
import type { Families } from './families.ts';
import type { Latency } from './latency.ts';
import type { ReplicaCost } from './replicas.ts';
import type { Machine, ProxyBench } from './results.ts';

/** With less idle time than this the generator is what limits the requests per second. */
const GENERATOR_BOUND = 0.05;

const percent = (share: number): string => `${(share * 100).toFixed(0)} %`;
const us = (value: number): string => value.toFixed(2);

/** What was measured as text, for people. */
export function benchText(bench: ProxyBench): string {
  const { machine, valuesChecked, loads, latency, idle, twoCpus, scaling = [] } = bench;
  const { replicas, families, lifetimes } = bench;
  const parts: string[] = [];
  if (machine !== undefined) parts.push(machineText(machine));
  if (valuesChecked !== undefined) parts.push(`${valuesChecked} values compared: all are right\n`);
  if (loads !== undefined) {
    const title = 'Everything on one CPU (layout S): CPU microseconds for a request, ratio = original / ours';
    parts.push(`${title}\n\n${gateTable(loads)}`);
  }
  if (latency !== undefined) parts.push(latencyText(latency));
  if (idle !== undefined) {
    const { clients, residentMb, cpuMsPerSecond, verdict } = idle;
    const figures = `${residentMb.toFixed(0)} MB, ${cpuMsPerSecond.toFixed(2)} ms CPU a second`;
    parts.push(`${clients} idle clients: ${figures} (goals 64 MB, 1 ms): ${verdict}\n`);
  }
  if (twoCpus !== undefined) {
    parts.push(`The proxy on a CPU of its own (layout T), no gate\n\n${twoCpuTable(twoCpus)}`);
  }
  for (const { of, load, rows } of scaling) {
    const cells = rows.map((row) => [String(row.count), us(row.original), us(row.ours), us(row.ratio)]);
    parts.push(`${load}, by number of ${of}\n\n${table([of, 'original us', 'ours us', 'ratio'], cells)}`);
  }
  if (replicas !== undefined) parts.push(replicaTable(replicas));
  if (families !== undefined) parts.push(familyText(families));
  if (lifetimes !== undefined) parts.push(lifetimeTable(lifetimes));
  return `${parts.join('\n')}\n`;
}

function machineText({ kernel, cpus, model, load, connectionTracking }: Machine): string {
  const tracking = `${connectionTracking ? 'with' : 'without'} connection tracking`;
  return `kernel ${kernel}, ${cpus} CPUs (${model}), load average before ${load.join(' ')}, ${tracking}\n`;
}

function latencyText({ original, ours, ratio, goal, spread, verdict }: Latency): string {
  const figures = `original ${us(original)} us, ours ${us(ours)} us, ours / original ${us(ratio)}`;
  return `One client, median latency: ${figures} (goal <= ${goal}, spread ${percent(spread)}): ${verdict}\n`;
}

/** One line of progress. */
export function describe(result: Comparison): string {
  const { name, candidates, ratio, verdict } = result;
  const { original, ours } = candidates;
  return `${name}: original ${us(original.cpu)} us, ours ${us(ours.cpu)} us, ratio ${us(ratio)}: ${verdict}`;
}

function gateTable(loads: readonly Comparison[]): string {
  const header = ['load', 'original', '(min-max)', 'ours', '(min-max)', 'of it user', 'ratio', 'goal', 'aim'];
  const rows = loads.map(({ name, candidates, ratio, goal, aim, spread, verdict, rounds, droppedRounds }) => {
    const { original, ours, node } = candidates;
    const range = (each: typeof ours): string => `${us(each.cpuMin)}-${us(each.cpuMax)}`;
    const figures = [us(original.cpu), range(original), us(ours.cpu), range(ours), us(ours.user), us(ratio)];
    const goals = [goal === undefined ? '' : String(goal), aim === undefined ? '' : String(aim)];
    const requests = [original, ours].map((each) => `${(each.requestsPerSecond / 1000).toFixed(0)}k`);
    return [
      name,
      ...figures,
      ...goals,
      verdict,
      percent(spread),
      `${rounds}+${droppedRounds}`,
      requests.join(' / '),
      node === undefined ? '' : `${us(node.cpu)} (${us(original.cpu / node.cpu)})`,
    ];
  });
  return table([...header, 'verdict', 'spread', 'rounds+dropped', 'req/s', 'node:net (ratio)'], rows);
}

function twoCpuTable(loads: readonly Comparison[]): string {
  const rows = loads.flatMap(({ name, candidates, ratio }) =>
    Object.entries(candidates).map(([label, each]) => [
      name,
      label,
      us(each.cpu),
      label === 'ours' ? us(ratio) : '',
      `${(each.requestsPerSecond / 1000).toFixed(0)}k`,
      `${each.p50} / ${each.p99}`,
      percent(each.proxyIdle),
      percent(each.generatorIdle),
      each.generatorIdle < GENERATOR_BOUND ? 'generator-bound' : '',
    ]),
  );
  const idle = ['proxy CPU idle', 'generator CPU idle', ''];
  return table(['load', 'proxy', 'CPU us', 'ratio', 'req/s', 'p50 / p99 ms', ...idle], rows);
}

function replicaTable(replicas: readonly ReplicaCost[]): string {
  const rows = replicas.map((cost) => [
    cost.load,
    us(cost.without.cpu),
    us(cost.with.cpu),
    String(cost.without.p50),
    String(cost.with.p50),
  ]);
  const header = ['load', 'CPU us without', 'with', 'p50 ms without', 'with'];
  return `wait_replicas: 1, ours without and with it\n\n${table(header, rows)}`;
}

function familyText({ rows, blocked }: Families): string {
  const cells = rows.map(({ name, unit, plain, ours, ratio, spread }) => [
    name,
    `${plain.toFixed(0)} ${unit}`,
    `${ours.toFixed(0)} ${unit}`,
    us(ratio),
    percent(spread),
  ]);
  const { clients, kibEach, cpuMsPerSecond, verdict } = blocked;
  const figures = `${kibEach.toFixed(1)} KiB each, ${cpuMsPerSecond.toFixed(2)} ms CPU a second`;
  return [
    'Families of commands: time until it is done, through ours with one server and on that redis-server, ratio = ours / plain\n\n',
    table(['what', 'plain', 'ours', 'ratio', 'spread'], cells),
    `\n${clients} clients that wait in BLPOP: ${figures} (goals 16 KiB, 1 ms): ${verdict}\n`,
  ].join('');
}

function lifetimeTable(lifetimes: NonNullable<ProxyBench['lifetimes']>): string {
  const rows = Object.entries(lifetimes).map(([name, { start, stop }]) => [
    name,
    start.toFixed(0),
    stop.toFixed(0),
  ]);
  return `Start and end\n\n${table(['proxy', 'start to first connection, ms', 'SIGTERM to exit, ms'], rows)}`;
}
