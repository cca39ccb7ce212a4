import type { AnyPlan, Credentials } from '../../../topology/types.ts';
import { routingOf } from '../../data/key-moves.ts';
import { InputError, NotSoError } from '../../errors.ts';
import { renderNutcrackerYml } from '../../render/nutcracker-yml.ts';
import type { Reporter, Step } from '../../report/steps.ts';
import type { Home } from '../../stack/home.ts';
import type { ShardBackup } from '../manifest.ts';
import type { RdbKey } from '../rdb/reader.ts';
import { type CheckedShard, checkBackup, keysOf, type StoredBackup } from '../stored-backup.ts';
import { type KeyRoutes, keyRoutes } from './key-routes.ts';
import { type RestoreProgress, restoreMark, restoreProgress } from './progress-file.ts';
import { type Request, Target } from './target.ts';

/** Should the machine go down, some keys are written once more. */
const MAY_BE_REPEATED = { durable: false };

/** Of one batch, over all targets: what is sent again when something fails. */
const BATCH_BYTES = 2 * 1024 * 1024;
const BATCH_KEYS = 1000;

export interface RestoreOptions {
  readonly home: Home;
  readonly plan: AnyPlan;
  readonly credentials: Credentials;
  readonly backup: StoredBackup;
  /** Name of the stack whose data may be removed for it; undefined = none. */
  readonly replace: string | undefined;
  readonly reporter: Reporter;
  /** Ends it between two batches; the same restore goes on from there. */
  readonly signal: AbortSignal;
}

export interface Restored {
  /** Keys that were written, by shard that they are on now. */
  readonly shards: Readonly<Record<string, number>>;
  /** Keys that had expired since. */
  readonly expired: number;
  /** Keys that no pool found where they stood, and that have no place now. */
  readonly leftOut: number;
  /** Keys that an interrupted run had done already. */
  readonly before: number;
}

/**
 * Brings the keys of a backup into a running stack, each to the shard where its pool looks for it now, with databases, expiries
 * and functions. Before the first one is written the whole backup was checked.
 *
 * @throws InputError when the stack holds data, and `replace` does not name it; NotSoError when the backup was altered,
 *   or a shard does not take what it is given
 */
export async function restoreBackup(options: RestoreOptions): Promise<Restored> {
  const { home, plan, credentials, backup, reporter, signal } = options;
  const routing = routingOf(renderNutcrackerYml(plan));
  const routes = keyRoutes(backup.manifest, routing);
  const checked = await checkBackup(backup, reporter, signal);
  const login = { username: 'operator', password: credentials.operator };
  const targets = new Map(plan.shards.map((shard) => [shard.name, new Target(shard, login)]));
  try {
    await demandVersion(options, targets);
    const mark = restoreMark(backup.manifest, routing);
    const start = await prepareTargets(options, targets, mark);
    await loadFunctions(checked, targets, options);
    const evictions = await evicted(targets, signal);
    const restored = await restoreKeys(options, targets, routes, start);
    const lost = (await evicted(targets, signal)) - evictions;
    if (lost > 0) {
      throw new NotSoError(
        `${lost} keys were evicted meanwhile: the stack has not the memory for all of them`,
        {
          where: plan.name,
          remedy: `raise redis.maxmemory in stack.yaml, run \`twemstack up\`, then restore with --replace ${plan.name}`,
        },
      );
    }
    restoreProgress.forget(home, plan.name);
    return restored;
  } catch (error) {
    if (!signal.aborted) throw error;
    throw new NotSoError('interrupted; what was restored so far stays', {
      where: plan.name,
      remedy: 'the same command goes on from there',
    });
  } finally {
    await Promise.all([...targets.values()].map((target) => target.close()));
  }
}

type Targets = ReadonlyMap<string, Target>;

/** RESTORE takes what an older Redis gave, and not what a newer one did. */
async function demandVersion({ backup, signal }: RestoreOptions, targets: Targets): Promise<void> {
  const ours = (text: string): number => {
    const [major, minor] = text.split('.').map(Number);
    return major * 1000 + minor;
  };
  for (const target of targets.values()) {
    const version = (await target.info('server', signal)).get('redis_version') ?? '0.0';
    const newer = backup.manifest.shards.find(({ redisVersion }) => ours(redisVersion) > ours(version));
    if (newer === undefined) continue;
    throw new InputError(
      `the backup is of Redis ${newer.redisVersion}; ${target.shard.name} runs ${version}, which cannot read it`,
      { where: backup.where, remedy: 'restore into a stack of that version, or a later one' },
    );
  }
}

/** Sees to it that what is restored into is empty, or what an interrupted run left. @returns how far that came */
async function prepareTargets(
  { home, plan, backup, replace, reporter, signal }: RestoreOptions,
  targets: Targets,
  mark: string,
): Promise<RestoreProgress> {
  const fresh: RestoreProgress = { mark, backup: backup.where, done: {} };
  if (replace !== undefined && replace !== plan.name) {
    throw new InputError(`--replace ${replace}: the stack that would be replaced is ${plan.name}`, {
      where: '--replace',
      remedy: `if all its data may go: --replace ${plan.name}`,
    });
  }
  const progress = restoreProgress.read(home, plan.name);
  const there = await keysThere(targets, signal);
  if (replace === undefined && progress?.mark === mark && there.length > 0) {
    reporter.note('an interrupted restore of this backup goes on');
    return progress;
  }
  if (there.length > 0 && replace === undefined) {
    throw new InputError(`stack ${plan.name} holds data; nothing was changed`, {
      where: there.map(({ shard, keys }) => `${shard}: ${keys} keys`).join(', '),
      remedy:
        progress === undefined
          ? `restore into an empty stack; or have all its data removed for good: --replace ${plan.name}`
          : `a restore of ${progress.backup} was interrupted: run that again to go on; or have all data removed for good: --replace ${plan.name}`,
    });
  }
  // From here on the stack is this restore's: who comes back without --replace goes on.
  if (there.length > 0) {
    await reporter.step('remove the data that is there', async (step) => {
      for (const target of targets.values())
        await target.send(
          [
            ['FLUSHALL', 'ASYNC'],
            ['FUNCTION', 'FLUSH'],
          ],
          signal,
        );
      step.outcome(there.map(({ shard, keys }) => `${keys} keys of ${shard}`).join(', '));
    });
  }
  restoreProgress.write(home, plan.name, fresh, MAY_BE_REPEATED);
  return fresh;
}

async function keysThere(
  targets: Targets,
  signal: AbortSignal,
): Promise<{ readonly shard: string; readonly keys: number }[]> {
  const found = [];
  for (const [shard, target] of targets) {
    const info = await target.info('keyspace', signal);
    const keys = [...info].reduce(
      (sum, [name, text]) => (/^db\d+$/.test(name) ? sum + Number(/keys=(\d+)/.exec(text)?.[1] ?? 0) : sum),
      0,
    );
    if (keys > 0) found.push({ shard, keys });
  }
  return found;
}

const evicted = async (targets: Targets, signal: AbortSignal): Promise<number> => {
  let sum = 0;
  for (const target of targets.values())
    sum += Number((await target.info('stats', signal)).get('evicted_keys') ?? 0);
  return sum;
};

/** Those of every shard on all of them, as the proxies load them. */
async function loadFunctions(
  checked: ReadonlyMap<string, CheckedShard>,
  targets: Targets,
  { signal }: RestoreOptions,
): Promise<void> {
  const sources = new Set([...checked.values()].flatMap(({ functions }) => functions));
  for (const target of targets.values())
    for (const source of sources) await target.send([['FUNCTION', 'LOAD', 'REPLACE', source]], signal);
}

interface Count {
  readonly shards: Map<string, number>;
  expired: number;
  leftOut: number;
  before: number;
}

async function restoreKeys(
  options: RestoreOptions,
  targets: Targets,
  routes: KeyRoutes,
  start: RestoreProgress,
): Promise<Restored> {
  const count: Count = {
    shards: new Map([...targets.keys()].map((name) => [name, 0])),
    expired: 0,
    leftOut: 0,
    before: 0,
  };
  const done = { ...start.done };
  for (const shard of options.backup.manifest.shards) {
    await options.reporter.step(`restore ${shard.shard}`, async (step) => {
      await restoreShard(options, shard, { targets, routes, count, step, start, done });
      step.outcome(`${done[shard.shard]} keys`);
    });
  }
  return { ...count, shards: Object.fromEntries(count.shards) };
}

interface Work {
  readonly targets: Targets;
  readonly routes: KeyRoutes;
  readonly count: Count;
  readonly step: Step;
  readonly start: RestoreProgress;
  readonly done: Record<string, number>;
}

async function restoreShard(options: RestoreOptions, shard: ShardBackup, work: Work): Promise<void> {
  const { home, plan, backup, signal } = options;
  const { count, done, start, step } = work;
  const total = Object.values(shard.databases).reduce((sum, { keys }) => sum + keys, 0);
  const skip = done[shard.shard] ?? 0;
  count.before += skip;
  let [seen, batch, bytes]: [number, RdbKey[], number] = [0, [], 0];
  const flush = async (): Promise<void> => {
    await sendBatch(shard.shard, batch, work, signal);
    [batch, bytes] = [[], 0];
    done[shard.shard] = seen;
    restoreProgress.write(home, plan.name, { ...start, done }, MAY_BE_REPEATED);
    step.progress(`${seen} of ${total} keys`);
  };
  done[shard.shard] = skip;
  for await (const keys of keysOf(backup, shard)) {
    for (const key of keys) {
      seen++;
      if (seen <= skip) continue;
      batch.push(key);
      bytes += key.payload.length;
      if (bytes >= BATCH_BYTES || batch.length >= BATCH_KEYS) await flush();
    }
  }
  if (batch.length > 0) await flush();
}

async function sendBatch(
  from: string,
  batch: readonly RdbKey[],
  { targets, routes, count }: Work,
  signal: AbortSignal,
): Promise<void> {
  const requests = new Map<string, Request[]>();
  const databases = new Map<string, number>();
  const now = Date.now();
  for (const each of batch) {
    if (each.expiresAt !== undefined && each.expiresAt <= now) {
      count.expired++;
      continue;
    }
    const places = routes(from, each.database, each.key);
    if (places.length === 0) count.leftOut++;
    for (const { shard, database } of places) {
      const list = requests.get(shard) ?? [];
      if (databases.get(shard) !== database) list.push(['SELECT', database]);
      databases.set(shard, database);
      list.push(restoring(each));
      requests.set(shard, list);
      count.shards.set(shard, (count.shards.get(shard) ?? 0) + 1);
    }
  }
  await Promise.all(
    [...requests].map(([shard, list]) => {
      const target = targets.get(shard);
      if (target === undefined) throw new Error(`no shard ${shard} in the plan`);
      return target.send(list, signal);
    }),
  );
}

/** REPLACE, so that a batch can be sent again. */
function restoring({ key, payload, expiresAt, idleSeconds, frequency }: RdbKey): Request {
  const used =
    idleSeconds !== undefined
      ? ['IDLETIME', idleSeconds]
      : frequency !== undefined
        ? ['FREQ', frequency]
        : [];
  return ['RESTORE', key, expiresAt ?? 0, payload, 'REPLACE', 'ABSTTL', ...used];
}
