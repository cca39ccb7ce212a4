import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { execa } from 'execa';
import { renderRules } from '../../monitoring/rules.ts';
import type { Plan } from '../../topology/types.ts';
import { inTemporaryFolder } from './stack-fixture.ts';

/** Series as promtool writes them: `name{labels}` → values, one each 5 s (`1x60`: 61 times 1). */
export type Series = Map<string, string>;

/** Debian's package `prometheus` has it. */
const PROMTOOL = process.env.TWEMSTACK_PROMTOOL ?? 'promtool';

/** Runs promtool. @returns what it said; @throws when it is not content */
export async function promtool(...args: string[]): Promise<string> {
  return (await execa(PROMTOOL, args, { all: true, stdin: 'ignore' })).all;
}

/** What promtool finds against figures in Prometheus' text format: their names, types and descriptions; '' = nothing. */
export async function lintMetrics(text: string): Promise<string> {
  return (await execa(PROMTOOL, ['check', 'metrics'], { all: true, input: text, reject: false })).all;
}

export const seriesOf = (name: string, labels: Readonly<Record<string, string>>): string =>
  `${name}{${Object.entries(labels)
    .map(([label, value]) => `${label}="${value}"`)
    .join(',')}}`;

/** A history, and the names of the alerts that are raised at some time in it. */
export interface Scenario {
  readonly title: string;
  readonly series: Series;
  readonly at: string;
  readonly raised: readonly string[];
}

/** Holds the rules of a plan against histories, all in one run. @throws with what promtool finds different */
export function checkRaised(plan: Plan, scenarios: readonly Scenario[]): Promise<unknown> {
  return inTemporaryFolder((folder) => {
    writeFileSync(join(folder, 'rules.yml'), renderRules(plan));
    const tests = scenarios.map(({ title, series, at, raised }) => ({
      name: title,
      interval: '5s',
      input_series: [...series].map(([name, values]) => ({ series: name, values })),
      promql_expr_test: [
        {
          expr: 'group by (alertname) (ALERTS{alertstate="firing"})',
          eval_time: at,
          exp_samples: raised.map((name) => ({ labels: `{alertname="${name}"}`, value: 1 })),
        },
      ],
    }));
    const document = { rule_files: ['rules.yml'], evaluation_interval: '5s', tests };
    writeFileSync(join(folder, 'tests.yml'), JSON.stringify(document));
    return promtool('test', 'rules', join(folder, 'tests.yml'));
  });
}
