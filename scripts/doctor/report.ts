import type { AnyPlan } from '../../topology/types.ts';
import { printable } from '../logs/show.ts';
import type { Diagnosis, Verdict } from './examine.ts';

/** The diagnosis for people: each verdict with what is wrong, why, and what mends it. */
export function diagnosisText({ verdicts, well }: Diagnosis, unseen: readonly string[]): string {
  const wrong = verdicts.filter(({ severity }) => severity === 'wrong').length;
  const notes = verdicts.length - wrong;
  return [
    ...verdicts.map(verdictText),
    ...unseen.map((what) => `? ${printable(what)}`),
    ...(unseen.length > 0 ? [''] : []),
    wrong === 0
      ? `nothing is wrong: ${well.length} checks found nothing${notes === 0 ? '' : `, ${notes} to know`}`
      : `${wrong} wrong${notes === 0 ? '' : `, ${notes} to know`}; ${well.length} checks found nothing`,
    '',
  ].join('\n');
}

function verdictText({ severity, what, why, mend }: Verdict): string {
  const [first, ...more] = mend;
  return [
    // Both may quote what somebody wrote into a log.
    `${severity === 'wrong' ? '✗' : '·'} ${printable(what)}`,
    `    why: ${printable(why)}`,
    `    do:  ${first}`,
    ...more.map((step) => `         ${step}`),
    '',
  ].join('\n');
}

/** The document of `doctor --json`. */
export function diagnosisDocument(
  plan: AnyPlan,
  { verdicts, well }: Diagnosis,
  unseen: readonly string[],
): Record<string, unknown> {
  return {
    stack: plan.name,
    well: verdicts.every(({ severity }) => severity !== 'wrong'),
    verdicts: verdicts.map(({ check, severity, subjects, what, why, mend }) => ({
      check,
      severity,
      subjects,
      what,
      why,
      mend,
    })),
    foundNothing: well,
    unseen,
  };
}
