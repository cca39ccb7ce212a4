import type { Attacker, Guise } from './attacker.ts';

/** What an attack says of itself; whether others suffered is looked at from outside (verdict.ts). */
export interface Outcome {
  /** What it did and what it was told, as half a sentence with figures. */
  readonly did: string;
  /** What it got that nobody should get; each is a success. Empty = it got nothing. */
  readonly got: readonly string[];
}

/** What others may feel of an attack. */
export interface Limits {
  /** Milliseconds that any other connection may wait. */
  readonly pauseMs: number;
  /** Milliseconds for which no new connection of others is served. */
  readonly newcomerMs: number;
}

/** One thing that a hostile client tries. Every one is bounded, in time and in requests. */
export interface Attack {
  /** Lower case with hyphens; unique. */
  readonly name: string;
  /** What it tries, for people; one line. */
  readonly tries: string;
  readonly as: readonly Guise[];
  /** Seconds after which it is ended, whatever it is at. */
  readonly seconds: number;
  /** Part of the thin run in `npm test`: a few seconds, and little memory. */
  readonly thin?: true;
  /** `replica frozen`: what happens by itself while it goes on. */
  readonly meanwhile?: 'replica frozen';
  readonly limits?: Partial<Limits>;
  run(attacker: Attacker): Promise<Outcome>;
}

const registered = new Map<string, Attack>();

/** Every file of `attacks/` calls this once. */
export function register(attack: Attack): void {
  if (registered.has(attack.name)) throw new Error(`there are two attacks called ${attack.name}`);
  registered.set(attack.name, attack);
}

/** What was registered so far, by name. */
export const registeredAttacks = (): readonly Attack[] =>
  [...registered.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
