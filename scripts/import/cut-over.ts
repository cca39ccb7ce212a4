import { NotSoError } from '../errors.ts';
import { type ClosedSource, closeSource, pauseWriters, unpauseWriters } from './close-source.ts';
import type { FollowedSource } from './follow-source.ts';

/** How long writers are made to wait, at the most. */
export const PAUSE_MS = 1000;
/** After this they go on, and it is tried again: what follows the copying takes time, too. */
const DRAIN_MS = 700;
const POLL_MS = 5;
/** What is still to be copied when writers are made to wait, at the most. */
const NEAR_KEYS = 500;
const NEAR_BYTES = 256 * 1024;
const AGAIN_MS = 500;
const MOST_ATTEMPTS = 20;
/** For so long nothing may change, where a person said that nobody writes. */
const STILL_MS = 1000;

export interface CutOver {
  /** Milliseconds from when the first writer had to wait until everything was in the pool, and compared. */
  readonly pausedMs: number;
  readonly attempts: number;
  readonly closed: readonly ClosedSource[];
}

export interface CutOverOptions {
  readonly sources: readonly FollowedSource[];
  /** Somebody saw to it that nobody writes: sources are neither paused nor closed. */
  readonly writersStopped: boolean;
  /** Compares both sides. @throws when they differ */
  readonly compare: () => Promise<void>;
  /** Waits for a moment; throws when copying has failed, or a person broke it off. */
  readonly pulse: (ms: number) => Promise<void>;
  readonly tell: (sentence: string) => void;
}

/**
 * Takes the source's place: writers wait, what they had written arrives, the source is closed for writes, both sides are compared. When that
 * does not come to its end within a second, writers go on where they were, and it is tried again. Writers of a source that cannot
 * have them wait get errors instead.
 *
 * @throws NotSoError when it cannot be done; the source is then open as before
 */
export async function cutOver(options: CutOverOptions): Promise<CutOver> {
  if (options.writersStopped) return await cutOverStopped(options);
  for (let attempt = 1; ; attempt++) {
    options.tell('waiting until it is nearly level');
    while (!(await isNear(options.sources))) await options.pulse(POLL_MS);
    const paused = await attemptOnce(options);
    if (paused !== undefined) return { ...paused, attempts: attempt };
    if (attempt === MOST_ATTEMPTS) {
      throw new NotSoError(
        `what is written in a moment was not copied within ${DRAIN_MS} ms, ${attempt} times: nothing was cut over`,
        {
          where: options.sources.map(({ name }) => name).join(', '),
          remedy: 'try it when there is less to do; or stop the writers yourself and use --writers-stopped',
        },
      );
    }
    options.tell(`not level within ${DRAIN_MS} ms: writers go on, and it is tried again (${attempt})`);
    await options.pulse(AGAIN_MS);
  }
}

/** Whether the rest is what can be copied within the pause: as long as somebody writes, there is one. */
async function isNear(sources: readonly FollowedSource[]): Promise<boolean> {
  const lags = await Promise.all(sources.map((source) => source.lag()));
  return sources.every(
    (source, i) => !source.isScanning && source.waiting <= NEAR_KEYS && lags[i] <= NEAR_BYTES,
  );
}

async function attemptOnce({
  sources,
  compare,
  pulse,
}: CutOverOptions): Promise<Omit<CutOver, 'attempts'> | undefined> {
  const begin = performance.now();
  const closed: ClosedSource[] = [];
  let isDone = false;
  try {
    const waits = await Promise.all(sources.map(({ client }) => pauseWriters(client, PAUSE_MS)));
    // Whose writers cannot be made to wait: as long as they write there is something left to copy.
    for (const [i, { client }] of sources.entries()) if (!waits[i]) closed.push(await closeSource(client));
    if (!(await drained(sources, begin + DRAIN_MS, pulse))) return undefined;
    for (const [i, { client }] of sources.entries()) if (waits[i]) closed.push(await closeSource(client));
    // What came in between, were the pause over: from here on nothing comes any more.
    if (!(await drained(sources, begin + PAUSE_MS, pulse))) return undefined;
    await compare();
    isDone = true;
    return { pausedMs: Math.round(performance.now() - begin), closed };
  } finally {
    if (!isDone) await Promise.all(closed.map((each) => each.open()));
    await Promise.all(sources.map(({ client }) => unpauseWriters(client)));
  }
}

/** Whether everything that the sources have at this moment has arrived by then. */
async function drained(
  sources: readonly FollowedSource[],
  until: number,
  pulse: (ms: number) => Promise<void>,
): Promise<boolean> {
  const offsets = await Promise.all(sources.map((source) => source.offset()));
  while (!sources.every((source, i) => source.hasReached(offsets[i]))) {
    if (performance.now() > until) return false;
    await pulse(POLL_MS);
  }
  return true;
}

async function cutOverStopped({ sources, compare, pulse, tell }: CutOverOptions): Promise<CutOver> {
  const begin = performance.now();
  for (const source of sources) if (source.refusal !== undefined) source.scanAnew();
  for (;;) {
    const before = sources.map(({ heard }) => heard);
    const from = performance.now();
    while (performance.now() - from < STILL_MS || !sources.every(({ isLevel }) => isLevel))
      await pulse(POLL_MS);
    const offsets = await Promise.all(sources.map((source) => source.offset()));
    while (!sources.every((source, i) => source.hasReached(offsets[i]))) await pulse(POLL_MS);
    const writes = sources.reduce((sum, { heard }, i) => sum + heard - before[i], 0);
    if (writes === 0) break;
    tell(`somebody writes still: ${writes} changes in the last second`);
  }
  await compare();
  return { pausedMs: Math.round(performance.now() - begin), attempts: 1, closed: [] };
}
