import type { Verdict as DataVerdict } from '../../scripts/drill/load/judge.ts';
import type { Limits, Outcome } from './attack.ts';
import type { Guise } from './attacker.ts';
import type { Resources } from './resources.ts';

/** What was seen of everybody else while one attack went on, and after it. */
export interface Seen {
  readonly outcome: Outcome;
  /** The attacking process had to be ended: it is a finding of nobody but the attack's author. */
  readonly endedByForce: boolean;
  /** Longest time (ms) that one of the bystander's connections waited, and that none of its new ones was served. */
  readonly pauseMs: number;
  readonly newcomerMs: number;
  /** Requests of the bystander that failed, and its connections that were cut. */
  readonly failures: number;
  readonly cut: number;
  /** What the engine told of members: `<action> <member>`, for ends, starts, and the kernel's kills for memory. */
  readonly events: readonly string[];
  /** Members made master meanwhile. */
  readonly promoted: readonly string[];
  readonly before: ReadonlyMap<string, Resources>;
  /** At the end of the time that it has to calm down. */
  readonly after: ReadonlyMap<string, Resources>;
  /** undefined = it could not be read back. */
  readonly data?: DataVerdict;
  /** Keys of others whose values are not what they were. */
  readonly changedKeys: readonly string[];
  /** Accounts whose passwords were in what the attacker heard. */
  readonly disclosed: readonly string[];
  /** Why the stack was not whole by itself afterwards; undefined = it was. */
  readonly notWhole?: string;
}

/** How one attack, in one guise, went. */
export interface AttackReport {
  readonly attack: string;
  readonly tries: string;
  readonly as: Guise;
  readonly did: string;
  /** Everything in which it succeeded; empty = it was beaten off. */
  readonly succeeded: readonly string[];
  readonly pauseMs: number | null;
  readonly newcomerMs: number | null;
  /** Largest growth of any member's own memory that remained (bytes). */
  readonly memoryLeft: number;
  readonly elapsedMs: number;
}

export const LIMITS: Limits = { pauseMs: 2000, newcomerMs: 2000 };
/** What a process may keep of a storm: its heap is not given back to the last byte. */
const MEMORY_LEFT = 64 * 1024 * 1024;
const MEMORY_SHARE = 0.5;
const DESCRIPTORS_LEFT = 50;

/** Whether a member is as it was, near enough. Pure. */
export function settled({ before, after }: Pick<Seen, 'before' | 'after'>): string[] {
  return [...after].flatMap(([name, now]) => {
    const then = before.get(name);
    if (then === undefined) return [];
    const allowed = then.memory + Math.max(MEMORY_LEFT, then.memory * MEMORY_SHARE);
    return [
      ...(now.memory > allowed ? [`${name} keeps ${megabytes(now.memory - then.memory)} MB`] : []),
      ...(now.descriptors > then.descriptors + DESCRIPTORS_LEFT
        ? [`${name} keeps ${now.descriptors - then.descriptors} descriptors`]
        : []),
    ];
  });
}

/**
 * Everything in which an attack succeeded. Pure.
 *
 * @param room factor on the limits of time: 1, or more where others share the machine
 */
export function successes(seen: Seen, limits: Limits, room: number): string[] {
  const late = (what: string, ms: number, limit: number): string[] =>
    ms <= limit * room
      ? []
      : [`${what} for ${Number.isFinite(ms) ? `${Math.round(ms)} ms` : 'the rest of the time'}`];
  const some = (count: number | undefined, what: string): string[] =>
    count === undefined || count === 0 ? [] : [`${count} ${what}`];
  return [
    ...seen.outcome.got,
    ...(seen.endedByForce ? ['the attack did not end in its time'] : []),
    ...late('others waited', seen.pauseMs, limits.pauseMs),
    ...late('newcomers were not served', seen.newcomerMs, limits.newcomerMs),
    ...some(seen.failures, 'requests of others failed'),
    ...some(seen.cut, 'connections of others were cut'),
    ...[...new Set(seen.events)],
    ...seen.promoted.map((member) => `${member} was made master`),
    ...settled(seen),
    ...(seen.data === undefined ? ['the writes of others could not be read back'] : []),
    ...some(seen.data?.lost.length, 'acknowledged writes of others lost'),
    ...some(
      seen.data && seen.data.duplicated.length + seen.data.reordered.length,
      'writes of others duplicated',
    ),
    ...some(seen.data?.staleReads, 'stale reads of others'),
    ...some(seen.changedKeys.length, 'keys of others changed'),
    ...seen.disclosed.map((account) => `the password of ${account} was disclosed`),
    ...(seen.notWhole === undefined ? [] : [`not whole by itself: ${seen.notWhole}`]),
  ];
}

const megabytes = (bytes: number): number => Math.round(bytes / 1024 / 1024);
