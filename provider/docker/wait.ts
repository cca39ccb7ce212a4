/** Waiting for a condition, stoppable. */
import { setTimeout as delay } from 'node:timers/promises';
import { ProviderError } from '../protocol/diagnostics.ts';

/** Thrown when terraform was interrupted during a wait. */
export function interrupted(doing: string): ProviderError {
  return new ProviderError(`Interrupted while ${doing}`, {
    detail: 'Nothing is lost: apply again and it goes on from here.',
  });
}

/**
 * Polls until `check` returns something or the time is over.
 * @param doing completes "Interrupted while …".
 * @returns what `check` returned, or undefined at the deadline.
 */
export async function poll<Result>(
  check: () => Promise<Result | undefined>,
  options: { everyMs: number; forMs: number; signal: AbortSignal; doing: string },
): Promise<Result | undefined> {
  const deadline = performance.now() + options.forMs;
  for (;;) {
    const result = await check();
    if (result !== undefined) {
      return result;
    }
    const left = deadline - performance.now();
    if (left <= 0) {
      return undefined;
    }
    try {
      await delay(Math.min(options.everyMs, left), undefined, { signal: options.signal });
    } catch (error) {
      throw options.signal.aborted ? interrupted(options.doing) : error;
    }
  }
}
