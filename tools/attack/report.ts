import { table } from '../../scripts/report/table.ts';
import type { AttackReport } from './verdict.ts';

/** What `--json` prints. */
export interface AttackDocument {
  readonly schema: 1;
  /** Every attack was beaten off, and all that were asked for were run: exit code 0. */
  readonly passed: boolean;
  /** Why it ended early, or null. */
  readonly problem: string | null;
  readonly attacks: readonly AttackReport[];
}

/** One line an attack, then what the successful ones got. */
export function attackText({ attacks, problem }: AttackDocument): string {
  const rows = attacks.map(({ attack, as, succeeded, pauseMs, newcomerMs, did }) => [
    attack,
    as,
    succeeded.length === 0 ? 'beaten off' : 'SUCCEEDED',
    milliseconds(pauseMs),
    milliseconds(newcomerMs),
    did,
  ]);
  const got = attacks.flatMap(({ attack, as, tries, succeeded }) =>
    succeeded.length === 0
      ? []
      : [`\n${attack} as ${as}: ${tries}\n`, ...succeeded.map((what) => `  ${what}\n`)],
  );
  const beaten = attacks.filter(({ succeeded }) => succeeded.length === 0).length;
  return [
    table(['attack', 'as', '', 'others waited', 'newcomers', 'what it did'], rows),
    ...got,
    `\n${beaten} of ${attacks.length} attacks beaten off\n`,
    problem === null ? '' : `ended early: ${problem}\n`,
  ].join('');
}

const milliseconds = (ms: number | null): string => (ms === null ? 'for ever' : `${ms} ms`);
