import type Docker from 'dockerode';
import type { AnyPlan, Credentials } from '../../topology/types.ts';
import { listContainers } from '../observe/engine.ts';
import { renderNutcrackerYml } from '../render/nutcracker-yml.ts';
import type { Step } from '../report/steps.ts';
import type { Home } from '../stack/home.ts';
import { readInstance } from '../stack/instance.ts';
import { type Contents, contentsOf } from './contents.ts';
import { keyMoves, type PoolMoves } from './key-moves.ts';
import { droppedDatabases, isOfShard, type OutOfReach, outOfReach } from './out-of-reach.ts';
import { type FormerRouting, formerRouting } from './routing-record.ts';
import { dataVolumes, memberOf, surplusVolumes } from './volumes.ts';

/** What a stack file would do to data that is there. */
export interface DataEdit {
  /** Data volumes of the stack that its file has no place for. */
  readonly surplus: readonly Contents[];
  /** Pools whose keys would be looked for on another shard. */
  readonly moves: readonly PoolMoves[];
  /** Keys in databases that their pool would not serve any more. */
  readonly outOfReach: readonly OutOfReach[];
  /** Who says where the keys lived until now; undefined when nobody knows, or there is no data. */
  readonly former: FormerRouting | undefined;
  /** What an operator should know and nobody needs to agree to. */
  readonly notes: readonly string[];
}

export interface DataEditOptions {
  readonly home: Home;
  readonly plan: AnyPlan;
  /** undefined: volumes are named, nobody looks into them. */
  readonly credentials: Credentials | undefined;
  readonly engine: Docker;
  readonly step: Pick<Step, 'progress'>;
}

/** Holds a stack file against the data that is there, changing nothing. */
export async function findDataEdit(options: DataEditOptions): Promise<DataEdit> {
  const { home, plan, credentials, engine, step } = options;
  const existing = await dataVolumes(engine);
  const own = [...existing].filter(([, stack]) => stack === plan.name).map(([name]) => name);
  const notes = otherStacks(home, plan, existing);
  if (own.length === 0) return { surplus: [], moves: [], outOfReach: [], former: undefined, notes };
  const containers = await listContainers(engine, plan.name);
  const instance = readInstance(home, plan.name);
  const names = surplusVolumes(plan, existing);
  if (names.length > 0) step.progress(`looking into ${names.length} data volumes`);
  const surplus =
    credentials === undefined
      ? names.map((volume) => ({ volume }))
      : await contentsOf(names, { engine, stack: plan.name, instance, credentials, containers });
  const former = await formerRouting(home, plan.name, engine);
  if (former === undefined) {
    const unknown = `how the keys of ${plan.name} were spread until now is not known here (no proxy of it stands, no record is left): whether stack.yaml looks for them elsewhere cannot be told`;
    return { surplus, moves: [], outOfReach: [], former, notes: [...notes, unknown] };
  }
  const next = renderNutcrackerYml(plan);
  const dropped = droppedDatabases(former.text, next);
  const stores = own.filter((volume) =>
    dropped.some(({ shards }) => shards.some((shard) => isOfShard(plan.name, shard, volume))),
  );
  if (stores.length > 0) step.progress(`counting keys by database in ${stores.length} data volumes`);
  const found = await contentsOf(stores, { engine, stack: plan.name, instance, credentials, containers });
  const unreached = outOfReach(plan.name, dropped, found);
  const moves = keyMoves(former.text, next);
  if (moves.length === 0 || !(await isEmpty(own, options, containers)))
    return { surplus, moves, outOfReach: unreached, former, notes };
  const empty = 'keys get other homes, but none is stored yet';
  return { surplus, moves: [], outOfReach: [], former, notes: [...notes, empty] };
}

/** Whether it is certain that no key is stored: every member of the stack that holds data runs and says so. */
async function isEmpty(
  volumes: readonly string[],
  { home, plan, credentials, engine }: DataEditOptions,
  containers: Awaited<ReturnType<typeof listContainers>>,
): Promise<boolean> {
  const holders = volumes.map((volume) => containers.get(memberOf(volume)));
  if (credentials === undefined || holders.some((holder) => holder?.status !== 'running')) return false;
  const stores = holders.flatMap((holder) => (holder?.role === 'redis' ? [`${holder.name}-data`] : []));
  const instance = readInstance(home, plan.name);
  const found = await contentsOf(stores, { engine, stack: plan.name, instance, credentials, containers });
  return found.every(({ keys }) => keys === 0);
}

/** Data of stacks that were deployed from here under another name: it is not this stack's, and nobody looks after it. */
function otherStacks(home: Home, plan: AnyPlan, existing: ReadonlyMap<string, string>): string[] {
  const counts = new Map<string, number>();
  for (const stack of existing.values()) counts.set(stack, (counts.get(stack) ?? 0) + 1);
  return [...counts]
    .filter(([stack]) => stack !== plan.name && home.knows(stack))
    .map(
      ([stack, count]) =>
        `stack "${stack}", deployed from here before, has ${count} data volumes on this engine: they stay as they are, and ` +
        `"${plan.name}" does not use them`,
    );
}
