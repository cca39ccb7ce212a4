import { setTimeout as sleep } from 'node:timers/promises';

/**
 * Asks `condition` again and again until it gives something other than false, undefined or null, and returns that.
 * A condition that throws counts as "not yet".
 *
 * @param what part of the error when the time is over: "waited 5000 ms for WHAT"
 */
export async function waitUntil<T>(
  what: string,
  condition: () => Promise<T | false | undefined | null> | T | false | undefined | null,
  { withinMs = 5000, everyMs = 25 }: { withinMs?: number; everyMs?: number } = {},
): Promise<T> {
  const patienceEnds = Date.now() + withinMs;
  let last: unknown = 'it was not so';
  for (;;) {
    try {
      const value = await condition();
      if (value !== false && value !== undefined && value !== null) return value;
      last = 'it was not so';
    } catch (error) {
      last = error;
    }
    if (Date.now() >= patienceEnds) throw new Error(`waited ${withinMs} ms for ${what}`, { cause: last });
    await sleep(everyMs);
  }
}
