import { setTimeout as delay } from 'node:timers/promises';
import type { AnyPlan } from '../../topology/types.ts';
import type { Target } from '../backup/restore/target.ts';
import { NotSoError } from '../errors.ts';
import type { Step } from '../report/steps.ts';
import { commandTable } from './changed-keys.ts';
import { type Compared, compareSides } from './compare.ts';
import { cutOver } from './cut-over.ts';
import type { Figures, FollowedSource } from './follow-source.ts';
import { demandNoScripts, obstaclesOf, uncuttable } from './obstacles.ts';
import type { Imported, ImportOptions } from './options.ts';
import { importRecord } from './progress-file.ts';

const PULSE_MS = 50;
/** How often the lag is asked for, to be shown. */
const LAG_MS = 500;

type Targets = ReadonlyMap<string, Target>;

/**
 * Copies what the sources have, follows what changes there, and cuts over when that is wished.
 *
 * @throws InputError when a source lets itself not be cut over in the way that was wished; NotSoError when it did not come to its end
 */
export async function carry(
  options: ImportOptions,
  sources: readonly FollowedSource[],
  targets: Targets,
): Promise<Imported> {
  const { home, plan, reporter, signal, merge, wish } = options;
  await reporter.step('listen to what changes', async () => {
    for (const source of sources) await source.begin(commandTable(await source.client.call('COMMAND')));
  });
  const obstacles = await obstaclesOf(sources);
  if (wish() === 'close' && obstacles.length > 0) throw uncuttable(obstacles);
  for (const each of obstacles) {
    reporter.note(
      `note: ${each.what}; before you cut over, stop whoever writes to it${each.isScanned ? ': all keys are scanned once more then' : ''}`,
    );
  }
  const evictions = await evicted(targets, signal);
  let failure: unknown;
  let ended = false;
  const work = Promise.all(sources.map((source) => source.run(() => ended || failure !== undefined))).catch(
    (error: unknown) => {
      failure = error;
    },
  );
  const pulse = async (ms: number): Promise<void> => {
    if (failure !== undefined) throw failure;
    if (signal.aborted) throw interrupted(plan);
    await delay(ms);
  };
  try {
    await reporter.step('copy all keys', async (step) => {
      while (sources.some((source) => !source.isLevel)) {
        await showLag(sources, step);
        await pulse(PULSE_MS);
        // What keeps changing is never quite level.
        if (sources.every((source) => !source.isScanning)) break;
      }
      step.outcome(`${sum(sources, 'scanned')} keys`);
    });
    await reporter.step('follow what changes', async (step) => {
      while (wish() === 'follow') {
        await showLag(sources, step);
        await pulse(LAG_MS);
      }
    });
    // Who was told to stop the writers, and then asks for it, has.
    const writersStopped = wish() === 'stopped' || obstacles.length > 0;
    return await reporter.step('cut over', async (step) => {
      let compared: Compared = { keys: undefined, samples: 0 };
      const { pausedMs, attempts, closed } = await cutOver({
        sources,
        writersStopped,
        pulse,
        tell: (sentence) => step.progress(sentence),
        compare: async () => {
          demandNoneEvicted((await evicted(targets, signal)) - evictions, plan);
          compared = await compareSides(sources, targets, !merge, signal);
          if (!writersStopped) await demandNoScripts(sources);
        },
      });
      importRecord.forget(home, plan.name);
      step.outcome(`nobody could write for ${pausedMs} ms`);
      const published = sum(sources, 'published');
      return {
        sources: sources.map(({ name, figures }) => ({ source: name, ...figures })),
        pausedMs,
        attempts,
        compared,
        closed: closed.map(({ source, reopen }) => ({ source, reopen })),
        pools: [...new Set(options.sources.flatMap(({ lanes }) => lanes.map(({ pool }) => pool.name)))],
        notes: [
          ...sources.flatMap(({ notes }) => [...notes]),
          ...(published === 0
            ? []
            : [
                `${published} messages were published meanwhile: subscribers of the sources alone heard them`,
              ]),
        ],
      };
    });
  } finally {
    ended = true;
    await work;
  }
}

export const interrupted = ({ name }: AnyPlan): NotSoError =>
  new NotSoError('interrupted before the cut-over: the sources are as they were', {
    where: name,
    remedy:
      'what was copied stays in the pool, and nobody keeps it up to date; the same command does so again and goes on',
  });

async function showLag(sources: readonly FollowedSource[], step: Step): Promise<void> {
  const parts = await Promise.all(
    sources.map(async (source) => {
      const lag =
        source.refusal === undefined ? `${await source.lag()} bytes behind` : 'not followed between scans';
      const scan = source.isScanning ? `${source.figures.scanned} keys, ` : '';
      return `${source.name}: ${scan}${source.waiting} changed keys wait, ${lag}`;
    }),
  );
  step.progress(parts.join('; '));
}

const sum = (sources: readonly FollowedSource[], figure: keyof Figures): number =>
  sources.reduce((all, { figures }) => all + figures[figure], 0);

const evicted = async (targets: Targets, signal: AbortSignal): Promise<number> => {
  let all = 0;
  for (const target of targets.values())
    all += Number((await target.info('stats', signal)).get('evicted_keys') ?? 0);
  return all;
};

function demandNoneEvicted(lost: number, plan: AnyPlan): void {
  if (lost <= 0) return;
  throw new NotSoError(
    `${lost} keys were evicted meanwhile: the stack has not the memory for all of them; nothing was cut over`,
    {
      where: plan.name,
      remedy: 'raise redis.maxmemory in stack.yaml, run `twemstack up`, then import again',
    },
  );
}
