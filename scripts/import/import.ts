import type { AnyPlan } from '../../topology/types.ts';
import { Target } from '../backup/restore/target.ts';
import { routingOf } from '../data/key-moves.ts';
import { InputError } from '../errors.ts';
import { renderNutcrackerYml } from '../render/nutcracker-yml.ts';
import { carry, interrupted } from './carry.ts';
import { checkSource, parseKeyspace } from './check-source.ts';
import { FollowedSource } from './follow-source.ts';
import type { Imported, ImportOptions } from './options.ts';
import { importMark, importRecord } from './progress-file.ts';
import { SourceClient } from './source-client.ts';
import type { ImportSource } from './sources.ts';

/** A source may be started anew meanwhile, or a network be away. */
const AWAY_MS = 30_000;
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
    throw interrupted(options.plan);
  } finally {
    for (const source of followed) await source.close();
    for (const client of clients) client.close();
    for (const target of targets.values()) await target.close();
  }
}

const ownTargets = (plan: AnyPlan, login: { username: string; password: string }): Targets =>
  new Map(plan.shards.map((shard) => [shard.name, new Target(shard, login)]));

async function checkAll(
  { plan, sources, reporter, signal }: ImportOptions,
  clients: readonly SourceClient[],
  targets: Targets,
): Promise<void> {
  await reporter.step('look at the sources', async (step) => {
    for (const client of clients) await client.connect();
    const versions = new Map<string, string>();
    for (const [shard, target] of targets)
      versions.set(shard, (await target.info('server', signal)).get('redis_version') ?? '0');
    for (const [i, client] of clients.entries()) await checkSource(client, sources[i], plan, versions);
    step.outcome(clients.map(({ at }) => at.name).join(', '));
  });
}

/** Sees to it that the pool is empty, or has what an interrupted import left. @returns whether that is so */
async function claimPool(options: ImportOptions, targets: Targets): Promise<boolean> {
  const { home, plan, sources, merge, from, signal, reporter } = options;
  const mark = importMark(sources, routingOf(renderNutcrackerYml(plan)));
  const record = importRecord.read(home, plan.name);
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
  if (!merge) importRecord.write(home, plan.name, { mark, from });
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
