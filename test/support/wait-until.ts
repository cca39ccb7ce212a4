import { setTimeout as sleep } from 'node:timers/promises';

/** However long a machine stood still, what is waited for is asked for so often before it is given up. */
const LEAST_TRIES = 10;

/**
 * Asks `condition` again and again until it gives something other than false, undefined or null, and returns that.
 * A condition that throws counts as "not yet".
 *
 * @param what part of the error when the time is over: "waited 15000 ms for WHAT"
 * @param withinMs by default what a busy machine may take for anything that a quick one does in a second: it bounds a failure, and
 *   is no promise; where it is one, it is named
 */
export async function waitUntil<T>(
  what: string,
  condition: () => Promise<T | false | undefined | null> | T | false | undefined | null,
  { withinMs = 15_000, everyMs = 25 }: { withinMs?: number; everyMs?: number } = {},
): Promise<T> {
  const patienceEnds = performance.now() + withinMs;
  let last: unknown = 'it was not so';
  for (let tries = 1; ; tries++) {
    try {
      const value = await condition();
      if (value !== false && value !== undefined && value !== null) return value;
      last = 'it was not so';
    } catch (error) {
      last = error;
    }
    if (performance.now() >= patienceEnds && tries >= LEAST_TRIES)
      throw new Error(`waited ${withinMs} ms for ${what}`, { cause: last });
    await sleep(everyMs);
  }
}
