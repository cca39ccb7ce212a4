import { bytesText } from '../../scripts/data/data-text.ts';
import { table } from '../../scripts/report/table.ts';
import { formatSizeMb } from '../../topology/units.ts';
import type { BackupBench, LoadCost } from './backup.ts';
import { estimateText } from './pairs.ts';
import { median } from './proxy/verdict.ts';
import type { Slice } from './steady-load.ts';

/** What a backup costs clients, for people. */
export function backupBenchText(bench: BackupBench): string {
  const { stack, rateMb, backups, bytes, seconds, cpuMs, full, partly } = bench;
  const rate = rateMb === 0 ? 'as fast as it comes' : `at most ${formatSizeMb(rateMb)} a second`;
  return `what clients of ${stack} lose while a backup is taken, ${rate}: ${backups} backups of ${bytesText(bytes)}, each ${seconds.toFixed(1)} s and ${cpuMs.toFixed(0)} ms of whoever took it

${loadText('as many requests as are answered', full)}
${loadText(`${partly.requestsPerSecond} requests a second`, partly)}
with / without: median of ${full.pairs.length} pairs of slices beside each other, and where that of many more would lie, with 95 % confidence
`;
}

function loadText(title: string, cost: LoadCost): string {
  const middle = (kind: 'without' | 'with', pick: (slice: Slice) => number, digits: number): string =>
    median(cost.pairs.map((pair) => pick(pair[kind]))).toFixed(digits);
  const row = (name: string, pick: (slice: Slice) => number, digits: number, ratio: string): string[] => [
    name,
    middle('without', pick, digits),
    middle('with', pick, digits),
    ratio,
  ];
  return table(
    [title, 'without', 'with', 'with / without'],
    [
      row('requests a second', (slice) => slice.requestsPerSecond, 0, estimateText(cost.throughput)),
      row('answered within, half of them (ms)', (slice) => slice.p50, 2, estimateText(cost.p50)),
      row('answered within, 99 % of them (ms)', (slice) => slice.p99, 2, estimateText(cost.p99)),
    ],
  );
}
