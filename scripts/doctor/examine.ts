import type { Problem } from '../observe/assess.ts';
import { checks, type Finding } from './check.ts';
import type { Facts } from './facts.ts';
import './verdicts/all.ts';

/** A finding, and which check it is of. */
export interface Verdict extends Finding {
  readonly check: string;
}

export interface Diagnosis {
  readonly verdicts: readonly Verdict[];
  /** Checks that found nothing wrong, each as the sentence of what is well. */
  readonly well: readonly string[];
}

/** Holds a stack against all checks. What `status` calls degraded, and no check explains, is a verdict of its own. Pure. */
export function examine(facts: Facts): Diagnosis {
  const results = checks().map((check) => ({ check, findings: check.examine(facts) }));
  const verdicts = results.flatMap(({ check, findings }) =>
    findings.map((finding): Verdict => ({ check: check.name, ...finding })),
  );
  const wrong = verdicts.filter(({ severity }) => severity === 'wrong');
  const explained = new Set(wrong.flatMap(({ subjects }) => subjects));
  const left = facts.problems.filter(({ subject }) => !explained.has(subject));
  return {
    verdicts: [
      ...wrong,
      ...degraded(left, wrong.length > 0),
      ...verdicts.filter(({ severity }) => severity === 'note'),
    ],
    well: results.filter(({ findings }) => findings.length === 0).map(({ check }) => check.well),
  };
}

function degraded(problems: readonly Problem[], others: boolean): Verdict[] {
  if (problems.length === 0) return [];
  const members = [...new Set(problems.flatMap(({ member }) => member ?? []))];
  const who = members.length === 0 ? '' : ` ${members.slice(0, 3).join(' ')}`;
  return [
    {
      check: 'degraded',
      severity: 'wrong',
      subjects: [...new Set(problems.map(({ subject }) => subject))],
      what: problems.map(({ subject, what }) => `${subject} ${what}`).join('; '),
      why: others
        ? 'probably what is told above: mend that first'
        : 'a start, a failover or a resynchronisation may be under way',
      mend: [
        'look again in some seconds',
        `when it stays: \`twemstack logs${who} --since 10m\`, then \`twemstack up\``,
      ],
    },
  ];
}
