import type { Facts } from './facts.ts';

/** One thing that a check has found. */
export interface Finding {
  /** `wrong`: the stack does not, or soon will not, keep what it promises. `note`: worth knowing, nothing is broken. */
  readonly severity: 'wrong' | 'note';
  /** Members, shards, files it is about: what `status` says of these is explained by it. */
  readonly subjects: readonly string[];
  readonly what: string;
  readonly why: string;
  /** What mends it, one step after the other: commands between backticks, or sentences. */
  readonly mend: readonly string[];
}

/** A question about a stack. Pure: the same facts give the same verdict, and what is not known is no finding. */
export interface Check {
  readonly name: string;
  /** What is well when it finds nothing, as a sentence. */
  readonly well: string;
  readonly examine: (facts: Facts) => readonly Finding[];
}

const registered: Check[] = [];

/** Called by each file of `verdicts/` while it is loaded. @throws Error for a name that is taken */
export function registerCheck(check: Check): Check {
  if (registered.some(({ name }) => name === check.name))
    throw new Error(`two checks are named ${check.name}`);
  registered.push(check);
  return check;
}

/** All checks, those first whose finding explains others'. */
export const checks = (): readonly Check[] => registered;
