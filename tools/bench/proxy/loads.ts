import { KEYS } from './rig.ts';

/** One load of redis-benchmark, and what the original's CPU time divided by ours must at least be. */
export interface Load {
  readonly name: string;
  readonly requests: number;
  /** Arguments of redis-benchmark besides port and number. */
  readonly args: readonly string[];
  /** Bytes of a value that the keys are filled with before. */
  readonly valueSize: number;
  readonly goal?: number;
  readonly aim?: number;
  /** Ours on node:net is measured beside. */
  readonly withNode?: boolean;
}

const SMALL = 16;
const ANY_KEY = 'key:__rand_int__';

function shape(clients: number, pipeline: number): string[] {
  return ['-c', String(clients), '-P', String(pipeline), '-r', String(KEYS)];
}

export function get(clients: number, pipeline: number): string[] {
  return [...shape(clients, pipeline), 'GET', ANY_KEY];
}

export function set(clients: number, pipeline: number, size: number): string[] {
  return [...shape(clients, pipeline), 'SET', ANY_KEY, 'x'.repeat(size)];
}

export function mget(keys: number): string[] {
  return [...shape(50, 1), 'MGET', ...Array.from({ length: keys }, () => ANY_KEY)];
}

/** The rows of the goal table, GET and SET. */
export const LOADS: readonly Load[] = [
  {
    name: 'GET P1 c50',
    requests: 60_000,
    args: get(50, 1),
    valueSize: SMALL,
    goal: 1.05,
    aim: 1.2,
    withNode: true,
  },
  { name: 'SET P1 c50', requests: 60_000, args: set(50, 1, SMALL), valueSize: SMALL, goal: 1.05, aim: 1.2 },
  { name: 'GET P1 c500', requests: 60_000, args: get(500, 1), valueSize: SMALL, goal: 1.1 },
  {
    name: 'GET P16 c50',
    requests: 400_000,
    args: get(50, 16),
    valueSize: SMALL,
    goal: 3,
    aim: 3.5,
    withNode: true,
  },
  { name: 'SET P16 c50', requests: 400_000, args: set(50, 16, SMALL), valueSize: SMALL, goal: 3, aim: 3.5 },
  {
    name: 'GET P64 c20',
    requests: 600_000,
    args: get(20, 64),
    valueSize: SMALL,
    goal: 5,
    aim: 6,
    withNode: true,
  },
  { name: 'GET 4 KiB', requests: 40_000, args: get(50, 1), valueSize: 4096, goal: 1 },
  { name: 'SET 4 KiB', requests: 40_000, args: set(50, 1, 4096), valueSize: 4096, goal: 1 },
  {
    name: 'GET 64 KiB',
    requests: 15_000,
    args: get(50, 1),
    valueSize: 65_536,
    goal: 0.9,
    aim: 1,
    withNode: true,
  },
  { name: 'SET 64 KiB', requests: 15_000, args: set(50, 1, 65_536), valueSize: 65_536, goal: 0.9, aim: 1 },
  { name: 'MGET 10', requests: 30_000, args: mget(10), valueSize: SMALL, goal: 1.2, withNode: true },
];

/** Of these, what is also measured with a CPU for the proxy alone. */
export const LOADS_ON_TWO_CPUS = LOADS.filter((load) => load.valueSize === SMALL).map((load) => ({
  ...load,
  withNode: false,
}));
