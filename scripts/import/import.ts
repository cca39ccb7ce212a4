import { setTimeout as delay } from 'node:timers/promises';
import type { Credentials, Plan } from '../../topology/types.ts';
import { Target } from '../backup/restore/target.ts';
import { routingOf } from '../data/key-moves.ts';
import { InputError, NotSoError } from '../errors.ts';
import { renderNutcrackerYml } from '../render/nutcracker-yml.ts';
import type { Reporter, Step } from '../report/steps.ts';
import type { Home } from '../stack/home.ts';
import { commandTable } from './changed-keys.ts';
import { checkSource, parseKeyspace } from './check-source.ts';
import { whyNotClosable } from './close-source.ts';
import { type Compared, compareSides } from './compare.ts';
import { cutOver } from './cut-over.ts';
import { type Figures, FollowedSource } from './follow-source.ts';
import { forgetRecord, importMark, readRecord, writeRecord } from './progress-file.ts';
import { SourceClient } from './source-client.ts';
import type { ImportSource } from './sources.ts';

/** A source may be started anew meanwhile, or a network be away. */
const AWAY_MS = 30_000;
const PULSE_MS = 50;
/** How often the lag is asked for, to be shown. */
const LAG_MS = 500;

/** What a person wants of the sources: that they are followed, closed, or that nobody writes to them any more. */
export type Wish = 'follow' | 'close' | 'stopped';

export interface ImportOptions {
  readonly home: Home;
  readonly plan: Plan;
  readonly credentials: Credentials;
  /** For people. */
  readonly from: string;
  readonly sources: readonly ImportSource[];
  /** The pool may have keys of its own; a key that both have becomes the source's. */
  readonly merge: boolean;
  /** Asked again and again: a person may press a key. */
  readonly wish: () => Wish;
  readonly reporter: Reporter;
  /** How long a source may be away until it is given up; default 30 s. */
  readonly awayMs?: number;
  /** Ends it; the same import then begins anew, and completes it. */
  readonly signal: AbortSignal;
}

/** An import that came to its end. */
export interface Imported {
  readonly sources: readonly ({ readonly source: string } & Figures)[];
  /** Milliseconds for which nobody could write: until everything was in the pool, and compared. */
  readonly pausedMs: number;
  /** How often it was tried until it took less than a second. */
  readonly attempts: number;
  readonly compared: Compared;
  /** Sources that take no writes now, and what opens them again. */
  readonly closed: readonly { readonly source: string; readonly reopen: string }[];
  readonly pools: readonly string[];
  /** What was not carried, or is to be known. */
  readonly notes: readonly string[];
}

type Targets = ReadonlyMap<string, Target>;

/**
 * Brings the keys of other Redises into a pool of a running stack, follows what changes there meanwhile, and takes their place.
 *
 * @throws InputError when a source or the pool is not such that this can be done, before anything is changed; NotSoError when it
 *   did not come to its end
 */
export async function importKeys(options: ImportOptions): Promise<Imported> {
  const { plan, credentials, sources } = options;
  const login = { username: 'operator', password: credentials.operator };
  const targets = new Map(plan.shards.map((shard) => [shard.name, new Target(shard, login)]));
  const clients = sources.map(({ at }) => new SourceClient(at, options.awayMs ?? AWAY_MS));
  const followed: FollowedSource[] = [];
  try {
    await checkAll(options, clients, targets);
    const isResumed = await claimPool(options, targets);
    for (const [i, source] of sources.entries()) {
      const { merge, signal } = options;
      // One source after the other is written by one connection of its own: values of two are not mixed up.
      followed.push(
        new FollowedSource(clients[i], source, ownTargets(plan, login), merge, isResumed, signal),
      );
    }
    return await carry(options, followed, targets);
  } catch (error) {
    if (!options.signal.aborted) throw error;
    throw interrupted(options);
  } finally {
    for (const source of followed) await source.close();
    for (const client of clients) client.close();
    for (const target of targets.values()) await target.close();
  }
}

const ownTargets = (plan: Plan, login: { username: string; password: string }): Targets =>
  new Map(plan.shards.map((shard) => [shard.name, new Target(shard, login)]));

const interrupted = ({ plan }: ImportOptions): NotSoError =>
  new NotSoError('interrupted before the cut-over: the sources are as they were', {
    where: plan.name,
    remedy:
      'what was copied stays in the pool, and nobody keeps it up to date; the same command does so again and goes on',
  });

async function checkAll(
  { plan, sources, reporter, signal, wish }: ImportOptions,
  clients: readonly SourceClient[],
  targets: Targets,
): Promise<void> {
  await reporter.step('look at the sources', async (step) => {
    for (const client of clients) await client.connect();
    const versions = new Map<string, string>();
    for (const [shard, target] of targets)
      versions.set(shard, (await target.info('server', signal)).get('redis_version') ?? '0');
    for (const [i, client] of clients.entries()) {
      await checkSource(client, sources[i], plan, versions);
      if (wish() === 'close') demandClosable(client.at.name, await whyNotClosable(client));
    }
    step.outcome(clients.map(({ at }) => at.name).join(', '));
  });
}

function demandClosable(name: string, why: string | undefined): void {
  if (why === undefined) return;
  throw new InputError(`${name} cannot be made to take no more writes: ${why}`, {
    where: '--cut-over',
    remedy: 'stop the writers yourself, and say so with --writers-stopped',
  });
}

/** Sees to it that the pool is empty, or has what an interrupted import left. @returns whether that is so */
async function claimPool(options: ImportOptions, targets: Targets): Promise<boolean> {
  const { home, plan, sources, merge, from, signal, reporter } = options;
  const mark = importMark(sources, routingOf(renderNutcrackerYml(plan)));
  const record = readRecord(home, plan.name);
  const there = await keysThere(sources, targets, signal);
  if (there.length > 0 && !merge && record?.mark !== mark) {
    throw new InputError('the pool is not empty; nothing was changed', {
      where: there.join(', '),
      remedy:
        record === undefined
          ? 'import into an empty pool; or add --merge: a key that both have becomes that of the source'
          : `an import from ${record.from} was interrupted: run that again to complete it; or add --merge`,
    });
  }
  const isResumed = there.length > 0 && record?.mark === mark;
  if (isResumed) reporter.note('an interrupted import goes on: everything is copied once more');
  // From here on what is in the pool is this import's.
  if (!merge) writeRecord(home, plan.name, { mark, from });
  return isResumed;
}

async function keysThere(
  sources: readonly ImportSource[],
  targets: Targets,
  signal: AbortSignal,
): Promise<string[]> {
  const places = new Map<string, Set<number>>();
  for (const { pool, to } of sources.flatMap(({ lanes }) => lanes))
    for (const { name } of pool.servers) places.set(name, (places.get(name) ?? new Set()).add(to));
  const found: string[] = [];
  for (const [shard, databases] of places) {
    const info = await targets.get(shard)?.info('keyspace', signal);
    for (const [database, { keys }] of parseKeyspace(info ?? new Map()))
      if (databases.has(database)) found.push(`${shard}, database ${database}: ${keys} keys`);
  }
  return found;
}

/** Copies, follows, cuts over. */
async function carry(
  options: ImportOptions,
  sources: readonly FollowedSource[],
  targets: Targets,
): Promise<Imported> {
  const { home, plan, reporter, signal, merge, wish } = options;
  await reporter.step('listen to what changes', async () => {
    for (const source of sources) await source.begin(commandTable(await source.client.call('COMMAND')));
  });
  for (const { refusal, name } of sources) {
    if (refusal === undefined) continue;
    if (wish() === 'close') throw unfollowed(name, refusal);
    reporter.note(
      `note: ${name} does not let itself be replicated (${refusal}): what changes is copied by one more scan, when the writers have stopped`,
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
    if (signal.aborted) throw interrupted(options);
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
    const wished = wish();
    const unfollowable = sources.find(({ refusal }) => refusal !== undefined);
    if (wished === 'close' && unfollowable?.refusal !== undefined)
      throw unfollowed(unfollowable.name, unfollowable.refusal);
    return await reporter.step('cut over', async (step) => {
      let compared: Compared = { keys: undefined, samples: 0 };
      const { pausedMs, attempts, closed } = await cutOver({
        sources,
        writersStopped: wished === 'stopped',
        pulse,
        tell: (sentence) => step.progress(sentence),
        compare: async () => {
          demandNoneEvicted((await evicted(targets, signal)) - evictions, plan);
          compared = await compareSides(sources, targets, !merge, signal);
        },
      });
      forgetRecord(home, plan.name);
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

const unfollowed = (name: string, refusal: string): InputError =>
  new InputError(`${name} does not let itself be replicated: ${refusal}`, {
    where: '--cut-over',
    remedy:
      'allow the user PSYNC and REPLCONF; or stop the writers and say --writers-stopped: all keys are scanned once more then, which takes longer than a second',
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

function demandNoneEvicted(lost: number, plan: Plan): void {
  if (lost <= 0) return;
  throw new NotSoError(
    `${lost} keys were evicted meanwhile: the stack has not the memory for all of them; nothing was cut over`,
    {
      where: plan.name,
      remedy: 'raise redis.maxmemory in stack.yaml, run `twemstack up`, then import again',
    },
  );
}
