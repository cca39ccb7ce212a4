import { readdirSync, readFileSync } from 'node:fs';

/** Of /proc: ticks a second. */
const TICKS = 100;

/** CPU seconds of one processor by state, since the machine started. */
export interface ProcessorTime {
  readonly busy: number;
  readonly idle: number;
  /** The hypervisor gave it to others. */
  readonly steal: number;
}

/** CPU nanoseconds that a process and its children used so far: all threads. */
export function cpuOf(pid: number): number {
  let sum = 0;
  for (const task of tasksOf(pid)) {
    sum += Number(readOrEmpty(`/proc/${pid}/task/${task}/schedstat`).split(' ')[0]);
    for (const child of childrenOf(pid, task)) sum += cpuOf(child);
  }
  return sum;
}

/** Seconds in user mode and in the kernel, of a process and its children; in steps of 10 ms. */
export function modesOf(pid: number): { user: number; system: number } {
  const [user, system] = statOf(pid).slice(11, 13).map(Number);
  const total = { user: user / TICKS, system: system / TICKS };
  for (const child of tasksOf(pid).flatMap((task) => childrenOf(pid, task))) {
    const modes = modesOf(child);
    total.user += modes.user;
    total.system += modes.system;
  }
  return total;
}

/** CPU seconds of this process' children that have ended and were waited for. */
export function endedChildrenCpu(): number {
  const [user, system] = statOf(process.pid).slice(13, 15).map(Number);
  return (user + system) / TICKS;
}

export function processorTime(cpu: number): ProcessorTime {
  const line = readFileSync('/proc/stat', 'utf8')
    .split('\n')
    .find((each) => each.startsWith(`cpu${cpu} `));
  if (line === undefined) throw new Error(`there is no cpu${cpu}`);
  const [user, nice, system, idle, ioWait, irq, softirq, steal] = line
    .split(/\s+/)
    .slice(1)
    .map((ticks) => Number(ticks) / TICKS);
  return { busy: user + nice + system + irq + softirq, idle: idle + ioWait, steal };
}

/** Resident memory in MB. */
export function residentOf(pid: number): number {
  const match = /^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
  return Number(match?.[1] ?? 0) / 1024;
}

function tasksOf(pid: number): string[] {
  return readdirSync(`/proc/${pid}/task`);
}

function childrenOf(pid: number, task: string): number[] {
  return readOrEmpty(`/proc/${pid}/task/${task}/children`).split(' ').filter(Boolean).map(Number);
}

/** Fields of /proc/PID/stat from the state (field 3) on: the name before may contain anything. */
function statOf(pid: number): string[] {
  const text = readOrEmpty(`/proc/${pid}/stat`);
  return text.slice(text.lastIndexOf(') ') + 2).split(' ');
}

/** Threads and processes may end while they are looked at. */
function readOrEmpty(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}
