import { table } from '../../scripts/report/table.ts';
import { type PathBench, TIERS } from './path.ts';

/** What was measured as text, for people. */
export function pathText({ stack, idle, rows }: PathBench): string {
  const us = (value: number): string => value.toFixed(1);
  const cells = rows.map(({ load, tiers, sum, plain, spread }) => [
    load,
    ...TIERS.map((tier) => us(tiers[tier])),
    us(sum),
    us(plain),
    us(sum / plain),
    `${(spread * 100).toFixed(0)} %`,
  ]);
  const rest = TIERS.map((tier) => `${tier} ${idle[tier].toFixed(1)}`).join(', ');
  return [
    `CPU microseconds for a request through the VIP of ${stack}, and of one plain redis-server\n\n`,
    table(['load', ...TIERS, 'sum', 'plain', 'sum / plain', 'spread of the sum'], cells),
    `\nWhat nobody’s requests take is not in it: ${rest} (CPU milliseconds a second)\n`,
  ].join('');
}
