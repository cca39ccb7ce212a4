import { compare } from './compare.ts';
import { get, type Load, mget } from './loads.ts';
import type { Rig, Setup } from './rig.ts';
import type { RoundCount } from './rounds.ts';

const SMALL = 16;
const ENTRANTS = ['original', 'ours'] as const;

/** What one request costs both as something grows: CPU microseconds. */
export interface ScalingRow {
  readonly count: number;
  readonly original: number;
  readonly ours: number;
  readonly ratio: number;
}

export interface ScalingTable {
  /** What grows. */
  readonly of: string;
  readonly load: string;
  readonly rows: readonly ScalingRow[];
}

interface Axis {
  readonly of: string;
  readonly load: string;
  readonly counts: readonly number[];
  point(count: number): { args: readonly string[]; requests: number; setup?: Setup };
}

const AXES: readonly Axis[] = [
  {
    of: 'servers',
    load: 'GET P16 c50',
    counts: [2, 10, 50, 200],
    point: (servers) => ({ args: get(50, 16), requests: 150_000, setup: { servers } }),
  },
  {
    of: 'clients',
    load: 'GET P1',
    counts: [1, 10, 100, 1000, 10_000],
    point: (clients) => ({ args: get(clients, 1), requests: clients === 1 ? 10_000 : 40_000 }),
  },
  {
    of: 'keys in MGET',
    load: 'MGET c50',
    counts: [1, 10, 100, 1000],
    point: (keys) => ({ args: mget(keys), requests: Math.ceil(40_000 / (1 + keys / 8)) }),
  },
  {
    of: 'pools',
    load: 'GET P1 c50 to one of them',
    counts: [1, 10, 50],
    point: (pools) => ({ args: get(50, 1), requests: 40_000, setup: { pools } }),
  },
];

/** Cost as the number of servers, clients, keys in MGET and pools grows. Without goals. */
export async function measureScaling(
  rig: Rig,
  rounds: RoundCount,
  progress: (text: string) => void,
): Promise<ScalingTable[]> {
  const tables: ScalingTable[] = [];
  for (const axis of AXES) {
    const rows: ScalingRow[] = [];
    for (const count of axis.counts) {
      const { args, requests, setup } = axis.point(count);
      const load: Load = { name: `${count} ${axis.of}`, requests, args, valueSize: SMALL };
      const entrants = ENTRANTS.map((label) => ({ label, candidate: label, setup }));
      const { candidates, ratio } = await compare(rig, load, entrants, rounds);
      rows.push({ count, original: candidates.original.cpu, ours: candidates.ours.cpu, ratio });
      progress(`${load.name}: ratio ${ratio.toFixed(2)}`);
    }
    tables.push({ of: axis.of, load: axis.load, rows });
  }
  return tables;
}
