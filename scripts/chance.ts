/** Repeatable chance: a whole number from 0 up to, not including, `below`. */
export type Chance = (below: number) => number;

/** xorshift32: the same seed gives the same run everywhere. */
export function seeded(seed: number): Chance {
  // neighbouring seeds must not begin alike
  let x = Math.imul(seed | 0, 0x9e3779b1) ^ 0x5bd1e995 || 1;
  return (below) => {
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    return (x >>> 0) % below;
  };
}

/** One of several, all equally likely. */
export function oneOf<T>(chance: Chance, choices: readonly T[]): T {
  return choices[chance(choices.length)];
}
