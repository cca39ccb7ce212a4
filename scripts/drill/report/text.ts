import { table } from '../../report/table.ts';
import type { Verdict } from '../load/judge.ts';
import type { AlertTimes } from './alerts.ts';
import type { DrillDocument, PromiseSummary } from './document.ts';

/** The report for a terminal: one table of promises per drill, then what the application was told. */
export function reportText(document: DrillDocument): string {
  const parts = document.drills.map((drill) => {
    const rows = drill.promises.map((promise) => [
      promise.promise,
      limitText(promise),
      valueText(promise.p50),
      valueText(promise.p95),
      valueText(promise.max),
      promise.kept === promise.rounds ? 'kept' : `BROKEN in ${promise.rounds - promise.kept}`,
    ]);
    const rounds = document.rounds.filter((round) => round.drill === drill.drill);
    const problems = rounds.flatMap(({ problem, round }) =>
      problem === null ? [] : [`  round ${round}: ${problem}\n`],
    );
    const scripts = rounds.flatMap(({ script, round, passed }) =>
      script === null || passed ? [] : [`  round ${round} again: ${replayLine(script)}\n`],
    );
    return [
      `\n${drill.drill}: ${drill.passed} of ${drill.rounds} rounds passed\n`,
      table(['promise', 'limit', 'p50', 'p95', 'max', ''], rows),
      ...lostLines(rounds),
      ...alertLines(rounds),
      ...errorLines(rounds),
      ...problems,
      ...scripts,
    ].join('');
  });
  return [
    ...parts,
    ...document.leftOut.map(({ drill, reason }) => `\nleft out: ${drill}: ${reason}\n`),
    document.shrunk === null ? '' : `\nsmallest seen to break it: ${replayLine(document.shrunk.script)}\n`,
    document.problem === null ? '' : `\nended early: ${document.problem}\n`,
    document.interrupted ? '\ninterrupted: the report is partial\n' : '',
  ].join('');
}

/** The command line that does what a round did. */
export const replayLine = (script: string): string => `twemstack drill nemesis --replay '${script}'`;

/** Losses are told even where a promise allows them. */
function lostLines(rounds: DrillDocument['rounds']): string[] {
  const line = (what: string, of: (verdict: Verdict) => { lost: number; all: number }): string[] => {
    const counts = rounds.flatMap(({ verdict }) => (verdict === null ? [] : [of(verdict)]));
    const lost = counts.reduce((sum, count) => sum + count.lost, 0);
    const all = counts.reduce((sum, count) => sum + count.all, 0);
    return lost === 0 ? [] : [`${lost} of ${all} acknowledged ${what} LOST\n`];
  };
  const of = (part: Pick<Verdict['jobs'], 'lost' | 'acknowledged'>): { lost: number; all: number } => ({
    lost: part.lost.length,
    all: part.acknowledged,
  });
  return [
    ...line('writes', of),
    ...line('transactions', ({ transactions }) => of(transactions)),
    ...line('jobs', ({ jobs }) => of(jobs)),
  ];
}

/** How many acknowledged writes, transactions and jobs are gone. */
export const lostOf = ({ lost, transactions, jobs }: Verdict): number =>
  lost.length + transactions.lost.length + jobs.lost.length;

/** How alerts came and went, one line a round; of a stack that is not monitored nothing is said. */
function alertLines(rounds: DrillDocument['rounds']): string[] {
  return rounds.flatMap(({ alerts, round }) =>
    alerts === null
      ? []
      : [
          `alerts${rounds.length > 1 ? ` of round ${round}` : ''}: ${alerts.map(alertText).join('; ') || 'none'}\n`,
        ],
  );
}

/** One alert in words, with times since the fault. */
export function alertText({ alert, named, raised, over }: AlertTimes): string {
  const others = named ? '' : ' (not named by the drill)';
  if (raised === null) return `${alert} was not raised`;
  const end = over === null ? 'and not over yet' : `over at ${seconds(over)}`;
  return `${alert} raised at ${seconds(raised)}, ${end}${others}`;
}

const seconds = (ms: number): string => `${(ms / 1000).toFixed(1)} s`;

function errorLines(rounds: DrillDocument['rounds']): string[] {
  const counts = new Map<string, number>();
  for (const { errors } of rounds)
    for (const { shard, error, count } of errors) {
      const line = `${shard}: ${error}`;
      counts.set(line, (counts.get(line) ?? 0) + count);
    }
  if (counts.size === 0) return [];
  return ['errors the application saw:\n', ...[...counts].map(([line, count]) => `  ${count}× ${line}\n`)];
}

export const limitText = ({ limit, unit }: PromiseSummary): string =>
  unit === 'ms' ? `<= ${limit} ms` : limit === 0 ? 'none' : `<= ${limit}`;

const valueText = (value: number | null): string => (value === null ? '-' : String(value));
